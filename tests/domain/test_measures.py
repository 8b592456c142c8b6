"""Measures: tables over hand-made logs, and what holds for every one of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.domain.commands import Actor, ActorKind
from shared.domain.entry import Entry, Standing
from shared.domain.lifecycle import Status
from shared.domain.measures import Interruptions, Measured, Spread, counts, measure, spread

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PERSON = Actor(ActorKind.PERSON, "ann")
SOURCE = Actor(ActorKind.INTEGRATION, "grafana")
STATUS = {
    "triggered": Status.TRIGGERED,
    "acknowledged": Status.ACKNOWLEDGED,
    "unacknowledged": Status.TRIGGERED,
    "investigating": Status.INVESTIGATING,
    "mitigated": Status.MITIGATED,
    "retriggered": Status.TRIGGERED,
    "resolved": Status.RESOLVED,
    "reopened": Status.TRIGGERED,
    "closed": Status.CLOSED,
    "canceled": Status.CANCELED,
    "merged": Status.MERGED,
}

Said = tuple[int, str] | tuple[int, str, dict[str, Any]]


def at(minute: int) -> datetime:
    """That many minutes after Monday, 9:00."""
    return MONDAY + timedelta(minutes=minute)


def log(*said: Said, by: dict[int, Actor] | None = None) -> list[Entry]:
    """The log of an incident in which these facts follow one another; a person's, but for `by` their place."""
    found: list[Entry] = []
    status: Status = Status.TRIGGERED
    for place, (minute, kind, *more) in enumerate(said):
        data: dict[str, Any] = dict(*more)
        status = Status(data["status"]) if kind == "unmerged" else STATUS.get(kind, status)
        now = Standing(status, "P2", ("checkout", "cart"), ("web",), "database")
        actor = (by or {}).get(place, PERSON)
        found.append(
            Entry(f"i:{place}:0", "incident", "i", place, 1, kind, at(minute), actor, "test", now=now, data=data)
        )
    return found


def measured(*said: Said, by: dict[int, Actor] | None = None) -> Measured:
    """The measures of such an incident, which is not left out."""
    found = measure(log(*said, by=by), {})
    assert found is not None
    return found


def minutes(seconds: float | None) -> float | None:
    """Seconds as minutes."""
    return None if seconds is None else seconds / 60


def corrected(what: str, minute: int) -> dict[str, Any]:
    """The data of a correction."""
    return {"what": what, "corrected": at(minute), "reason": "the clock was wrong"}


def test_the_whole_of_it() -> None:
    """Every field of an ordinary incident."""
    found = measured(
        (0, "triggered", {"impact_began_at": at(-4)}),
        (3, "acknowledged"),
        (5, "investigating"),
        (20, "mitigated"),
        (50, "resolved"),
        (90, "closed"),
    )
    assert found == Measured(
        triggered_at=at(0),
        week="2026-W48",
        service_ids=("checkout", "cart"),
        team_ids=("web",),
        priority="P2",
        category="database",
        detect=240.0,
        acknowledge=180.0,
        restore=24 * 60.0,
        resolve=50 * 60.0,
        reopened=0,
        resolved=True,
        self_resolved=False,
        interruptions=Interruptions(),
    )


T, R = (0, "triggered"), (60, "resolved")
RESTORE: list[tuple[str, tuple[Said, ...], float | None]] = [
    ("open", (T,), None),
    ("resolved without a mitigation", (T, R), 60),
    ("mitigated", (T, (20, "mitigated")), 20),
    ("mitigated, then resolved", (T, (20, "mitigated"), R), 20),
    ("investigating again is no new outage", (T, (20, "mitigated"), (30, "investigating"), R), 20),
    ("triggered again while mitigated", (T, (20, "mitigated"), (30, "retriggered")), None),
    ("two outages", (T, (20, "mitigated"), (30, "retriggered"), (45, "mitigated"), R), 35),
    ("two outages over a reopening", (T, R, (100, "reopened"), (130, "resolved")), 90),
    ("a reopening is an outage", (T, R, (100, "reopened")), None),
    ("a cancellation that was taken back", (T, (10, "canceled"), (100, "reopened"), (130, "resolved")), 40),
    ("the workaround worked", (T, (20, "mitigated"), (25, "workaround_rated", {"worked": True}), R), 20),
    ("it did not", (T, (20, "mitigated"), (25, "workaround_rated", {"worked": False})), None),
    ("it did not, and then it is resolved", (T, (20, "mitigated"), (25, "workaround_rated", {"worked": False}), R), 60),
    ("it did not, as is found out later", (T, (20, "mitigated"), R, (99, "workaround_rated", {"worked": False})), 60),
    (
        "the next one did",
        (T, (20, "mitigated"), (25, "workaround_rated", {"worked": False}), (30, "investigating"), (40, "mitigated")),
        40,
    ),
    (
        "it did not, so that it broke again is one outage",
        (T, (20, "mitigated"), (25, "retriggered"), R, (70, "workaround_rated", {"worked": False})),
        60,
    ),
    (
        "it did after all",
        (
            T,
            (20, "mitigated"),
            (25, "workaround_rated", {"worked": False}),
            (28, "workaround_rated", {"worked": True}),
            R,
        ),
        20,
    ),
    ("merged and taken out again", (T, (20, "merged"), (30, "unmerged", {"status": "TRIGGERED"}), R), 60),
]


@pytest.mark.parametrize(("said", "expected"), [case[1:] for case in RESTORE], ids=[case[0] for case in RESTORE])
def test_time_to_restore(said: tuple[Said, ...], expected: float | None) -> None:
    """Outages begin and end as the log says, and add up."""
    assert minutes(measured(*said).restore) == expected


def test_the_first_outage_begins_with_the_impact() -> None:
    """So it is longer than what was noticed of it; a later one begins when it is reopened."""
    said: tuple[Said, ...] = ((0, "triggered", {"impact_began_at": at(-10)}), R, (100, "reopened"), (130, "resolved"))
    found = measured(*said)
    assert (minutes(found.detect), minutes(found.restore), minutes(found.resolve)) == (10, 100, 90)
    assert (found.reopened, found.resolved) == (1, True)


def test_time_to_acknowledge_waits_for_a_person() -> None:
    """A source's acknowledgement calls nobody off the street; whoever investigates or mitigates has it."""
    said: tuple[Said, ...] = (T, (2, "acknowledged"), (7, "investigating"), R)
    assert minutes(measured(*said).acknowledge) == 2
    assert minutes(measured(*said, by={1: SOURCE}).acknowledge) == 7
    assert minutes(measured(T, (9, "mitigated")).acknowledge) == 9
    assert measured(T, R).acknowledge is None
    twice = (T, (2, "acknowledged"), (4, "unacknowledged"), (8, "acknowledged"))
    assert minutes(measured(*twice).acknowledge) == 2
    late = (T, R, (500, "reopened"), (503, "acknowledged"))
    assert minutes(measured(*late).acknowledge) == 3, "that call was answered, and nobody waited in between"


def test_what_its_source_resolves() -> None:
    """Its own line, as long as no person ever took it, in none of its lives."""
    alone: tuple[Said, ...] = (T, R)
    assert measured(*alone, by={1: SOURCE}).self_resolved
    assert not measured(*alone).self_resolved
    assert not measured(T, (3, "acknowledged"), R, by={2: SOURCE}).self_resolved
    assert measured(T, (3, "acknowledged"), R, by={1: SOURCE, 2: SOURCE}).self_resolved
    again: tuple[Said, ...] = (T, R, (70, "reopened"), (75, "acknowledged"), (80, "resolved"))
    assert not measured(*again, by={1: SOURCE}).self_resolved
    assert not measured(*again, by={1: SOURCE, 4: SOURCE}).self_resolved
    assert not measured(*again[:4], by={1: SOURCE}).self_resolved
    assert measured(*again, by={1: SOURCE, 3: SOURCE, 4: SOURCE}).self_resolved
    assert measured(*again[:3], (80, "resolved"), by={1: SOURCE, 3: SOURCE}).self_resolved
    for took in ("acknowledged", "investigating", "mitigated"):
        assert not measured(T, R, (70, "reopened"), (75, took), by={1: SOURCE}).self_resolved
    assert not measured(T).self_resolved


LEFT_OUT: list[tuple[str, tuple[Said, ...], bool]] = [
    ("canceled", (T, (5, "canceled")), True),
    ("canceled after its end", (T, R, (70, "canceled")), True),
    ("canceled and reopened", (T, (5, "canceled"), (6, "reopened")), False),
    ("merged", (T, (5, "merged")), True),
    ("taken out again", (T, (5, "merged"), (6, "unmerged", {"status": "TRIGGERED"})), False),
    ("without a beginning", (R,), True),
]


@pytest.mark.parametrize(("said", "out"), [case[1:] for case in LEFT_OUT], ids=[case[0] for case in LEFT_OUT])
def test_what_is_left_out(said: tuple[Said, ...], out: bool) -> None:
    """By its present status, and where there is nothing to measure."""
    assert (measure(log(*said), {}) is None) is out


def test_an_unreadable_last_row() -> None:
    """The last standing that is known counts; the incident is measured anew, since nobody knows what the row said."""
    unreadable = Entry("i:9:0", "incident", "i", 0, 0, "unreadable", MONDAY, SOURCE, "unknown")
    assert counts(unreadable)
    assert measure([*log(T, R), unreadable], {}) == measured(T, R)
    assert measure([unreadable], {}) is None
    assert measure([], {}) is None


FULL: tuple[Said, ...] = ((0, "triggered", {"impact_began_at": at(-5)}), (10, "acknowledged"), (20, "mitigated"), R)
CORRECTED: list[tuple[str, tuple[Said, ...], tuple[float | None, ...]]] = [
    ("nothing", (), (5, 10, 25, 60)),
    ("impact", ((99, "time_corrected", corrected("IMPACT_BEGAN", -30)),), (30, 10, 50, 60)),
    ("triggered", ((99, "time_corrected", corrected("TRIGGERED", -2)),), (3, 12, 25, 62)),
    ("acknowledged", ((99, "time_corrected", corrected("ACKNOWLEDGED", 1)),), (5, 1, 25, 60)),
    ("mitigated", ((99, "time_corrected", corrected("MITIGATED", 15)),), (5, 10, 20, 60)),
    ("resolved", ((99, "time_corrected", corrected("RESOLVED", 40)),), (5, 10, 25, 40)),
    (
        "twice",
        ((98, "time_corrected", corrected("RESOLVED", 40)), (99, "time_corrected", corrected("RESOLVED", 45))),
        (5, 10, 25, 45),
    ),
    (
        "the end of the second outage only",
        ((100, "reopened"), (130, "resolved"), (140, "time_corrected", corrected("RESOLVED", 110))),
        (5, 10, 35, 70),
    ),
    (
        "the second beginning only",
        ((100, "reopened"), (110, "time_corrected", corrected("TRIGGERED", 90)), (130, "resolved")),
        (5, 10, 65, 100),
    ),
]


@pytest.mark.parametrize(("said", "expected"), [case[1:] for case in CORRECTED], ids=[case[0] for case in CORRECTED])
def test_measures_follow_corrections(said: tuple[Said, ...], expected: tuple[float | None, ...]) -> None:
    """Detect, acknowledge, restore and resolve, in minutes."""
    found = measured(*FULL, *said)
    assert (
        tuple(minutes(value) for value in (found.detect, found.acknowledge, found.restore, found.resolve)) == expected
    )


def test_a_correction_of_what_stood_for_the_acknowledgement() -> None:
    """Who begins with the search for the cause has acknowledged by that: it is the time that can be corrected."""
    assert (
        minutes(measured(T, (9, "investigating"), (10, "time_corrected", corrected("ACKNOWLEDGED", 4))).acknowledge)
        == 4
    )


def test_a_correction_moves_the_week() -> None:
    """The week is the one of the corrected beginning, in UTC."""
    found = measured(T, (5, "time_corrected", corrected("TRIGGERED", -24 * 60)))
    assert (found.week, found.triggered_at) == ("2026-W47", at(-24 * 60))


def test_no_duration_is_negative() -> None:
    """Corrections may leave an order that nobody foresaw."""
    found = measured(T, R, (70, "reopened"), (80, "resolved"), (90, "time_corrected", corrected("RESOLVED", 65)))
    assert minutes(found.resolve) == 60


def test_interruptions() -> None:
    """Each delivery counts, by the hours where that person lives."""
    sent: tuple[Said, ...] = tuple((1, "notification.sent", {"user_id": user}) for user in ("ann", "bob", "cid", "ann"))
    zones = {"ann": "Europe/Berlin", "bob": "America/Los_Angeles"}
    failed: Said = (2, "notification.failed", {"user_id": "ann"})
    found = measure(log(T, *sent, failed, (11 * 60, "notification.sent", {"user_id": "ann"})), zones)
    assert found is not None
    assert found.interruptions == Interruptions(working=3, waking=1, sleeping=1), "whose zone is unknown lives in UTC"


def test_entries_that_came_over_the_wire() -> None:
    """Times are text then, and mean the same."""
    entries = log(*FULL, (99, "time_corrected", corrected("IMPACT_BEGAN", -30)))
    wired = [msgspec.convert(json.loads(msgspec.json.encode(entry)), Entry) for entry in entries]
    assert isinstance(wired[0].data["impact_began_at"], str)
    assert measure(wired, {}) == measure(entries, {})


COUNTED = [
    ("triggered", None, True),
    ("note_added", Status.ACKNOWLEDGED, False),
    ("alert.deduplicated", Status.ACKNOWLEDGED, False),
    ("responder_added", Status.ACKNOWLEDGED, False),
    ("notification.failed", Status.ACKNOWLEDGED, False),
    ("acknowledged", Status.TRIGGERED, True),
    ("time_corrected", Status.ACKNOWLEDGED, True),
    ("workaround_rated", Status.ACKNOWLEDGED, True),
    ("notification.sent", Status.ACKNOWLEDGED, True),
]
"""A fact of an incident that is ACKNOWLEDGED afterwards, where it stood before, and whether it counts."""


@pytest.mark.parametrize(("kind", "was", "expected"), COUNTED, ids=[case[0] for case in COUNTED])
def test_what_counts(kind: str, was: Status | None, expected: bool) -> None:
    """What is said beside the incident's standing leaves its row alone; what moves a measure does not."""
    now = Standing(Status.ACKNOWLEDGED, "P2", ("checkout",), ("web",), "database", "ann")
    entry = Entry("i:1:0", "incident", "i", 1, 1, kind, MONDAY, PERSON, "test", now=now)
    assert counts(replace(entry, was=replace(now, status=was) if was else None)) is expected


@pytest.mark.parametrize(
    "other",
    [
        {"priority": "P1"},
        {"service_ids": ("cart",)},
        {"team_ids": ("shop",)},
        {"category": "network"},
        {"assignee_id": "bob"},
        {"breached": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_standing_counts(other: dict[str, Any]) -> None:
    """Whatever the fact is called: the row is kept by what the incident is."""
    now = Standing(Status.ACKNOWLEDGED, "P2", ("checkout",), ("web",), "database", "ann")
    entry = Entry("i:1:0", "incident", "i", 1, 1, "edited", MONDAY, PERSON, "test", was=now, now=now)
    assert not counts(entry)
    assert counts(replace(entry, now=replace(now, **other)))


KINDS = some.sampled_from([*STATUS, "workaround_rated", "note_added", "time_corrected"])
WHATS = some.sampled_from(["IMPACT_BEGAN", "TRIGGERED", "ACKNOWLEDGED", "MITIGATED", "RESOLVED"])
STEPS = some.lists(some.tuples(KINDS, some.integers(0, 99), some.booleans(), WHATS), max_size=20)


@given(STEPS)
def test_whatever_the_log_says(steps: list[tuple[str, int, bool, str]]) -> None:
    """Nothing raises; durations are never negative; what says nothing of times or status changes nothing."""
    minute, said, by = 0, [T], {}
    for place, (kind, later, yes, what) in enumerate(steps, start=1):
        minute += later
        said.append((minute, kind, corrected(what, later) | {"worked": yes}))  # type: ignore[arg-type]
        by[place] = SOURCE if yes else PERSON
    entries = log(*said, by=by)
    found = measure(entries, {})
    assert measure([entry for entry in entries if entry.type != "note_added"], {}) == found
    if found:
        durations = (found.detect, found.acknowledge, found.restore, found.resolve)
        assert all(duration is None or duration >= 0 for duration in durations)


SPREADS = [
    ([], Spread(0)),
    ([5.0], Spread(1, 5.0, 5.0, 5.0)),
    ([1.0, 2.0], Spread(2, 1.5, 1.0, 2.0)),
    ([9.0, 1.0, 5.0], Spread(3, 5.0, 5.0, 9.0)),
    ([float(n) for n in range(1, 11)], Spread(10, 5.5, 5.0, 9.0)),
    ([float(n) for n in range(100, 0, -1)], Spread(100, 50.5, 50.0, 90.0)),
    ([0.1] * 10, Spread(10, 0.1, 0.1, 0.1)),
]


@pytest.mark.parametrize(("values", "expected"), SPREADS)
def test_spread(values: list[float], expected: Spread) -> None:
    """Mean, and percentiles by nearest rank."""
    assert spread(values) == expected


@given(some.lists(some.floats(0, 1e9), min_size=1))
def test_percentiles_are_values(values: list[float]) -> None:
    """Each is one of the values, at least so many percent are not above it, and fewer are below it."""
    found = spread(values)
    for percent, value in ((50, found.p50), (90, found.p90)):
        assert value is not None and value in values
        assert sum(one <= value for one in values) * 100 >= percent * len(values)
        assert sum(one < value for one in values) * 100 < percent * len(values)
