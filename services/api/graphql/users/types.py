"""The user as clients see it. Secrets of contact methods are never shown again."""

from datetime import datetime

import strawberry

from services.api.graphql.context import ID
from services.api.graphql.ids import global_id
from services.api.graphql.node import Node, PageInfo
from services.api.graphql.scalars import Cursor
from shared.domain import catalog


@strawberry.type
class ContactMethod:
    """One way to reach a user. `channel` is one of the `channels` query."""

    id: ID
    channel: str
    address: str
    label: str | None
    enabled: bool

    @classmethod
    def of(cls, value: catalog.ContactMethod) -> "ContactMethod":
        """From the domain's contact method."""
        return cls(
            id=ID(global_id("ContactMethod", value.id)),
            channel=value.channel,
            address=value.address,
            label=value.label,
            enabled=value.enabled,
        )


@strawberry.type
class User(Node):
    """A person."""

    name: str
    email: str
    created_at: datetime
    time_zone: str
    hears_majors: bool
    contact_methods: list[ContactMethod]

    @classmethod
    def of(cls, value: catalog.User) -> "User":
        """From the domain's user."""
        return cls(
            id=ID(global_id("User", value.id)),
            name=value.name,
            email=value.email,
            created_at=value.created_at,
            time_zone=value.time_zone,
            hears_majors=value.hears_majors,
            contact_methods=[ContactMethod.of(method) for method in value.contact_methods],
        )


@strawberry.type
class UserEdge:
    """A user with its cursor."""

    cursor: Cursor
    node: User


@strawberry.type
class UserConnection:
    """A page of users, oldest first."""

    edges: list[UserEdge]
    nodes: list[User]
    page_info: PageInfo
