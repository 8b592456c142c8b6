"""Values to documents and back, nothing else.

A field that is None, empty or an empty mapping is absent from the document: partial indexes tell "has pages"
from "has none" by that, and a unique index over an array would see two empty arrays as equal.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_EMPTY: tuple[Any, ...] = (None, (), [], {})


def to_document(value: Any) -> dict[str, Any]:
    """The document of a domain value: its `id` becomes `_id`."""
    fields = msgspec.to_builtins(value, builtin_types=(datetime, bytes))
    document = {name: field for name, field in fields.items() if field not in _EMPTY}
    document["_id"] = document.pop("id")
    return document


def from_document(document: Mapping[str, Any], kind: type[T]) -> T:
    """The domain value of a document; what it does not know (a newer version's fields) is passed over."""
    return msgspec.convert({**document, "id": document["_id"]}, kind)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The `$set` and `$unset` that lead from one document of a value to another."""
    changed = {name: field for name, field in after.items() if name not in before or before[name] != field}
    gone = {name: "" for name in before if name not in after}
    return {**({"$set": changed} if changed else {}), **({"$unset": gone} if gone else {})}
