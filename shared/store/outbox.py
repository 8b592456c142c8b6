"""The outbox: a document's entries that are written with its state and wait to be logged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.entry import UNRANKED, Entry
from shared.store.documents import from_document, to_document


@dataclass(frozen=True, slots=True)
class Outbox:
    """All entries that wait in one document at its revision `rev`; `rank` is the most urgent one's."""

    collection: str
    key: str
    rev: int
    rank: int
    entries: tuple[Entry, ...]


def outbox_of(collection: str, document: Mapping[str, Any]) -> Outbox:
    """The outbox of a document as it was read."""
    entries = tuple(entry_of({**row, "_id": None}) for row in document.get("outbox", ()))
    rank = int(document.get("outbox_rank", UNRANKED))
    return Outbox(collection, document["_id"], int(document["rev"]), rank, entries)


def row_of(entry: Entry) -> dict[str, Any]:
    """An entry as it stands in an outbox and, with its position for `_id`, in the log."""
    row = to_document(entry)
    row["id"] = row.pop("_id")
    return row


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The entry of a row of the log, or (with None for `_id`) of an outbox."""
    return from_document({**row, "_id": row["id"], "position": row["_id"]}, Entry)
