"""Keyset pages: a cursor names a place, not a number, so that a page neither repeats nor skips a row."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.api.graphql.ids import list_cursor, parse_cursor
from services.api.graphql.node import PageInfo
from services.api.graphql.scalars import Cursor
from shared.domain.errors import InvalidInput, Issue

T = TypeVar("T")

USUAL = 20
MOST = 100

Fetch = Callable[[tuple[Any, ...] | None, int, bool], Awaitable[list[T]]]
"""(place or None, limit, backwards) -> values beyond the place; backwards from the list's end."""


@dataclass(frozen=True, slots=True)
class Window:
    """Relay's four arguments."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some values of a list with the cursor of each."""

    values: Sequence[T]
    cursors: Sequence[Cursor]
    info: PageInfo


async def read_page(
    name: str, window: Window, place_of: Callable[[T], tuple[Any, ...]], kinds: tuple[type, ...], fetch: Fetch[T]
) -> Page[T]:
    """The page of the list `name` that `window` asks for. Raises InvalidInput for a bad cursor, one of another list
    too, and for both or too large counts.
    """
    limit, backwards = limit_of(window)
    text, argument = (window.before, "before") if backwards else (window.after, "after")
    place = parse_cursor(name, text, kinds, (argument,)) if text is not None else None
    found = await fetch(place, limit + 1, backwards)
    more, values = len(found) > limit, found[:limit]
    if backwards:
        values = values[::-1]
    cursors = [Cursor(list_cursor(name, place_of(value))) for value in values]
    info = PageInfo(
        has_next_page=place is not None if backwards else more,
        has_previous_page=more if backwards else place is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
    return Page(values, cursors, info)


def limit_of(window: Window, usual: int = USUAL) -> tuple[int, bool]:
    """How many are asked for, and whether from the list's end. Raises InvalidInput."""
    backwards = window.last is not None or (window.before is not None and window.first is None)
    both = window.last is not None and window.first is not None
    if both or (window.after is not None and window.before is not None):
        raise InvalidInput(Issue(("last",), "CONFLICTING", "Page forwards (first, after) or backwards (last, before)."))
    asked, name = (window.last, "last") if backwards else (window.first, "first")
    limit = usual if asked is None else asked
    if not 1 <= limit <= MOST:
        raise InvalidInput(Issue((name,), "OUT_OF_RANGE", f"{name} is 1 to {MOST}, not {limit}."))
    return limit, backwards
