"""`users`."""

from typing import Any

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.pages import Window, read_page
from services.api.graphql.scalars import Cursor
from services.api.graphql.users.types import User, UserConnection, UserEdge
from shared.store import catalog


@strawberry.field
async def users(
    info: Info,
    first: int | None = None,
    after: Cursor | None = None,
    last: int | None = None,
    before: Cursor | None = None,
) -> UserConnection:
    """A page of users, oldest first."""

    async def fetch(place: tuple[Any, ...] | None, limit: int, backwards: bool) -> list[Any]:
        at = place[0] if place else None
        return await catalog.page(info.context.api.store.users, at, limit, backwards=backwards)

    window = Window(first, after, last, before)
    page = await read_page("users", window, lambda value: (value.id,), (str,), fetch)
    nodes = [User.of(value) for value in page.values]
    edges = [UserEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)]
    return UserConnection(edges=edges, nodes=nodes, page_info=page.info)
