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


def list_cursor(place: tuple[Any, ...]) -> str:
    """The cursor of a place in a sorted list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def parse_cursor(text: str, kinds: tuple[type, ...], path: tuple[str, ...]) -> tuple[Any, ...]:
    """The place that a cursor names; its parts must be of `kinds`. Raises InvalidInput."""
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, ValueError):
        place = None
    fits = isinstance(place, list) and len(place) == len(kinds)
    if not fits or any(type(part) is not kind for part, kind in zip(place, kinds, strict=True)):
        raise InvalidInput(Issue(path, "MALFORMED_CURSOR", f"{text[:60]!r} is not a cursor of this list."))
    return tuple(place)


def entry_cursor(position: int) -> str:
    """The cursor of a place in the log."""
    return list_cursor(("log", position))


def parse_entry_cursor(text: str, path: tuple[str, ...] = ("after",)) -> int:
    """The position that a cursor of the log names. Raises InvalidInput."""
    word, position = parse_cursor(text, (str, int), path)
    if word != "log" or position < 0:
        raise InvalidInput(Issue(path, "MALFORMED_CURSOR", f"{text[:60]!r} is not a cursor of the log."))
    return int(position)
