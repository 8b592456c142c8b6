"""The team as clients see it."""

from datetime import datetime

import strawberry

from services.api.graphql.context import ID
from services.api.graphql.ids import global_id
from services.api.graphql.node import Node, PageInfo
from services.api.graphql.scalars import Cursor
from shared.domain import catalog


@strawberry.type
class Team(Node):
    """People who own services together."""

    name: str
    created_at: datetime

    @classmethod
    def of(cls, value: catalog.Team) -> "Team":
        """From the domain's team."""
        return cls(id=ID(global_id("Team", value.id)), name=value.name, created_at=value.created_at)


@strawberry.type
class TeamEdge:
    """A team with its cursor."""

    cursor: Cursor
    node: Team


@strawberry.type
class TeamConnection:
    """A page of teams, oldest first."""

    edges: list[TeamEdge]
    nodes: list[Team]
    page_info: PageInfo
