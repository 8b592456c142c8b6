"""`escalationPolicies`."""

from typing import Any

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.pages import Window, read_page
from services.api.graphql.policies.types import (
    ClosurePolicy,
    EscalationPolicy,
    EscalationPolicyConnection,
    EscalationPolicyEdge,
)
from shared.store import catalog


@strawberry.field
async def escalation_policies(
    info: Info,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> EscalationPolicyConnection:
    """A page of escalation policies, oldest first."""

    async def fetch(place: tuple[Any, ...] | None, limit: int, backwards: bool) -> list[Any]:
        at = place[0] if place else None
        return await catalog.page(info.context.api.store.policies, at, limit, backwards=backwards)

    page = await read_page(Window(first, after, last, before), lambda value: (value.id,), (str,), fetch)
    nodes = [EscalationPolicy.of(value) for value in page.values]
    edges = [EscalationPolicyEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)]
    return EscalationPolicyConnection(edges=edges, nodes=nodes, page_info=page.info)


@strawberry.field
async def closure_policy(info: Info) -> ClosurePolicy:
    """What a resolved incident must go through before it is closed."""
    return ClosurePolicy.of((await info.context.api.store.organization.settings()).closure)
