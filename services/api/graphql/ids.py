"""Global ids and cursors: opaque to clients, checked on their way in."""

import base64
import binascii
from typing import Any

import msgspec

from shared.domain.errors import InvalidInput, Issue
from shared.wire import global_id

__all__ = (
    "entry_cursor",
    "global_id",
    "list_cursor",
    "parse_any_id",
    "parse_cursor",
    "parse_entry_cursor",
    "parse_id",
)

LOG = "log"
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999, since 1970."""


def parse_any_id(text: str, path: tuple[str, ...]) -> tuple[str, str]:
    """The type and key of a global id. Raises InvalidInput."""
    try:
        kind, separator, key = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        separator = kind = key = ""
    if not separator or not kind or not key or len(text) > 300:
        raise InvalidInput(Issue(path, "MALFORMED_ID", f"{text[:60]!r} is not an id of this API."))
    return kind, key


def parse_id(kind: str, text: str, path: tuple[str, ...] = ("input", "id")) -> str:
    """The key in a global id that must be of `kind`. Raises InvalidInput."""
    found, key = parse_any_id(text, path)
    if found != kind:
        raise InvalidInput(Issue(path, "WRONG_TYPE", f"This is the id of a {found}; one of a {kind} is needed."))
    return key


def list_cursor(name: str, place: tuple[Any, ...]) -> str:
    """The cursor of a place in the sorted list of that name: a cursor of one list is none of another."""
    return base64.urlsafe_b64encode(msgspec.json.encode((name, *place))).decode().rstrip("=")


def parse_cursor(name: str, text: str, kinds: tuple[type, ...], path: tuple[str, ...]) -> tuple[Any, ...]:
    """The place in the list `name` that a cursor names; its parts must be of `kinds`. Raises InvalidInput."""
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, ValueError):
        place = None
    fits = isinstance(place, list) and len(place) == len(kinds) + 1 and place[0] == name
    if not fits or not all(_is_part(part, kind) for part, kind in zip(place[1:], kinds, strict=True)):
        raise InvalidInput(Issue(path, "MALFORMED_CURSOR", f"{text[:60]!r} is not a cursor of this list."))
    return tuple(place[1:])


def _is_part(part: Any, kind: type) -> bool:
    """Whether it is of that kind; a number must be one that a time or a position can have."""
    if kind is int:
        return type(part) is int and 0 <= part <= LATEST
    return type(part) is kind


def entry_cursor(position: int) -> str:
    """The cursor of a place in the log."""
    return list_cursor(LOG, (position,))


def parse_entry_cursor(text: str, path: tuple[str, ...] = ("after",)) -> int:
    """The position that a cursor of the log names. Raises InvalidInput."""
    return int(parse_cursor(LOG, text, (int,), path)[0])
