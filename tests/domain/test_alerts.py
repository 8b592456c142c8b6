"""Alerts: events come late, twice and in any order, and what they lead to is the same."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import facts
from shared.domain.alerts import Received, Rules, Unheard, in_order, log, open_key, take_in
from shared.domain.catalog import ClosurePolicy
from shared.domain.clocks import RESOLVE_DUE
from shared.domain.commands import Actor, ActorKind, Command, Decision, identity
from shared.domain.deadlines import fall_due
from shared.domain.events import Event, EventAction
from shared.domain.incident import MOST_ALERTS, MOST_MORE, Incident, Prioritization
from shared.domain.integrations import Format, Integration, OnAcknowledge, OnResolve
from shared.domain.lifecycle import Status
from shared.domain.priority import Priority, Severity
from shared.domain.relations import merge, unmerge
from shared.domain.transitions import acknowledge, mitigate
from tests.domain.samples import NOW, by

TRIGGER, ACKNOWLEDGE, RESOLVE = EventAction.TRIGGER, EventAction.ACKNOWLEDGE, EventAction.RESOLVE
MINUTE = timedelta(minutes=1)
KEY = open_key("s1", "disk")
RULES = Rules(Integration("s1", "Monitor", Format.PAGERDUTY, NOW), timedelta(minutes=30), ClosurePolicy())
_numbers = itertools.count()


def rules(**settings: object) -> Rules:
    """The rules with other settings of the integration."""
    return replace(RULES, integration=replace(RULES.integration, **settings))  # type: ignore[arg-type]


def source(*cause: object) -> Command:
    """A command of the integration, fresh unless it has a cause."""
    return Command(identity("intake", *(cause or (next(_numbers),))), Actor(ActorKind.INTEGRATION, "s1"), "intake")


def event(
    action: EventAction,
    at: datetime = NOW,
    said: datetime | None = None,
    severity: Severity | None = None,
    fingerprint: str = "disk",
) -> Received:
    """An event that came at that time; `said` is what its source says of when it happened."""
    told = Event(action, "disk", fingerprint, "Disk full", "db1", severity, said)
    return Received(f"e{next(_numbers)}", at, told)


def logged(*received: Received, by_rules: Rules = RULES, now: datetime = NOW) -> Decision[Incident]:
    """A new incident of these events."""
    return log("i1", 1, KEY, in_order(received), by_rules, Unheard(), None, source(), now)


def taken(
    incident: Incident,
    *received: Received,
    by_rules: Rules = RULES,
    now: datetime = NOW,
    unheard: Unheard | None = None,
) -> Decision[Incident]:
    """What these events do to the incident."""
    return take_in(KEY, in_order(received), by_rules, unheard or Unheard())(incident, source(), now)


def told(decision: Decision[Incident]) -> list[str]:
    """The names of its facts."""
    return [fact.name for fact in decision.facts]


def test_a_trigger_begins_an_incident() -> None:
    """With what it says, and a first alert that fires."""
    one = event(TRIGGER, said=NOW - MINUTE, severity=Severity.ERROR)
    decision = logged(one)
    incident = decision.value
    assert (incident.title, incident.severity, incident.source) == ("Disk full", Severity.ERROR, "db1")
    assert (incident.impact_began_at, incident.open_keys, incident.version) == (NOW - MINUTE, (KEY,), 1)
    assert (incident.firing, incident.alerts[0].first_event_id) == (1, one.id)
    assert told(decision) == ["triggered"]


def test_a_repeat_is_counted_and_told_once() -> None:
    """Nobody is paged by it, and the version stays."""
    incident = logged(event(TRIGGER)).value
    decision = taken(incident, *[event(TRIGGER, NOW + n * MINUTE / 60) for n in range(5)])
    assert (decision.value.repeats, decision.value.version, decision.changed) == (5, 1, False)
    assert decision.facts == (facts.AlertDeduplicated(KEY, 5),)
    assert decision.value.escalation == incident.escalation


@pytest.mark.parametrize("prioritization", [Prioritization.PENDING, Prioritization.COMPUTED])
def test_a_worse_severity_is_weighed_again(prioritization: Prioritization) -> None:
    """A better one is not."""
    incident = replace(logged(event(TRIGGER, severity=Severity.WARNING)).value, prioritization=prioritization)
    worse = taken(incident, event(TRIGGER, NOW + MINUTE, severity=Severity.CRITICAL))
    assert (worse.value.severity, worse.value.prioritization) == (Severity.CRITICAL, Prioritization.PENDING)
    assert told(worse) == ["severity_raised"]
    better = taken(worse.value, event(TRIGGER, NOW + 2 * MINUTE, severity=Severity.INFO))
    assert (better.value.severity, told(better)) == (Severity.CRITICAL, ["alert.deduplicated"])


@pytest.mark.parametrize(("priority", "is_weighed"), [(Priority.P1, False), (Priority.P5, True)])
def test_a_persons_priority_holds_against_what_it_was_said_of(priority: Priority, is_weighed: bool) -> None:
    """One that lowered is weighed again when it gets worse; one that raised stays."""
    incident = replace(
        logged(event(TRIGGER, severity=Severity.INFO)).value,
        prioritization=Prioritization.OVERRIDDEN,
        priority=priority,
        rank=priority.rank,
    )
    after = taken(incident, event(TRIGGER, NOW + MINUTE, severity=Severity.CRITICAL)).value
    assert (after.prioritization is Prioritization.PENDING) is is_weighed


def test_a_source_acknowledges() -> None:
    """Nobody owns it by that, and a late word is not heard."""
    incident = logged(event(TRIGGER, NOW)).value
    decision = taken(incident, event(ACKNOWLEDGE, NOW + MINUTE))
    assert (decision.value.status, decision.value.responders, decision.value.assignee_id) == (
        Status.ACKNOWLEDGED, (), None,
    )  # fmt: skip
    late = taken(logged(event(TRIGGER, NOW, NOW)).value, event(ACKNOWLEDGE, NOW + MINUTE, NOW - MINUTE))
    assert (late.value.status, late.facts) == (Status.TRIGGERED, ())
    deaf = taken(incident, event(ACKNOWLEDGE, NOW + MINUTE), by_rules=rules(on_acknowledge=OnAcknowledge.NOTHING))
    assert (deaf.value.status, told(deaf)) == (Status.TRIGGERED, ["alert.ignored"])


def test_the_last_alert_ends_it() -> None:
    """One of two that is resolved leaves the other firing."""
    incident = taken(logged(event(TRIGGER)).value, event(TRIGGER, fingerprint="other")).value
    assert (incident.firing, incident.version) == (2, 2)
    one = taken(incident, event(RESOLVE, NOW + MINUTE))
    assert (one.value.status, one.value.firing, told(one)) == (Status.TRIGGERED, 1, ["alert.resolved"])
    both = taken(one.value, event(RESOLVE, NOW + MINUTE, fingerprint="other"))
    assert (both.value.status, told(both)) == (Status.RESOLVED, ["alert.resolved", "resolved"])
    assert both.value.version == one.value.version + 1
    again = taken(both.value, event(RESOLVE, NOW + 2 * MINUTE))
    assert (again.changed, again.facts) == (False, ())


def test_what_a_resolution_may_do() -> None:
    """As the integration is set."""
    incident = logged(event(TRIGGER)).value
    over = event(RESOLVE, NOW + MINUTE)
    for mine in (rules(on_resolve=OnResolve.NOTHING), rules(on_resolve=OnResolve.UNATTENDED)):
        attended = acknowledge(incident, by("ann"), NOW).value
        ignored = taken(attended, over, by_rules=mine)
        assert (ignored.value.status, told(ignored)) == (Status.ACKNOWLEDGED, ["alert.resolved", "alert.ignored"])
    unattended = taken(incident, over, by_rules=rules(on_resolve=OnResolve.UNATTENDED))
    assert unattended.value.status is Status.RESOLVED


def test_a_delayed_resolution() -> None:
    """It comes when its time has come, unless the alert fires again before."""
    mine = rules(on_resolve=OnResolve.DELAYED, resolve_delay_seconds=300)
    waiting = taken(logged(event(TRIGGER)).value, event(RESOLVE, NOW + MINUTE), by_rules=mine, now=NOW + MINUTE)
    assert (waiting.value.status, waiting.value.timers[RESOLVE_DUE]) == (Status.TRIGGERED, NOW + 6 * MINUTE)
    due = fall_due({})(waiting.value, by(), NOW + 6 * MINUTE)
    assert (due.value.status, told(due)) == (Status.RESOLVED, ["resolved"])
    back = taken(waiting.value, event(TRIGGER, NOW + 2 * MINUTE), by_rules=mine, now=NOW + 2 * MINUTE)
    assert (back.value.status, RESOLVE_DUE in back.value.timers) == (Status.TRIGGERED, False)
    assert told(back) == ["alert.fired"]


def test_firing_again() -> None:
    """It reopens what was resolved a short while ago, and pages again for what was only mitigated."""
    resolved = taken(logged(event(TRIGGER)).value, event(RESOLVE, NOW + MINUTE), now=NOW + MINUTE).value
    again = taken(resolved, event(TRIGGER, NOW + 2 * MINUTE), now=NOW + 2 * MINUTE)
    assert (again.value.status, again.value.reopen_count, again.value.firing) == (Status.TRIGGERED, 1, 1)
    late = taken(resolved, event(TRIGGER, NOW + 60 * MINUTE), now=NOW + 60 * MINUTE)
    assert (late.value.status, late.value.open_keys, told(late)) == (Status.RESOLVED, (), ["key_released"])
    alone = mitigate("restarted")(logged(event(TRIGGER)).value, by(), NOW).value
    still = taken(alone, event(TRIGGER, NOW + MINUTE))
    assert still.value.status is Status.MITIGATED, "it only goes on firing"
    over = replace(alone, alerts=(replace(alone.alerts[0], resolved_at=NOW),))
    assert taken(over, event(TRIGGER, NOW + MINUTE)).value.status is Status.TRIGGERED


def test_what_came_before_its_trigger_waits() -> None:
    """It is heard with the trigger; then it counts as it happened."""
    unheard = Unheard()
    early = event(RESOLVE, NOW, NOW, fingerprint="other")
    incident = logged(event(TRIGGER)).value
    assert taken(incident, early, unheard=unheard).facts == ()
    assert unheard.ids == {early.id}
    both = logged(event(TRIGGER, NOW + MINUTE, NOW - MINUTE), event(RESOLVE, NOW, NOW), now=NOW + MINUTE)
    assert (both.value.status, both.value.version) == (Status.RESOLVED, 1)
    assert both.value.timers.keys() <= {"auto_close"}, "nobody is paged"


@pytest.mark.parametrize("said", [NOW + timedelta(minutes=6), NOW - timedelta(days=401)])
def test_a_clock_that_is_far_off_is_not_believed(said: datetime) -> None:
    """Its events count in the order in which they come."""
    incident = logged(event(TRIGGER, NOW, said)).value
    assert incident.impact_began_at is None
    assert taken(incident, event(RESOLVE, NOW + MINUTE, NOW + MINUTE)).value.status is Status.RESOLVED


def test_more_alerts_than_are_kept() -> None:
    """A hundred are kept, of the others that they fire; what is beyond even that keeps it from ending by itself."""
    incident = logged(event(TRIGGER, fingerprint="0")).value
    every = [event(TRIGGER, fingerprint=str(n)) for n in range(1, MOST_ALERTS + 50)]
    many = taken(incident, *every).value
    assert (len(many.alerts), many.firing, many.more_alerts) == (MOST_ALERTS, MOST_ALERTS + 50, 50)
    over = [event(RESOLVE, NOW + MINUTE, fingerprint=str(n)) for n in range(MOST_ALERTS + 50)]
    assert taken(many, *over).value.status is Status.RESOLVED
    crowd = taken(many, *[event(TRIGGER, fingerprint=f"x{n}") for n in range(MOST_MORE)]).value
    assert (len(crowd.more_firing), crowd.more_alerts) == (MOST_MORE, MOST_MORE + 50)
    names = [name.partition("|")[2] for name in crowd.more_firing]
    kept = [alert.fingerprint for alert in crowd.alerts]
    gone = [event(RESOLVE, NOW + MINUTE, fingerprint=name) for name in (*kept, *names)]
    left = taken(crowd, *gone)
    assert (left.value.status, left.value.firing, told(left)[-1]) == (Status.TRIGGERED, 0, "alert.ignored")


def test_alerts_move_with_a_merge_and_back() -> None:
    """A resolution that came meanwhile is not forgotten."""
    one = logged(event(TRIGGER)).value
    other = replace(
        logged(event(TRIGGER, fingerprint="b")).value, id="i2", number=2, open_keys=("s1|b",), keys=("s1|b",)
    )
    other = replace(other, alerts=tuple(replace(alert, key="s1|b") for alert in other.alerts))
    merged = merge(("i1",), "i2")({"i1": one, "i2": other}, by(), NOW)
    source_after, target = merged["i1"].value, merged["i2"].value
    assert [alert.fingerprint for alert in target.alerts] == ["b", "disk"]
    target = taken(target, event(RESOLVE, NOW + MINUTE)).value
    assert target.firing == 1
    back = unmerge("i1", "i2")({"i1": source_after, "i2": target}, by(), NOW)
    assert [alert.fingerprint for alert in back["i2"].value.alerts] == ["b"]
    assert back["i1"].value.firing == 0


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[EventAction, int, int]], list[int], list[int]]:
    """Events of two alerts as they happened, the order in which they come, and where the batches end."""
    happened = [
        (draw(st.sampled_from((TRIGGER, RESOLVE))), n, draw(st.integers(0, 1))) for n in range(draw(st.integers(1, 8)))
    ]
    order = draw(st.permutations(range(len(happened))))
    cuts = sorted(draw(st.sets(st.integers(1, len(happened)))))
    return happened, list(order), cuts


def outcome(batches: Sequence[Sequence[Received]]) -> dict[str, bool]:
    """Which alerts fire after these batches; what waits is heard with what comes later, as the intake does."""
    incident: Incident | None = None
    waiting: dict[str, Received] = {}
    for batch in batches:
        heard = [*waiting.values(), *batch]
        unheard = Unheard()
        if incident is None and not any(one.is_trigger for one in heard):
            waiting = {one.id: one for one in heard}
            continue
        if incident is None:
            incident = log("i1", 1, KEY, in_order(heard), RULES, unheard, None, source(), NOW).value
        else:
            incident = taken(incident, *heard, unheard=unheard).value
        waiting = {one.id: one for one in heard if one.id in unheard.ids}
    return {alert.fingerprint: alert.is_firing for alert in incident.alerts} if incident else {}


@given(histories())
def test_any_order_ends_the_same(history: tuple[list[tuple[EventAction, int, int]], list[int], list[int]]) -> None:
    """In whatever order and batches the events come: an alert fires if its last event was a trigger, and each alert
    that was ever triggered is known.
    """
    happened, order, cuts = history
    events = [
        event(action, NOW + n * MINUTE / 60, NOW - MINUTE * (20 - when), fingerprint=f"f{which}")
        for n, (action, when, which) in zip(
            [order.index(index) for index in range(len(happened))], happened, strict=True
        )
    ]
    expected: dict[str, bool] = {}
    for action, _, which in happened:
        if action is TRIGGER or f"f{which}" in expected:
            expected[f"f{which}"] = action is TRIGGER
    arriving = [events[index] for index in order]
    batches = [arriving[begin:end] for begin, end in zip((0, *cuts), (*cuts, len(arriving)), strict=True)]
    assert outcome(batches) == expected
