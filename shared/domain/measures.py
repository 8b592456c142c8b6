"""Measures: what one incident's log says about how long it took, and how often it interrupted whom.

Durations are seconds, by the corrected times. This module must not hold how measures are kept or asked for.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from shared.domain import facts
from shared.domain.commands import ActorKind
from shared.domain.entry import Entry, Standing
from shared.domain.incident import Correctable
from shared.domain.lifecycle import Status
from shared.domain.time_zones import Hours, hours_at

STARTS = (facts.Triggered.name, facts.Reopened.name)
TAKES = (facts.Acknowledged.name, facts.Investigating.name, facts.Mitigated.name)
"""Each of them says that somebody has it."""

BREAKS = (*STARTS, facts.Retriggered.name)
ENDS = (facts.Resolved.name, facts.Canceled.name)
"""A cancellation ends what a reopening begins anew: nobody was at work in between."""

RESTORES = (facts.Mitigated.name, *ENDS)
COUNTING = (facts.TimeCorrected.name, facts.WorkaroundRated.name, facts.NotificationSent.name)
"""What changes a measure without changing the incident's standing."""

LEFT_OUT = (Status.CANCELED, Status.MERGED)
OVER = (Status.RESOLVED, Status.CLOSED)


class Grouping(StrEnum):
    """By what measures are compared."""

    SERVICE = "SERVICE"
    TEAM = "TEAM"
    PRIORITY = "PRIORITY"
    CATEGORY = "CATEGORY"
    WEEK = "WEEK"


@dataclass(frozen=True, slots=True)
class Interruptions:
    """Notifications that reached people, by the hours of the day where each of them lives."""

    working: int = 0
    waking: int = 0
    sleeping: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """One incident's measures. Durations are seconds, None when the incident has no such thing (yet).

    triggered_at: when it was triggered first; week: the ISO week of that, "2026-W48", in UTC.
    detect: impact began to triggered. acknowledge: triggered to the first person who took it. restore: all outages.
    resolve: all times from triggered or reopened to resolved.
    resolved: it is over now. reopened: how often it came back.
    self_resolved: its source resolved it, and no person ever took it.
    """

    triggered_at: datetime
    week: str
    service_ids: tuple[str, ...]
    team_ids: tuple[str, ...]
    priority: str | None
    category: str | None
    detect: float | None
    acknowledge: float | None
    restore: float | None
    resolve: float | None
    reopened: int
    resolved: bool
    self_resolved: bool
    interruptions: Interruptions


@dataclass(frozen=True, slots=True)
class Spread:
    """How `n` values are spread: mean, and percentiles by nearest rank; None when there are no values."""

    n: int
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    """Something that happened, at its corrected time."""

    type: str
    at: datetime
    by: ActorKind

    @property
    def is_taken_by_person(self) -> bool:
        return self.type in TAKES and self.by is ActorKind.PERSON


def counts(entry: Entry) -> bool:
    """Whether an entry can change a measure: notes, repeats and the like leave the incident's row as it is."""
    return entry.type in COUNTING or entry.was is None or entry.was != entry.now


def measure(entries: Sequence[Entry], zones: Mapping[str, str]) -> Measured | None:
    """The measures of the incident whose whole log this is, oldest first; None when it is left out.

    Left out is what is CANCELED or MERGED now. zones: people's time zones by their ids; UTC for whom it lacks.
    """
    standing = next((entry.now for entry in reversed(entries) if entry.now), Standing())
    moments, impact_began = _moments(entries)
    start = next((moment for moment in moments if moment.type == facts.Triggered.name), None)
    if start is None or standing.status in LEFT_OUT:
        return None
    year, week, _ = start.at.astimezone(UTC).isocalendar()
    return Measured(
        triggered_at=start.at,
        week=f"{year}-W{week:02d}",
        service_ids=standing.service_ids,
        team_ids=standing.team_ids,
        priority=standing.priority,
        category=standing.category,
        detect=_seconds(impact_began, start.at) if impact_began else None,
        acknowledge=_acknowledge(moments),
        restore=_total(_outages(entries, moments, impact_began), BREAKS, RESTORES),
        resolve=_total(moments, STARTS, ENDS),
        reopened=sum(moment.type == facts.Reopened.name for moment in moments),
        resolved=standing.status in OVER,
        self_resolved=_is_self_resolved(moments),
        interruptions=_interruptions(entries, zones),
    )


def spread(values: Iterable[float]) -> Spread:
    """The spread of `values`, in any order."""
    ordered = sorted(values)
    if not ordered:
        return Spread(0)
    mean = math.fsum(ordered) / len(ordered)
    return Spread(len(ordered), mean, _nearest(ordered, 50), _nearest(ordered, 90))


def _nearest(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that at least so many percent of all are not above. Whole numbers: no rounding error."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _moments(entries: Sequence[Entry]) -> tuple[list[_Moment], datetime | None]:
    """The entries at their corrected times, in the log's order; and when the impact began, if that is known."""
    moments: list[_Moment] = []
    recorded: dict[str, int] = {}
    impact_began: datetime | None = None
    for place, entry in enumerate(entries):
        moments.append(_Moment(entry.type, entry.at, entry.actor.kind))
        if entry.type == facts.Triggered.name:
            impact_began = _time(entry.data.get("impact_began_at"))
        elif entry.type == facts.TimeCorrected.name:
            what, corrected = entry.data["what"], _time(entry.data["corrected"]) or entry.at
            if what == Correctable.IMPACT_BEGAN:
                impact_began = corrected
            elif (corrects := recorded.get(what)) is not None:
                moments[corrects] = replace(moments[corrects], at=corrected)
        _record(recorded, entry.type, place)
    return moments, impact_began


def _record(recorded: dict[str, int], kind: str, place: int) -> None:
    """Keep the place of the entry that set each of the incident's times: it is what a correction corrects."""
    if kind in STARTS:
        recorded[Correctable.TRIGGERED] = place
    if kind in STARTS or kind == facts.Unacknowledged.name:
        recorded.pop(Correctable.ACKNOWLEDGED, None)
    if kind in TAKES:
        recorded.setdefault(Correctable.ACKNOWLEDGED, place)
    if kind == facts.Mitigated.name:
        recorded[Correctable.MITIGATED] = place
    if kind == facts.Resolved.name:
        recorded[Correctable.RESOLVED] = place


def _outages(entries: Sequence[Entry], moments: Sequence[_Moment], impact_began: datetime | None) -> Iterable[_Moment]:
    """The moments without the mitigations that restored nothing, the first at the time when the impact began."""
    void = _void(entries)
    for place, moment in enumerate(moments):
        if moment.type == facts.Triggered.name and impact_began:
            yield replace(moment, at=impact_began)
        elif place not in void:
            yield moment


def _void(entries: Sequence[Entry]) -> set[int]:
    """The places of the mitigations whose workaround did not work, by the last word on each."""
    void: set[int] = set()
    mitigated: int | None = None
    for place, entry in enumerate(entries):
        if entry.type == facts.Mitigated.name:
            mitigated = place
        elif entry.type == facts.WorkaroundRated.name and mitigated is not None:
            void.discard(mitigated)
            if not entry.data.get("worked"):
                void.add(mitigated)
    return void


def _total(moments: Iterable[_Moment], begins: tuple[str, ...], ends: tuple[str, ...]) -> float | None:
    """The seconds of all spans; None while one is open. What begins a span within a span changes nothing."""
    total = 0.0
    began: datetime | None = None
    for moment in moments:
        if moment.type in begins:
            began = began or moment.at
        elif moment.type in ends and began:
            total += _seconds(began, moment.at)
            began = None
    return None if began else total


def _acknowledge(moments: Iterable[_Moment]) -> float | None:
    """From the call to the first person who answered. After a reopening, it is that call which was answered."""
    called: datetime | None = None
    for moment in moments:
        if moment.type in STARTS:
            called = moment.at
        elif moment.is_taken_by_person and called:
            return _seconds(called, moment.at)
    return None


def _is_self_resolved(moments: Sequence[_Moment]) -> bool:
    """Whether its source ended it and no person ever took it, in none of its lives."""
    resolved = [moment for moment in moments if moment.type == facts.Resolved.name]
    taken = any(moment.is_taken_by_person for moment in moments)
    return bool(resolved) and not taken and resolved[0].by is ActorKind.INTEGRATION


def _interruptions(entries: Iterable[Entry], zones: Mapping[str, str]) -> Interruptions:
    count = Counter(
        hours_at(entry.at, zones.get(str(entry.data.get("user_id")), "UTC"))
        for entry in entries
        if entry.type == facts.NotificationSent.name
    )
    return Interruptions(count[Hours.WORKING], count[Hours.WAKING], count[Hours.SLEEPING])


def _seconds(begin: datetime, end: datetime) -> float:
    """Never less than none: corrected times need not lie in the log's order."""
    return max(0.0, (end - begin).total_seconds())


def _time(value: Any) -> datetime | None:
    """A time in an entry's data: text, when it came over the wire."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
