"""Incidents: logging one, and finding them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import uuid_utils.compat as uuid

from shared.domain.alerts import Received, Rules, Unheard, fires_anew, log, take_in
from shared.domain.commands import Command, Decision
from shared.domain.entry import Entry
from shared.domain.errors import Unavailable
from shared.domain.incident import Incident, Prioritization
from shared.domain.reports import Report, refuse_bad_report, repeat, report
from shared.store.client import ASCENDING, DESCENDING, IndexModel, PyMongoError, ReturnDocument, unavailable
from shared.store.clock import Clock
from shared.store.documents import from_document, readable
from shared.store.filters import BY_PRIORITY, LAST_CHANGED, NEWEST, Filter, Order, facets_of
from shared.store.outbox import entry_of
from shared.store.update import Aggregates, AlreadyHeld, Kind, Loaded, Result

COLLECTION = "incidents"
UNDONE_AT_ONCE = 200
LISTED = {"words": 0, "facets": 0, "outbox": 0, "applied": 0, "origin": 0}
"""What lists do without."""

INDEXES = {
    COLLECTION: [
        IndexModel([("number", DESCENDING)], name="number", unique=True),  # by_number()
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
        *(  # page(), count(), matching(): one for each order
            IndexModel([("facets", ASCENDING), *order.keys], name=order.index(Filter()))
            for order in (BY_PRIORITY, NEWEST, LAST_CHANGED)
        ),
        IndexModel([("words", ASCENDING), *NEWEST.keys], name="words_newest"),  # page() of a search for text
        IndexModel(  # last_holder()
            [("keys", ASCENDING), ("number", DESCENDING)],
            name="keys",
            partialFilterExpression={"keys": {"$exists": True}},
        ),
        IndexModel(  # recurrences()
            [("recurrence_of", ASCENDING), ("number", DESCENDING)],
            name="recurrence_of",
            partialFilterExpression={"recurrence_of": {"$exists": True}},
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
    derived=lambda incident: {"due_at": incident.due_at, "facets": facets_of(incident)},
    without=lambda incident, lost: replace(
        incident, open_keys=tuple(key for key in incident.open_keys if key not in lost)
    ),
)


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
        refuse_bad_report(said, self._clock.now())
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
        earlier = await self.last_holder(said.key) if said.key else None
        past = earlier.merged.into if earlier and earlier.merged else earlier.id if earlier else None

        def decide(now: datetime) -> Decision[Incident]:
            return report(incident_id, number, said, command, now, past)

        return await self.create(decide, command)

    async def _repeat(
        self, key: str, incident_id: str, command: Command, reopen_within: timedelta
    ) -> Result[Incident] | None:
        """What the key's holder made of a repeat; None when there is none, or it is this very report, or let go."""
        holder = await self.holder(key)
        if holder is None or holder.value.id == incident_id:
            return None
        repeated = await self.update(holder.value.id, repeat(key, reopen_within), command, known=holder)
        return repeated if key in repeated.value.open_keys else None

    async def take_in(
        self, key: str, received: Sequence[Received], rules: Rules, unheard: Unheard, command: Command
    ) -> Incident | None:
        """Let events under one open key reach the incident that holds it, else a new one; None when there is no
        trigger among them that could begin one. The same command again is answered from what it did.
        """
        for _ in range(10):
            if holder := await self.holder(key):
                decide = take_in(key, received, rules, unheard)
                taken = await self.update(holder.value.id, decide, command, known=holder)
                if key in taken.value.open_keys:
                    return taken.value
                continue  # it let go of the key, or lost it
            if (logged := await self.find(command.id)) and key in logged.value.keys:
                return logged.value
            last = await self.last_holder(key)
            if not any(fires_anew(last, one, rules.integration) if last else one.is_trigger for one in received):
                unheard.ids.update(one.id for one in received if not one.is_trigger)
                return None
            try:
                return await self._log_events(key, received, rules, unheard, last, command)
            except AlreadyHeld:
                continue
        raise Unavailable("The dedup key changes hands too fast. Nothing is lost; try again.")

    async def _log_events(
        self,
        key: str,
        received: Sequence[Received],
        rules: Rules,
        unheard: Unheard,
        last: Incident | None,
        command: Command,
    ) -> Incident:
        number = await self._next_number()
        past = last.merged.into if last and last.merged else last.id if last else None

        def decide(now: datetime) -> Decision[Incident]:
            return log(command.id, number, key, received, rules, unheard, past, command, now)

        return (await self.create(decide, command)).value

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

    async def last_holder(self, key: str) -> Incident | None:
        """The newest incident that ever held this key."""
        found = await self._ask(self.collection.find({"keys": key}).sort("number", -1).limit(1).to_list(1))
        return self.loaded(found[0]).value if found else None

    async def recurrences(self, incident_id: str, limit: int) -> list[Incident]:
        """The incidents that came after this one under the same key, the newest first."""
        cursor = self.collection.find({"recurrence_of": incident_id}, LISTED).sort("number", -1).limit(limit)
        return self._values(await self._ask(cursor.to_list(limit)))

    async def page(
        self, where: Filter, order: Order, after: tuple[int, ...] | None, limit: int, *, backwards: bool = False
    ) -> list[Incident]:
        """Up to `limit` incidents that follow the place `after` (that precede it, nearest first, when `backwards`).

        Their words are left out.
        """
        query = order.query(where, after, backwards=backwards)
        if query is None:
            return []
        cursor = self.collection.find(query, LISTED).sort(order.sort(backwards=backwards)).limit(limit)
        return self._values(await self._ask(cursor.hint(order.index(where)).to_list(limit)))

    async def matching(self, where: Filter, limit: int) -> list[str]:
        """The ids of up to `limit` incidents that match, the newest first."""
        query = NEWEST.query(where, None)
        if query is None:
            return []
        cursor = self.collection.find(query, {"_id": 1}).sort(NEWEST.sort()).limit(limit)
        found = await self._ask(cursor.hint(NEWEST.index(where)).to_list(limit))
        return [document["_id"] for document in found]

    async def count(self, where: Filter, cap: int) -> int:
        """How many match, counted up to `cap`."""
        query = NEWEST.query(where, None)
        if query is None:
            return 0
        return int(await self._ask(self.collection.count_documents(query, limit=cap, hint=NEWEST.index(where))))

    def _values(self, documents: list[dict[str, Any]]) -> list[Incident]:
        return readable(documents, lambda document: from_document(document, Incident))

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
            later = [{"rank": {"$gt": after.rank}}, {"rank": after.rank, then: {"$gt": after.place}}]
            wanted = {"$and": [wanted, {"$or": later}]}
        shown = {"rank": 1, "timers": 1, then: 1}
        cursor = self.collection.find(wanted, shown).sort([("rank", 1), (then, 1)]).limit(UNDONE_AT_ONCE)
        documents = await self._ask(cursor.to_list(UNDONE_AT_ONCE))
        return [Undone(doc["_id"], doc["rank"], doc[then], doc.get("timers", {})) for doc in documents]
