"""`escalationPolicies`."""

from typing import Any

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.pages import Window, read_page
from services.api.graphql.policies.types import (
    EscalationPolicy,
    EscalationPolicyConnection,
    EscalationPolicyEdge,
    Organization,
)
from services.api.graphql.scalars import Cursor
from shared.store import catalog


@strawberry.field
async def escalation_policies(
    info: Info,
    first: int | None = None,
    after: Cursor | None = None,
    last: int | None = None,
    before: Cursor | None = None,
) -> EscalationPolicyConnection:
    """A page of escalation policies, oldest first."""

    async def fetch(place: tuple[Any, ...] | None, limit: int, backwards: bool) -> list[Any]:
        at = place[0] if place else None
        return await catalog.page(info.context.api.store.policies, at, limit, backwards=backwards)

    window = Window(first, after, last, before)
    page = await read_page("escalation policies", window, lambda value: (value.id,), (str,), fetch)
    nodes = [EscalationPolicy.of(value) for value in page.values]
    edges = [EscalationPolicyEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)]
    return EscalationPolicyConnection(edges=edges, nodes=nodes, page_info=page.info)


@strawberry.field
async def organization(info: Info) -> Organization:
    """The settings that belong to nobody else."""
    return Organization(value=await info.context.api.store.organization.settings())
