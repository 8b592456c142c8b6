"""The service as clients see it."""

from datetime import datetime

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import global_id
from services.api.graphql.node import Node, PageInfo
from services.api.graphql.policies.types import EscalationPolicy
from services.api.graphql.scalars import Cursor
from services.api.graphql.teams.types import Team
from shared.domain import catalog


@strawberry.type
class Service(Node):
    """Something that can break. Tier 1 matters most, 3 least."""

    name: str
    tier: int
    description: str | None
    category: str | None
    created_at: datetime
    value: strawberry.Private[catalog.Service]

    @strawberry.field
    async def escalation_policy(self, info: Info) -> EscalationPolicy | None:
        """Who is called when it breaks; null means the organisation's fallback policy."""
        if self.value.policy_id is None:
            return None
        policy = await info.context.loaders.policies.load(self.value.policy_id)
        return EscalationPolicy.of(policy) if policy else None

    @strawberry.field
    async def team(self, info: Info) -> Team | None:
        """Who owns it."""
        found = await info.context.loaders.teams.load(self.value.team_id) if self.value.team_id else None
        return Team.of(found) if found else None

    @strawberry.field
    def depends_on(self) -> list[ID]:
        """The ids of the services that it needs."""
        return [ID(global_id("Service", key)) for key in self.value.depends_on]

    @classmethod
    def of(cls, value: catalog.Service) -> "Service":
        """From the domain's service."""
        return cls(
            id=ID(global_id("Service", value.id)),
            name=value.name,
            tier=value.tier,
            description=value.description,
            category=value.category,
            created_at=value.created_at,
            value=value,
        )


@strawberry.type
class ServiceEdge:
    """A service with its cursor."""

    cursor: Cursor
    node: Service


@strawberry.type
class ServiceConnection:
    """A page of services, oldest first."""

    edges: list[ServiceEdge]
    nodes: list[Service]
    page_info: PageInfo
