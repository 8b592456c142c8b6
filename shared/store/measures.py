"""What incidents took, a row each: a projection of the log, for statistics over many of them.

Nothing is decided here and nobody is told, so it is written outside `update`, as the log is: whatever these rows say
can be derived from the log again, from position 0 if need be. Only the projector of the worker writes.
"""

import asyncio
from array import array
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.domain.measures import Grouping, Interruptions, Measured, Spread, spread
from shared.store.client import ASCENDING, IndexModel, PyMongoError, UpdateOne, is_transient, unavailable

COLLECTION = "measures"
WATERMARKS = "projections"
SLICE = timedelta(days=7)
AT_ONCE = 4
"""Slices that a process asks for at the same time: statistics must leave the database to the incidents."""

INDEXES = {
    COLLECTION: [  # figures(): one for each of _hint()
        IndexModel([("triggered_at", ASCENDING)], name="triggered"),
        IndexModel([("service_ids", ASCENDING), ("triggered_at", ASCENDING)], name="service_triggered"),
        IndexModel([("team_ids", ASCENDING), ("triggered_at", ASCENDING)], name="team_triggered"),
    ]
}

FIELD_OF: Mapping[Grouping, str] = {
    Grouping.SERVICE: "service_ids",
    Grouping.TEAM: "team_ids",
    Grouping.PRIORITY: "priority",
    Grouping.CATEGORY: "category",
    Grouping.WEEK: "week",
}
DURATIONS = ("detect", "acknowledge", "restore", "resolve")
SELF_RESOLVE = "self_resolve"
COUNTS = ("resolved", "reopened", "was_over", "self_resolved", "working", "waking", "sleeping")


@dataclass(frozen=True, slots=True)
class Where:
    """Which incidents: triggered from `begin` up to and without `end`, and of any of the values; None is any at all."""

    begin: datetime
    end: datetime
    service_ids: tuple[str, ...] | None = None
    team_ids: tuple[str, ...] | None = None
    priorities: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The statistics of one group; `key` is None for those of no group, and for all together.

    was_over: how many were over at some time; reopened: how many of them came back.
    Incidents that resolved themselves are counted, but have only the duration `self_resolve`.
    """

    key: str | None
    count: int
    resolved: int
    reopened: int
    was_over: int
    self_resolved: int
    interruptions: Interruptions
    detect: Spread
    acknowledge: Spread
    restore: Spread
    resolve: Spread
    self_resolve: Spread


@dataclass(frozen=True, slots=True)
class Noted:
    """An incident's measures as of a position of the log; None when the incident is left out of them."""

    incident_id: str
    position: int
    measured: Measured | None


class Measures:
    """The rows."""

    def __init__(self, database: Any) -> None:
        self._rows = database[COLLECTION]
        self._watermarks = database[WATERMARKS]
        self._places = asyncio.Semaphore(AT_ONCE)

    async def note(self, noted: Sequence[Noted]) -> None:
        """Keep these. What was made from more of the log than one of them stays."""
        if noted:
            await self._ask(self._rows.bulk_write([_unless_newer(_row(one)) for one in noted], ordered=False))

    async def watermark(self) -> int:
        """The position of the log up to which the rows hold what it says."""
        row = await self._ask(self._watermarks.find_one({"_id": COLLECTION}))
        return int(row["position"]) if row else 0

    async def advance(self, begin: int, end: int) -> None:
        """Raise the watermark from `begin`, where it was read; nothing, if it is not there any more."""
        known = {"$ifNull": ["$position", 0]}
        change = {"$set": {"position": {"$cond": [{"$eq": [known, begin]}, end, known]}}}
        await self._ask(self._watermarks.update_one({"_id": COLLECTION}, [change], upsert=True))

    async def begin_again(self) -> None:
        """Let everything be derived from the log anew; the rows stand until then."""
        await self._ask(self._watermarks.delete_one({"_id": COLLECTION}))

    async def figures(self, where: Where, by: Grouping | None) -> list[Figures]:
        """The statistics of each group, the largest first; without `by`, of all together.

        An incident of several services or teams is in the group of each; the filter says of which.
        """
        tallies: dict[str | None, _Tally] = {} if by else {None: _Tally()}

        async def add(begin: datetime, end: datetime) -> None:
            async with self._places:
                pipeline = _pipeline(where, begin, end, by)
                found = await self._ask(self._rows.aggregate(pipeline, hint=_hint(where)).to_list(None))
            for group in found:
                tallies.setdefault(group["_id"], _Tally()).add(group)

        await asyncio.gather(*(add(begin, end) for begin, end in _slices(where.begin, where.end)))
        return await asyncio.to_thread(_figures, tallies)

    @staticmethod
    async def _ask(question: Awaitable[Any]) -> Any:
        try:
            return await question
        except PyMongoError as error:
            raise unavailable(error) if is_transient(error) else error from error


class _Tally:
    """What was counted of one group so far. Values are kept packed: there can be millions."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("count", *COUNTS), 0)
        self.values = {name: array("d") for name in (*DURATIONS, SELF_RESOLVE)}

    def add(self, group: Mapping[str, Any]) -> None:
        """Add a group of a slice."""
        for name in self.counts:
            self.counts[name] += group[name]
        for name, values in self.values.items():
            values.extend(group[name])


def _figures(tallies: Mapping[str | None, _Tally]) -> list[Figures]:
    return sorted((_figure(key, tally) for key, tally in tallies.items()), key=lambda one: (-one.count, one.key or ""))


def _figure(key: str | None, tally: _Tally) -> Figures:
    counts = tally.counts
    return Figures(
        key,
        counts["count"],
        counts["resolved"],
        counts["reopened"],
        counts["was_over"],
        counts["self_resolved"],
        Interruptions(counts["working"], counts["waking"], counts["sleeping"]),
        *(spread(tally.values[name]) for name in (*DURATIONS, SELF_RESOLVE)),
    )


def _slices(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The range in slices, because a slice's answer must fit into a document and into the time of one question."""
    while begin < end:
        stop = begin + min(SLICE, end - begin)
        yield begin, stop
        begin = stop


def _pipeline(where: Where, begin: datetime, end: datetime, by: Grouping | None) -> list[dict[str, Any]]:
    """One pass over a slice. Percentiles need the values themselves: to group by value took the server longer."""
    field = FIELD_OF[by] if by else None
    wanted = _wanted(where)
    stages: list[dict[str, Any]] = [{"$match": {"triggered_at": {"$gte": begin, "$lt": end}, **wanted}}]
    if by in (Grouping.SERVICE, Grouping.TEAM):
        stages.append({"$unwind": {"path": f"${field}", "preserveNullAndEmptyArrays": True}})
        if field in wanted:
            stages.append({"$match": {field: wanted[field]}})
    counts = {name: {"$sum": f"${name}"} for name in COUNTS}
    values = {name: {"$push": f"${name}"} for name in (*DURATIONS, SELF_RESOLVE)}
    key = f"${field}" if field else None
    return [*stages, {"$group": {"_id": key, "count": {"$sum": 1}, **counts, **values}}]


def _wanted(where: Where) -> dict[str, Any]:
    asked = {
        "service_ids": where.service_ids,
        "team_ids": where.team_ids,
        "priority": where.priorities,
        "category": where.categories,
    }
    return {name: {"$in": list(values)} for name, values in asked.items() if values is not None}


def _hint(where: Where) -> str:
    if where.service_ids is not None:
        return "service_triggered"
    return "team_triggered" if where.team_ids is not None else "triggered"


def _row(noted: Noted) -> dict[str, Any]:
    """The row as `_pipeline` wants it: what is counted as numbers, absent what there is not."""
    row: dict[str, Any] = {"_id": noted.incident_id, "position": noted.position}
    measured = noted.measured
    if measured is None:
        return row
    durations = {name: getattr(measured, name) for name in DURATIONS}
    shown = {SELF_RESOLVE: measured.resolve} if measured.self_resolved else durations
    fields = {
        "triggered_at": measured.triggered_at,
        "week": measured.week,
        "service_ids": measured.service_ids,
        "team_ids": measured.team_ids,
        "priority": measured.priority,
        "category": measured.category,
        **shown,
        "resolved": int(measured.resolved),
        "reopened": int(measured.reopened > 0),
        "was_over": int(measured.resolved or measured.reopened > 0),
        "self_resolved": int(measured.self_resolved),
        **asdict(measured.interruptions),
    }
    return row | {name: value for name, value in fields.items() if value not in (None, ())}


def _unless_newer(row: dict[str, Any]) -> UpdateOne:
    newer = {"$gt": [{"$ifNull": ["$position", 0]}, row["position"]]}
    return UpdateOne(
        {"_id": row["_id"]}, [{"$replaceWith": {"$cond": [newer, "$$ROOT", {"$literal": row}]}}], upsert=True
    )
