"""The action item as clients see it."""

from datetime import datetime

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import global_id
from services.api.graphql.node import Node, PageInfo
from services.api.graphql.scalars import Cursor
from services.api.graphql.users.types import User
from shared.domain import action_items as domain
from shared.domain.incident import TaskState


@strawberry.type
class ActionItem(Node):
    """What is to be done so that an incident does not come again. It outlives the incident."""

    incident_id: ID
    title: str
    description: str | None
    state: TaskState
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    version: int
    key: strawberry.Private[str | None]

    @strawberry.field
    async def owner(self, info: Info) -> User | None:
        """Whose it is."""
        found = await info.context.loaders.users.load(self.key) if self.key else None
        return User.of(found) if found else None

    @classmethod
    def of(cls, value: domain.ActionItem) -> "ActionItem":
        """From the domain's action item."""
        return cls(
            id=ID(global_id("ActionItem", value.id)),
            incident_id=ID(global_id("Incident", value.incident_id)),
            title=value.title,
            description=value.description,
            state=value.state,
            created_at=value.created_at,
            updated_at=value.updated_at,
            due_at=value.due_at,
            ended_at=value.ended_at,
            version=value.version,
            key=value.owner_id,
        )


@strawberry.type
class ActionItemEdge:
    """An action item with its cursor."""

    cursor: Cursor
    node: ActionItem


@strawberry.type
class ActionItemConnection:
    """A page of action items, oldest first."""

    edges: list[ActionItemEdge]
    nodes: list[ActionItem]
    page_info: PageInfo
