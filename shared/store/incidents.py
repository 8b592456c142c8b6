"""Incidents: logging one, and finding them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import uuid_utils.compat as uuid

from shared.domain import incident as domain
from shared.domain.commands import Command, Decision
from shared.domain.entry import Entry
from shared.domain.errors import Unavailable
from shared.domain.incident import Incident, Prioritization, Report
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority
from shared.store.client import ASCENDING, DESCENDING, IndexModel, PyMongoError, ReturnDocument, unavailable
from shared.store.clock import Clock
from shared.store.documents import readable
from shared.store.outbox import entry_of
from shared.store.update import Aggregates, AlreadyHeld, Kind, Loaded, Result

COLLECTION = "incidents"
UNDONE_AT_ONCE = 200

INDEXES = {
    COLLECTION: [
        IndexModel([("number", DESCENDING)], name="number", unique=True),  # by_number(), page() newest
        IndexModel(  # holder(): each key has one holder
            [("open_keys", ASCENDING)],
            name="open_keys",
            unique=True,
            partialFilterExpression={"open_keys": {"$exists": True}},
        ),
        IndexModel(  # due()
            [("rank", ASCENDING), ("due_at", ASCENDING)],
            name="due",
            partialFilterExpression={"due_at": {"$type": "date"}},
        ),
        IndexModel(  # unprioritized()
            [("rank", ASCENDING), ("number", ASCENDING)],
            name="unprioritized",
            partialFilterExpression={"prioritization": Prioritization.PENDING},
        ),
        IndexModel(  # with_pages()
            [("rank", ASCENDING), ("number", ASCENDING)],
            name="with_pages",
            partialFilterExpression={"pages": {"$exists": True}},
        ),
        IndexModel([("rank", ASCENDING), ("number", ASCENDING)], name="priority"),  # page() by priority
        IndexModel(  # page() by priority, open or of some statuses
            [("status", ASCENDING), ("rank", ASCENDING), ("number", ASCENDING)], name="status_priority"
        ),
        IndexModel([("status", ASCENDING), ("number", DESCENDING)], name="status_number"),  # page() newest, of statuses
        IndexModel(  # page() of services
            [("service_ids", ASCENDING), ("rank", ASCENDING), ("number", ASCENDING)], name="service_priority"
        ),
    ]
}

KIND: Kind[Incident] = Kind(
    name="incident",
    label="incident",
    collection=COLLECTION,
    type=Incident,
    rank=lambda incident: incident.rank,
    standing=lambda incident: incident.standing,
    derived=lambda incident: {"due_at": incident.due_at},
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents; None means all. The fields are combined with "and", the values of one with "or"."""

    statuses: tuple[Status, ...] | None = None
    priorities: tuple[Priority, ...] | None = None
    service_ids: tuple[str, ...] | None = None

    def query(self) -> dict[str, Any]:
        """The filter for the database."""
        query: dict[str, Any] = {}
        if self.statuses is not None:
            query["status"] = {"$in": list(self.statuses)}
        if self.priorities is not None:
            query["priority"] = {"$in": list(self.priorities)}
        if self.service_ids is not None:
            query["service_ids"] = {"$in": list(self.service_ids)}
        return query


@dataclass(frozen=True, slots=True)
class Order:
    """Sort keys with their directions (1 or -1). The last key is unique, so that a place in a list is a
    place.
    """

    keys: tuple[tuple[str, int], ...]

    def reversed(self) -> "Order":
        """The same list from its other end."""
        return Order(tuple((key, -direction) for key, direction in self.keys))


BY_PRIORITY = Order((("rank", 1), ("number", 1)))
NEWEST = Order((("number", -1),))


@dataclass(frozen=True, slots=True)
class Undone:
    """An incident on which work waits: no more of it than that, since most that a sweep finds is under way already.

    place: its second sort key, with `rank` the place after which the next page begins.
    """

    incident_id: str
    rank: int
    place: Any
    timers: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report. `deduplicated`: an open incident with the same key took it in."""

    result: Result[Incident]
    deduplicated: bool


class Incidents(Aggregates[Incident]):
    """All incidents."""

    def __init__(self, database: Any, clock: Clock) -> None:
        super().__init__(database, clock, KIND)
        self._counters = database.counters

    async def report(self, said: Report, command: Command, reopen_within: timedelta) -> Reported:
        """Log a new incident, or count a repeat when its dedup key has an open holder.

        With an idempotency key the new incident's id is the command's, so the same report can only be logged
        once.
        """
        domain.refuse_bad_report(said)
        incident_id = command.id if command.key else uuid.uuid7().hex
        if command.key and (logged := await self.find(incident_id)):
            return Reported(self.recreated(logged, command), deduplicated=False)
        for _ in range(10):
            if said.key and (repeated := await self._repeat(said.key, incident_id, command, reopen_within)):
                return Reported(repeated, deduplicated=True)
            try:
                return Reported(await self._log(incident_id, said, command), deduplicated=False)
            except AlreadyHeld:
                continue  # another report was faster with the key, or a number came twice after a failover
        raise Unavailable("The dedup key changes hands too fast. Nothing is lost; try again.")

    async def _log(self, incident_id: str, said: Report, command: Command) -> Result[Incident]:
        number = await self._next_number()

        def decide(now: datetime) -> Decision[Incident]:
            return domain.report(incident_id, number, said, command, now)

        return await self.create(decide, command)

    async def _repeat(
        self, key: str, incident_id: str, command: Command, reopen_within: timedelta
    ) -> Result[Incident] | None:
        """What the key's holder made of a repeat; None when there is none, or it is this very report, or let go."""
        holder = await self.holder(key)
        if holder is None or holder.value.id == incident_id:
            return None
        repeated = await self.update(holder.value.id, domain.repeat(key, reopen_within), command, known=holder)
        return repeated if key in repeated.value.open_keys else None

    async def _next_number(self) -> int:
        try:
            row = await self._counters.find_one_and_update(
                {"_id": "incident"}, {"$inc": {"value": 1}}, upsert=True, return_document=ReturnDocument.AFTER
            )
        except PyMongoError as error:
            raise unavailable(error) from error
        return 1000 + int(row["value"])

    async def holder(self, key: str) -> Loaded[Incident] | None:
        """The one incident that holds this open key."""
        document = await self._ask(self.collection.find_one({"open_keys": key}))
        return self.loaded(document) if document else None

    async def by_number(self, number: int) -> Incident | None:
        """The incident that people call INC-<number>."""
        document = await self._ask(self.collection.find_one({"number": number}))
        return self.loaded(document).value if document else None

    async def page(self, where: Filter, order: Order, after: tuple[Any, ...] | None, limit: int) -> list[Incident]:
        """Up to `limit` incidents that follow the place `after` (the values of the order's keys)."""
        query = where.query()
        if after is not None:
            query = {"$and": [query, _beyond(order, after)]}
        cursor = self.collection.find(query).sort(list(order.keys)).limit(limit)
        documents = await self._ask(cursor.to_list(limit))
        return [loaded.value for loaded in readable(documents, self.loaded)]

    async def count(self, where: Filter, cap: int) -> int:
        """How many match, counted up to `cap`."""
        return int(await self._ask(self.collection.count_documents(where.query(), limit=cap)))

    async def pending_entries(self, incident_id: str) -> list[Entry]:
        """The entries that are written but not logged yet: with them a caller sees its own write."""
        document = await self._ask(self.collection.find_one({"_id": incident_id}, {"outbox": 1}))
        return [entry_of({**row, "_id": None}) for row in (document or {}).get("outbox", ())]

    async def due(self, now: datetime, ranks: Sequence[int], after: Undone | None) -> list[Undone]:
        """Incidents with a timer that has run out, the highest priority first."""
        query = {"due_at": {"$type": "date", "$lte": now}}
        return await self._by_rank(query, "due_at", ranks, after)

    async def unprioritized(self, ranks: Sequence[int], after: Undone | None) -> list[Undone]:
        """Triage's undone work."""
        return await self._by_rank({"prioritization": Prioritization.PENDING}, "number", ranks, after)

    async def with_pages(self, ranks: Sequence[int], after: Undone | None) -> list[Undone]:
        """The sender's undone work."""
        return await self._by_rank({"pages": {"$exists": True}}, "number", ranks, after)

    async def _by_rank(
        self, query: Mapping[str, Any], then: str, ranks: Sequence[int], after: Undone | None
    ) -> list[Undone]:
        """A page of what matches, of these ranks, the most urgent first; it is the last one when it is empty."""
        wanted: dict[str, Any] = {**query, "rank": {"$in": list(ranks)}}
        if after:
            order = Order((("rank", 1), (then, 1)))
            wanted = {"$and": [wanted, _beyond(order, (after.rank, after.place))]}
        shown = {"rank": 1, "timers": 1, then: 1}
        cursor = self.collection.find(wanted, shown).sort([("rank", 1), (then, 1)]).limit(UNDONE_AT_ONCE)
        documents = await self._ask(cursor.to_list(UNDONE_AT_ONCE))
        return [Undone(doc["_id"], doc["rank"], doc[then], doc.get("timers", {})) for doc in documents]


def _beyond(order: Order, place: tuple[Any, ...]) -> dict[str, Any]:
    """What comes after `place`: greater in the first key, or equal there and greater in the second, and so
    on.
    """
    options = []
    for index, (key, direction) in enumerate(order.keys):
        equal = {name: value for (name, _), value in zip(order.keys[:index], place, strict=False)}
        options.append({**equal, key: {"$gt" if direction == 1 else "$lt": place[index]}})
    return {"$or": options}


OPEN_ONLY = Filter(statuses=OPEN)
