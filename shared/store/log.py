"""The log: every fact that ever happened, in one order, contiguous from position 1. Append-only.

It is the timeline, the audit trail, and what subscriptions replay. Only the relay appends.
"""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.domain.commands import Actor, ActorKind
from shared.domain.entry import Entry
from shared.store.client import ASCENDING, BulkWriteError, IndexModel, PyMongoError, is_transient, unavailable
from shared.store.documents import Unreadable
from shared.store.outbox import entry_of, row_of
from shared.telemetry import logger

COLLECTION = "events"
DUPLICATE_KEY = 11000

INDEXES = {
    COLLECTION: [
        IndexModel([("id", ASCENDING)], name="id", unique=True),  # a fact is logged once, whoever relays it
        IndexModel([("subject", ASCENDING), ("_id", ASCENDING)], name="subject_position"),  # timeline(), histories()
    ]
}


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = logger("log")


class PositionTaken(Exception):
    """Another relay appended at this position: stop, and read the head again."""


class Log:
    """The log's rows."""

    def __init__(self, database: Any) -> None:
        self._rows = database[COLLECTION]

    async def head(self) -> int:
        """The last position that the majority has; 0 when the log is empty."""
        row = await self._ask(self._rows.find_one({}, {"_id": 1}, sort=[("_id", -1)]))
        return int(row["_id"]) if row else 0

    async def after(self, position: int, limit: int) -> list[Entry]:
        """The rows that follow `position`, in order."""
        cursor = self._rows.find({"_id": {"$gt": position}}).sort("_id", 1).limit(limit)
        return [_readable_entry(row) for row in await self._ask(cursor.to_list(limit))]

    async def append(self, head: int, entries: Sequence[Entry]) -> list[Entry]:
        """Append `entries` right after `head`, and return them with their positions.

        Entries that are in the log already keep their position there and are returned with it. Raises
        PositionTaken when another relay is at work; any other error of the driver means: unknown, read the
        head again.
        """
        missing = list(entries)
        present: list[Entry] = []
        while missing:
            rows = [{**row_of(entry), "_id": head + n} for n, entry in enumerate(missing, start=1)]
            try:
                await self._rows.insert_many(rows, ordered=True)
                return present + [_placed(entry, head + n) for n, entry in enumerate(missing, start=1)]
            except BulkWriteError as error:
                failed: dict[str, Any] = next(iter(error.details.get("writeErrors", ())), {})
                if failed.get("code") != DUPLICATE_KEY:
                    raise
                if "_id" in failed.get("keyPattern", {}):
                    raise PositionTaken from None
                present += [_placed(entry, head + n) for n, entry in enumerate(missing[: failed["index"]], start=1)]
                head += failed["index"]
                present.append(await self._logged(missing[failed["index"]]))
                missing = missing[failed["index"] + 1 :]
        return present

    async def _logged(self, entry: Entry) -> Entry:
        row = await self._rows.find_one({"id": entry.id})
        return entry_of(row)

    async def known(self, ids: set[str]) -> set[str]:
        """Which of these entries are in the log."""
        if not ids:
            return set()
        rows = await self._ask(self._rows.find({"id": {"$in": list(ids)}}, {"id": 1}).to_list(None))
        return {row["id"] for row in rows}

    async def timeline(self, subjects: Sequence[str], after: int, limit: int) -> list[Entry]:
        """The rows about these documents that follow position `after`, oldest first."""
        cursor = (
            self._rows.find({"subject": {"$in": list(subjects)}, "_id": {"$gt": after}}).sort("_id", 1).limit(limit)
        )
        return [_readable_entry(row) for row in await self._ask(cursor.to_list(limit))]

    async def histories(self, subjects: Sequence[str]) -> AsyncIterator[list[Entry]]:
        """The whole history of each of these documents, oldest row first; one document is held at a time."""
        cursor = self._rows.find({"subject": {"$in": list(subjects)}}).sort([("subject", 1), ("_id", 1)])
        history: list[Entry] = []
        try:
            async for row in cursor:
                entry = _readable_entry(row)
                if history and history[-1].subject != entry.subject:
                    yield history
                    history = []
                history.append(entry)
        except PyMongoError as error:
            raise unavailable(error) if is_transient(error) else error from error
        if history:
            yield history

    async def latest(self, subjects: Sequence[str], before: int | None, limit: int) -> list[Entry]:
        """The last rows about these documents, before position `before` if there is one, the newest first."""
        query: dict[str, Any] = {"subject": {"$in": list(subjects)}}
        if before is not None:
            query["_id"] = {"$lt": before}
        rows = await self._ask(self._rows.find(query).sort("_id", -1).limit(limit).to_list(limit))
        return [_readable_entry(row) for row in rows]

    @staticmethod
    async def _ask(question: Awaitable[Any]) -> Any:
        try:
            return await question
        except PyMongoError as error:
            raise unavailable(error) if is_transient(error) else error from error

    async def watermark(self) -> int:
        """Up to which position rows are known to have been published."""
        row = await self._rows.database.relay.find_one({"_id": "watermark"})
        return int(row["position"]) if row else 0

    async def mark(self, position: int) -> None:
        """Note that everything up to `position` was published. It only rises."""
        await self._rows.database.relay.update_one({"_id": "watermark"}, {"$max": {"position": position}}, upsert=True)


def _readable_entry(row: Mapping[str, Any]) -> Entry:
    """The entry, or one of the type "unreadable" in its place: positions must not be left out."""
    try:
        return entry_of(row)
    except Unreadable as error:
        log.error("a row of the log cannot be read", what=str(error))
        nobody = Actor(ActorKind.SYSTEM, "unknown")
        aggregate, subject = str(row.get("aggregate", "incident")), str(row.get("subject", ""))
        return Entry(
            str(row["id"]), aggregate, subject, 0, 0, "unreadable", EPOCH, nobody, "unknown", position=int(row["_id"])
        )


def _placed(entry: Entry, position: int) -> Entry:
    return replace(entry, position=position)
