"""The relay's queries: which outboxes are full, how they are trimmed, the lease, and what wakes it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from shared.store.client import ASCENDING, IndexModel, ReturnDocument, UpdateOne
from shared.store.documents import readable
from shared.store.outbox import Outbox, outbox_of

AGGREGATES = (
    "incidents", "services", "users", "teams", "policies", "organization", "tokens", "action_items", "integrations",
)  # fmt: skip
LEASE = timedelta(seconds=4)
RELAYS = "lease"
"""The name of the relay's own lease."""

FULL = {"outbox_rank": {"$type": "number"}}
SHOWN = {"outbox": 1, "outbox_rank": 1, "rev": 1}
UPDATED = "updateDescription.updatedFields"

INDEXES = {
    collection: [
        IndexModel(  # full_outboxes()
            [("outbox_rank", ASCENDING), ("_id", ASCENDING)],
            name="outbox_rank",
            partialFilterExpression=FULL,
        )
    ]
    for collection in AGGREGATES
}


@dataclass(frozen=True, slots=True)
class Written:
    """A document was written at `rev`. `outbox` is known when it was inserted, otherwise it must be read."""

    collection: str
    key: str
    rev: int
    outbox: Outbox | None


class RelayStore:
    """What the relay asks of the database."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def full_outboxes(self, limit: int) -> list[Outbox]:
        """Up to `limit` outboxes with entries to log; the highest priority first."""
        found: list[Outbox] = []
        for collection in AGGREGATES:
            cursor = self._database[collection].find(FULL, SHOWN).sort("outbox_rank", 1).limit(limit)
            found += readable(await cursor.to_list(limit), partial(outbox_of, collection))
        found.sort(key=lambda outbox: outbox.rank)
        return found[:limit]

    async def trim(self, outboxes: Sequence[Outbox]) -> None:
        """Take out of the outboxes what was logged, and touch nothing else."""
        by_collection: dict[str, list[UpdateOne]] = {}
        for outbox in outboxes:
            update = UpdateOne({"_id": outbox.key}, _without_logged(outbox.rev))
            by_collection.setdefault(outbox.collection, []).append(update)
        for collection, updates in by_collection.items():
            await self._database[collection].bulk_write(updates, ordered=False)

    async def hold_lease(self, owner: str, name: str = RELAYS) -> bool:
        """Take or renew the lease of that name, by the server's clock. False while another holds it."""
        free = {
            "$or": [
                {"$lt": ["$until", "$$NOW"]},
                {"$eq": ["$owner", owner]},
                {"$eq": [{"$type": "$until"}, "missing"]},
            ]
        }
        until = {"$add": ["$$NOW", int(LEASE.total_seconds() * 1000)]}
        taken = {
            "owner": {"$cond": [free, owner, "$owner"]},
            "until": {"$cond": [free, until, "$until"]},
        }
        held = await self._database.relay.find_one_and_update(
            {"_id": name}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
        )
        return bool(held["owner"] == owner)

    async def release_lease(self, owner: str, name: str = RELAYS) -> None:
        """Give the lease up, so that the next owner need not wait."""
        await self._database.relay.delete_one({"_id": name, "owner": owner})

    async def outbox(self, collection: str, key: str) -> Outbox | None:
        """One document's outbox, if it has one."""
        document = await self._database[collection].find_one({"_id": key, **FULL}, SHOWN)
        found = readable([document] if document else [], partial(outbox_of, collection))
        return found[0] if found else None

    async def written(self) -> AsyncIterator[Written]:
        """Writes of any process, as they happen. A hint only: it may end at any time, with an error."""
        pipeline = [
            {
                "$match": {
                    "ns.coll": {"$in": list(AGGREGATES)},
                    "$or": [{"operationType": "insert"}, {f"{UPDATED}.rev": {"$exists": True}}],
                }
            },
            {"$project": {"ns": 1, "documentKey": 1, f"{UPDATED}.rev": 1} | {f"fullDocument.{n}": 1 for n in SHOWN}},
        ]
        async with self._database.watch(pipeline, max_await_time_ms=1000) as stream:
            async for change in stream:
                for written in readable([change], _written):
                    yield written


def _without_logged(rev: int) -> list[dict[str, Any]]:
    """A pipeline, so that what another write appends meanwhile stays."""
    kept = {"$filter": {"input": {"$ifNull": ["$outbox", []]}, "cond": {"$gt": ["$$this.rev", rev]}}}
    rank = {"$cond": [{"$eq": [{"$size": "$outbox"}, 0]}, "$$REMOVE", "$outbox_rank"]}
    return [{"$set": {"outbox": kept}}, {"$set": {"outbox_rank": rank}}]


def _written(change: Mapping[str, Any]) -> Written:
    collection, key = change["ns"]["coll"], change["documentKey"]["_id"]
    inserted = change.get("fullDocument")
    if inserted:
        return Written(collection, key, inserted["rev"], outbox_of(collection, {**inserted, "_id": key}))
    return Written(collection, key, change["updateDescription"]["updatedFields"]["rev"], None)
