"""`integrations` and `integration`."""

from typing import Any

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.integrations.types import Integration, IntegrationConnection, IntegrationEdge
from services.api.graphql.pages import Window, read_page
from services.api.graphql.scalars import Cursor
from shared.store import catalog


@strawberry.field
async def integration(info: Info, id: ID) -> Integration | None:
    """A source of events; null when there is none of this id."""
    found = await info.context.loaders.integrations.load(parse_id("Integration", id, ("id",)))
    return Integration.of(found) if found else None


@strawberry.field
async def integrations(
    info: Info,
    first: int | None = None,
    after: Cursor | None = None,
    last: int | None = None,
    before: Cursor | None = None,
) -> IntegrationConnection:
    """A page of sources of events, revoked ones included, oldest first."""

    async def fetch(place: tuple[Any, ...] | None, limit: int, backwards: bool) -> list[Any]:
        at = place[0] if place else None
        return await catalog.page(info.context.api.store.integrations, at, limit, backwards=backwards)

    window = Window(first, after, last, before)
    page = await read_page("integrations", window, lambda value: (value.id,), (str,), fetch)
    nodes = [Integration.of(value) for value in page.values]
    edges = [IntegrationEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)]
    return IntegrationConnection(edges=edges, nodes=nodes, page_info=page.info)
