"""Raw events: what sources sent, word for word, kept before it is read, and what became of it.

They are messages, not aggregates: nothing is decided about them, they only move on. A batch is taken under a name that
stays with it, so that a worker that comes after a crash repeats the same commands and counts nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import uuid_utils.compat as uuid

from shared.store.client import ASCENDING, BulkWriteError, IndexModel, InsertOne, PyMongoError, UpdateOne, unavailable

COLLECTION = "received"
KEPT_FOR = timedelta(days=30)
DUPLICATE = 11000
URGENT, NORMAL = 1, 2
LEAST_SHARE = 20
"""How many events of one source a batch has room for, however many sources wait."""


class State(StrEnum):
    """Where a raw event stands. WAITING: an acknowledgement or resolution whose trigger has not come yet."""

    PENDING = "PENDING"
    DONE = "DONE"
    WAITING = "WAITING"
    REFUSED = "REFUSED"


def _of(state: State) -> dict[str, str]:
    return {"state": state}


INDEXES = {
    COLLECTION: [
        IndexModel(  # _pending(), _sources()
            [("rank", ASCENDING), ("integration_id", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)],
            name="pending",
            partialFilterExpression=_of(State.PENDING),
        ),
        IndexModel(  # _begun()
            [("batch", ASCENDING)], name="batch", partialFilterExpression={"batch": {"$exists": True}}
        ),
        IndexModel([("key", ASCENDING)], name="waiting", partialFilterExpression=_of(State.WAITING)),  # waiting()
        IndexModel([("expires_at", ASCENDING)], name="kept_until", expireAfterSeconds=0),
    ]
}


@dataclass(frozen=True, slots=True)
class RawRow:
    """A raw event as it is kept. `integration_id` is empty when nobody knows whose it is."""

    id: str
    integration_id: str
    at: datetime
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Raw events that are dealt with together. The same name has the same rows, however often it is taken."""

    name: str
    rows: tuple[RawRow, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a raw event. `key`: the open key under which it waits."""

    id: str
    state: State
    incident_ids: tuple[str, ...] = ()
    key: str | None = None
    reason: str | None = None
    errors: tuple[str, ...] = ()


class ReceivedEvents:
    """All raw events."""

    def __init__(self, database: Any) -> None:
        self._rows = database[COLLECTION]

    async def keep(self, rows: Sequence[RawRow]) -> None:
        """Store them; those that are there already stay as they are. Raises Unavailable."""
        try:
            await self._rows.bulk_write([InsertOne(_document(row)) for row in rows], ordered=False)
        except BulkWriteError as error:
            if any(one["code"] != DUPLICATE for one in error.details.get("writeErrors", ())):
                raise unavailable(error) from error
        except PyMongoError as error:
            raise unavailable(error) from error

    async def is_any_pending(self) -> bool:
        """Whether there is work."""
        return await self._rows.find_one(_of(State.PENDING), {"_id": 1}, hint="pending") is not None

    async def take(self, limit: int) -> Batch | None:
        """The next batch: one that was begun and not finished; else what is urgent; else the rest, of each source its
        share. None when nothing is pending.
        """
        if begun := await self._begun():
            return begun
        for rank in (URGENT, NORMAL):
            if rows := await self._fair_share(rank, limit):
                name = uuid.uuid7().hex
                query = {"_id": {"$in": [row.id for row in rows]}, **_of(State.PENDING)}
                await self._rows.update_many(query, {"$set": {"batch": name}})
                return Batch(name, tuple(rows))
        return None

    async def _begun(self) -> Batch | None:
        first = await self._rows.find_one({"batch": {"$exists": True}}, {"batch": 1}, hint="batch")
        if first is None:
            return None
        documents = await self._rows.find({"batch": first["batch"]}).sort([("at", 1), ("_id", 1)]).to_list(None)
        return Batch(first["batch"], tuple(_row(document) for document in documents))

    async def _fair_share(self, rank: int, limit: int) -> list[RawRow]:
        sources = await self._sources(rank)
        share = max(limit // max(len(sources), 1), LEAST_SHARE)
        rows: list[RawRow] = []
        for source in sources:
            query = {"rank": rank, "integration_id": source, **_of(State.PENDING)}
            cursor = self._rows.find(query).sort([("at", 1), ("_id", 1)]).limit(share).hint("pending")
            rows += [_row(document) for document in await cursor.to_list(share)]
            if len(rows) >= limit:
                break
        return rows

    async def _sources(self, rank: int) -> list[str]:
        """The sources of which something waits, the one that waits longest first: a step of the index for each source,
        however many events wait.
        """
        found: list[tuple[datetime, str]] = []
        query: dict[str, Any] = {"rank": rank, **_of(State.PENDING)}
        order = [("integration_id", ASCENDING), ("at", ASCENDING)]
        while first := await self._rows.find_one(query, {"integration_id": 1, "at": 1}, sort=order, hint="pending"):
            found.append((first["at"], first["integration_id"]))
            query["integration_id"] = {"$gt": first["integration_id"]}
        return [name for _, name in sorted(found)]

    async def waiting(self, keys: Sequence[str]) -> dict[str, list[RawRow]]:
        """What waits under these open keys for a trigger."""
        found: dict[str, list[RawRow]] = {}
        async for document in self._rows.find({"key": {"$in": list(keys)}, **_of(State.WAITING)}):
            found.setdefault(document["key"], []).append(_row(document))
        return found

    async def settle(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Note what became of them; their retention time begins."""
        await self._rows.bulk_write([_settled(outcome, now + KEPT_FOR) for outcome in outcomes], ordered=False)

    async def find(self, key: str) -> tuple[RawRow, Outcome] | None:
        """One of them, and what became of it."""
        document = await self._rows.find_one({"_id": key})
        return (_row(document), _outcome(document)) if document else None


def _document(row: RawRow) -> dict[str, Any]:
    return {
        "_id": row.id,
        "integration_id": row.integration_id,
        "at": row.at,
        "body": row.body,
        "headers": [[name, value] for name, value in row.headers.items()],
        "rank": URGENT if row.is_urgent else NORMAL,
        **_of(State.PENDING),
    }


def _row(document: Mapping[str, Any]) -> RawRow:
    return RawRow(
        id=document["_id"],
        integration_id=document["integration_id"],
        at=document["at"],
        body=bytes(document["body"]),
        headers=dict(document["headers"]),
        is_urgent=document["rank"] == URGENT,
    )


def _outcome(document: Mapping[str, Any]) -> Outcome:
    return Outcome(
        document["_id"],
        State(document["state"]),
        tuple(document.get("incident_ids", ())),
        document.get("key"),
        document.get("reason"),
        tuple(document.get("errors", ())),
    )


def _settled(outcome: Outcome, expires_at: datetime) -> UpdateOne:
    said = {
        "state": outcome.state,
        "expires_at": expires_at,
        "incident_ids": list(outcome.incident_ids) or None,
        "key": outcome.key,
        "reason": outcome.reason,
        "errors": list(outcome.errors) or None,
    }
    change = {"$set": {name: value for name, value in said.items() if value is not None}, "$unset": {"batch": ""}}
    return UpdateOne({"_id": outcome.id}, change)
