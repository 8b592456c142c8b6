"""Relay's `Node`, and page information."""

import strawberry

from services.api.graphql.context import ID
from services.api.graphql.scalars import Cursor


@strawberry.interface
class Node:
    """Anything with a global id."""

    id: ID


@strawberry.type
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: Cursor | None = None
    end_cursor: Cursor | None = None


@strawberry.type
class Count:
    """A number of things; `capped` says that counting stopped there."""

    value: int
    capped: bool
