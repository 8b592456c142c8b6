"""Values to documents and back, nothing else.

A field that is None, empty or an empty mapping is absent from the document: partial indexes tell "has pages"
from "has none" by that, and a unique index over an array would see two empty arrays as equal.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from shared.telemetry import logger

log = logger("documents")

T = TypeVar("T")
R = TypeVar("R")
_EMPTY: tuple[Any, ...] = (None, (), [], {})


def to_document(value: Any) -> dict[str, Any]:
    """The document of a domain value: its `id` becomes `_id`."""
    fields = msgspec.to_builtins(value, builtin_types=(datetime, bytes))
    document = {name: field for name, field in fields.items() if field not in _EMPTY}
    document["_id"] = document.pop("id")
    return document


class Unreadable(Exception):
    """A document that this version cannot read (a newer one wrote it, or a hand); the text names it."""


def from_document(document: Mapping[str, Any], kind: type[T]) -> T:
    """The domain value of a document; fields that it does not know (a newer version's) are passed over.

    Raises Unreadable.
    """
    try:
        return msgspec.convert({**document, "id": document["_id"]}, kind)
    except msgspec.ValidationError as error:
        raise Unreadable(f"{kind.__name__} {document['_id']}: {error}") from None


def readable(documents: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], R]) -> list[R]:
    """What can be read of `documents`; the rest is logged and left out, so that it keeps nobody from its neighbours."""
    found = []
    for document in documents:
        try:
            found.append(read(document))
        except Unreadable as error:
            log.error("a document cannot be read", what=str(error))
    return found


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The `$set` and `$unset` that lead from one document of a value to another."""
    changed = {name: field for name, field in after.items() if name not in before or before[name] != field}
    gone = {name: "" for name in before if name not in after}
    return {**({"$set": changed} if changed else {}), **({"$unset": gone} if gone else {})}
