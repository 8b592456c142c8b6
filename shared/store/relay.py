"""The relay's queries: which outboxes are full, how they are trimmed, the lease, and what wakes it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.domain.entry import Entry
from shared.store.client import ASCENDING, IndexModel, ReturnDocument, UpdateOne
from shared.store.log import entry_of

AGGREGATES = ("incidents", "services", "users", "policies", "organization", "tokens")
LEASE = timedelta(seconds=4)

INDEXES = {
    collection: [
        IndexModel(  # full_outboxes()
            [("outbox_rank", ASCENDING), ("_id", ASCENDING)],
            name="outbox_rank",
            partialFilterExpression={"outbox_rank": {"$type": "number"}},
        )
    ]
    for collection in AGGREGATES
}


@dataclass(frozen=True, slots=True)
class Outbox:
    """One document's entries that wait to be logged; `revs` is the highest revision among them."""

    collection: str
    key: str
    entries: tuple[Entry, ...]
    revs: int


class RelayStore:
    """What the relay asks of the database."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def full_outboxes(self, limit: int) -> list[Outbox]:
        """Up to `limit` documents with entries to log; the highest priority first."""
        found: list[tuple[int, Outbox]] = []
        for collection in AGGREGATES:
            cursor = (
                self._database[collection]
                .find({"outbox_rank": {"$type": "number"}}, {"outbox": 1, "outbox_rank": 1})
                .sort("outbox_rank", 1)
                .limit(limit)
            )
            found += [(doc["outbox_rank"], _outbox(collection, doc)) for doc in await cursor.to_list(limit)]
        found.sort(key=lambda pair: pair[0])
        return [outbox for _, outbox in found[:limit]]

    async def trim(self, outboxes: Sequence[Outbox]) -> None:
        """Take out of the outboxes what was logged, and touch nothing else."""
        by_collection: dict[str, list[UpdateOne]] = {}
        for outbox in outboxes:
            by_collection.setdefault(outbox.collection, []).append(
                UpdateOne({"_id": outbox.key}, _trimmed(outbox.revs))
            )
        for collection, updates in by_collection.items():
            await self._database[collection].bulk_write(updates, ordered=False)

    async def hold_lease(self, owner: str) -> bool:
        """Take or renew the relay's lease, by the server's clock. False while another holds it."""
        free = {
            "$or": [
                {"$lt": ["$until", "$$NOW"]},
                {"$eq": ["$owner", owner]},
                {"$eq": [{"$type": "$until"}, "missing"]},
            ]
        }
        until = {"$add": ["$$NOW", int(LEASE.total_seconds() * 1000)]}
        pipeline = [
            {
                "$set": {
                    "owner": {"$cond": [free, owner, "$owner"]},
                    "until": {"$cond": [free, until, "$until"]},
                }
            }
        ]
        held = await self._database.relay.find_one_and_update(
            {"_id": "lease"}, pipeline, upsert=True, return_document=ReturnDocument.AFTER
        )
        return bool(held["owner"] == owner)

    async def release_lease(self, owner: str) -> None:
        """Give the lease up, so that the next relay need not wait."""
        await self._database.relay.delete_one({"_id": "lease", "owner": owner})

    async def wakes(self) -> AsyncIterator[None]:
        """Yield when some outbox may have been filled. A hint only: it may stop at any time, with the
        driver's error.
        """
        filled = {
            "$or": [
                {"operationType": "insert"},
                {"updateDescription.updatedFields.outbox_rank": {"$exists": True}},
            ]
        }
        pipeline = [{"$match": {"ns.coll": {"$in": list(AGGREGATES)}, **filled}}, {"$project": {"_id": 1}}]
        async with self._database.watch(pipeline, max_await_time_ms=1000) as stream:
            async for _ in stream:
                yield


def _trimmed(revs: int) -> list[dict[str, Any]]:
    kept = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "cond": {"$gt": ["$$this.rev", revs]}}}
    rank = {"$cond": [{"$eq": [{"$size": "$outbox"}, 0]}, "$$REMOVE", "$outbox_rank"]}
    return [{"$set": {"outbox": kept}}, {"$set": {"outbox_rank": rank}}]


def _outbox(collection: str, document: dict[str, Any]) -> Outbox:
    rows = tuple(
        entry_of({key: row[key] for key in row if key != "_id"}) for row in document.get("outbox", ())
    )
    return Outbox(collection, document["_id"], rows, max((row.rev for row in rows), default=0))
