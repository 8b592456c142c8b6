"""`actionItems`."""

from typing import Any

import strawberry

from services.api.graphql.action_items.types import ActionItem, ActionItemConnection, ActionItemEdge
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.pages import Window, read_page
from services.api.graphql.scalars import Cursor
from shared.domain.incident import TaskState


@strawberry.field
async def action_items(
    info: Info,
    owner_id: ID | None = None,
    state: list[TaskState] | None = None,
    first: int | None = None,
    after: Cursor | None = None,
    last: int | None = None,
    before: Cursor | None = None,
) -> ActionItemConnection:
    """A page of action items of all incidents, oldest first."""
    owner = parse_id("User", owner_id, ("ownerId",)) if owner_id is not None else None
    states = tuple(state) if state is not None else None

    async def fetch(place: tuple[Any, ...] | None, limit: int, backwards: bool) -> list[Any]:
        at = place[0] if place else None
        return await info.context.api.store.action_items.page(owner, states, at, limit, backwards=backwards)

    window = Window(first, after, last, before)
    page = await read_page("action items", window, lambda value: (value.id,), (str,), fetch)
    nodes = [ActionItem.of(value) for value in page.values]
    edges = [ActionItemEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)]
    return ActionItemConnection(edges=edges, nodes=nodes, page_info=page.info)
