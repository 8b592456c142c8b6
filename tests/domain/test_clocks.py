"""Clocks and deadlines: what is owed by when, what happens when the time has come, and that it happens once."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from shared.domain import facts
from shared.domain.catalog import ClosurePolicy
from shared.domain.clocks import AUTO_CLOSE, HOLD_END, REQUEST_LAPSE, RESOLVE_DUE, SLA, TARGETS, UPDATE_DUE
from shared.domain.commands import Decide, Decision
from shared.domain.deadlines import KINDS, LOOK_AGAIN, fall_due
from shared.domain.diagnosis import add_note, update_task
from shared.domain.holds import hold
from shared.domain.incident import (
    ESCALATE,
    ClockKind,
    HoldReason,
    Incident,
    SlaClock,
    Task,
    TaskSource,
    TaskState,
)
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority
from shared.domain.relations import merge, unmerge
from shared.domain.responders import request_responder
from shared.domain.transitions import (
    acknowledge,
    cancel,
    close,
    investigate,
    mitigate,
    reopen,
    resolve,
    retrigger,
    unacknowledge,
)
from shared.domain.triage import override_priority, triage
from tests.domain.samples import (
    DATABASE,
    LATER,
    NOW,
    WORKER,
    assessed,
    at,
    by,
    fallen_due,
    names,
    plan,
    policy,
    reach,
    step_taken,
    triggered,
)

ACKNOWLEDGE, RESOLVE = ClockKind.ACKNOWLEDGE, ClockKind.RESOLVE
P1, P2, P3, P5 = Priority.P1, Priority.P2, Priority.P3, Priority.P5
SOON = timedelta(milliseconds=1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
REVIEW_TASK = Task("t1", "write the timeline", TaskSource.REVIEW, NOW)

EXPECTED: dict[Priority, tuple[timedelta, timedelta] | None] = {
    Priority.P1: (15 * MINUTE, 4 * HOUR),
    Priority.P2: (30 * MINUTE, 8 * HOUR),
    Priority.P3: (4 * HOUR, 3 * DAY),
    Priority.P4: (DAY, 5 * DAY),
    Priority.P5: None,
}
"""The targets, written down a second time: to acknowledge, and to resolve."""


def clock(incident: Incident, kind: ClockKind) -> SlaClock:
    """The incident's clock of that kind."""
    (found,) = [one for one in incident.sla if one.kind is kind]
    return found


def told(decision: Decision[Incident]) -> list[facts.Fact]:
    """The facts about clocks that the decision tells."""
    return [fact for fact in decision.facts if isinstance(fact, facts.SlaAtRisk | facts.SlaBreached)]


def to_priority(incident: Incident, priority: Priority, when: datetime) -> Incident:
    """The incident after a person set its priority."""
    return override_priority(priority, "the board watches")(incident, by(), when).value


# Targets


@pytest.mark.parametrize("priority", list(Priority))
def test_the_targets_follow_the_priority(priority: Priority) -> None:
    """With the priority come two clocks that began with the incident; P5 has none, and nothing has before triage."""
    assert triggered().sla == ()
    incident = triage(assessed(priority), DATABASE)(triggered(), WORKER, NOW + MINUTE).value
    due = {one.kind: one.due_at for one in incident.sla}
    wanted = EXPECTED[priority]
    assert due == ({ACKNOWLEDGE: NOW + wanted[0], RESOLVE: NOW + wanted[1]} if wanted else {})
    assert all(not (one.at_risk or one.met_at or one.breached_at or one.remaining) for one in incident.sla)
    assert (SLA in incident.timers) is bool(wanted)
    assert set(TARGETS) == {one for one, targets in EXPECTED.items() if targets}


def test_late_triage_counts_what_was_done_before() -> None:
    """Acknowledged before the priority came: that clock was met then, in time or not."""
    early = acknowledge(triggered(), by(), NOW + 5 * MINUTE).value
    late = acknowledge(triggered(), by(), NOW + 20 * MINUTE).value
    first, second = (triage(assessed(P1), DATABASE)(one, WORKER, NOW + HOUR) for one in (early, late))
    assert (clock(first.value, ACKNOWLEDGE).met_at, clock(first.value, ACKNOWLEDGE).breached_at) == (
        NOW + 5 * MINUTE,
        None,
    )
    assert clock(second.value, ACKNOWLEDGE).breached_at == NOW + 15 * MINUTE
    assert (told(first), told(second)) == ([], [facts.SlaBreached(ACKNOWLEDGE, NOW + 15 * MINUTE)])


@pytest.mark.parametrize("status", [status for status in Status if status not in OPEN])
def test_a_priority_that_comes_after_the_end_starts_no_clock(status: Status) -> None:
    """What is over owes nothing by any time, however late triage speaks."""
    over = at(status)
    late = triage(assessed(P1), DATABASE)(over, WORKER, NOW + DAY)
    assert (late.value.priority, late.value.sla, late.value.next_update_due_at) == (P1, (), None)
    assert (late.value.timers, told(late)) == (over.timers, [])


def test_late_triage_of_what_nobody_has_any_more_meets_nothing() -> None:
    """Acknowledged, mitigated, and triggered again before the priority came: it waits to be acknowledged."""
    again = retrigger("it fires again")(at(Status.MITIGATED), by(), NOW + MINUTE).value
    late = triage(assessed(P1), DATABASE)(again, WORKER, NOW + 5 * MINUTE).value
    assert (clock(late, ACKNOWLEDGE).met_at, clock(late, ACKNOWLEDGE).due_at) == (None, NOW + 15 * MINUTE)


# At risk, breached, met


def test_a_clock_is_at_risk_once_and_runs_out_once() -> None:
    """At three quarters of its time, and at its end: each is told once, by the worker, without a version."""
    incident = at(Status.ACKNOWLEDGED, priority=P1)
    due = NOW + 4 * HOUR
    assert incident.timers[SLA] == NOW + 3 * HOUR
    assert told(fallen_due(incident, NOW + 3 * HOUR - SOON)) == []
    warned = fallen_due(incident, NOW + 3 * HOUR)
    assert told(warned) == [facts.SlaAtRisk(RESOLVE, due)]
    assert clock(warned.value, RESOLVE).at_risk
    assert (warned.value.timers[SLA], warned.value.is_breached) == (due, False)
    assert told(fallen_due(warned.value, due - SOON)) == []
    ended = fallen_due(warned.value, due)
    assert told(ended) == [facts.SlaBreached(RESOLVE, due)]
    assert clock(ended.value, RESOLVE).breached_at == due
    assert ended.value.is_breached and ended.value.standing.breached
    assert SLA not in ended.value.timers
    assert told(fallen_due(ended.value, due + DAY)) == []
    assert ended.value.version == incident.version


def test_what_is_overdue_for_long_is_told_as_breached_alone() -> None:
    """After a night without workers nobody needs a warning; the breach has the time at which it was due."""
    decision = fallen_due(at(Status.ACKNOWLEDGED, priority=P1), NOW + DAY)
    assert told(decision) == [facts.SlaBreached(RESOLVE, NOW + 4 * HOUR)]
    assert clock(decision.value, RESOLVE).at_risk


def test_both_clocks_run_out_in_one_write() -> None:
    """A night in which nobody looked: each clock is told, in one decision."""
    decision = fallen_due(at(Status.TRIGGERED, priority=P1), NOW + DAY)
    assert told(decision) == [
        facts.SlaBreached(ACKNOWLEDGE, NOW + 15 * MINUTE),
        facts.SlaBreached(RESOLVE, NOW + 4 * HOUR),
    ]


@pytest.mark.parametrize("take", [acknowledge, investigate, mitigate("restarted it"), resolve(None, None)])
def test_taking_it_meets_the_acknowledge_clock(take: Decide[Incident]) -> None:
    """In time, it is met and nothing is told of it; too late, it is met and breached, and the breach is told."""
    incident = at(Status.TRIGGERED, priority=P1)
    due = NOW + 15 * MINUTE
    early, late = take(incident, by(), due), take(incident, by(), due + SOON)
    assert (clock(early.value, ACKNOWLEDGE).met_at, clock(early.value, ACKNOWLEDGE).breached_at) == (due, None)
    assert told(early) == []
    assert (clock(late.value, ACKNOWLEDGE).met_at, clock(late.value, ACKNOWLEDGE).breached_at) == (due + SOON, due)
    assert told(late) == [facts.SlaBreached(ACKNOWLEDGE, due)]


@pytest.mark.parametrize("late", [0, 5])
def test_a_breach_is_not_told_again_when_the_clock_is_met(late: int) -> None:
    """The worker told it; the late acknowledgement tells only itself, and takes nothing back."""
    breached = fallen_due(at(Status.TRIGGERED, priority=P1), NOW + 15 * MINUTE).value
    decision = acknowledge(breached, by(), NOW + (15 + late) * MINUTE)
    assert told(decision) == []
    assert clock(decision.value, ACKNOWLEDGE).breached_at == NOW + 15 * MINUTE


def test_resolution_meets_what_is_left() -> None:
    """Both clocks stop, and none is waited for."""
    resolved = resolve(None, None)(at(Status.TRIGGERED, priority=P1), by(), NOW + MINUTE).value
    assert [one.met_at for one in resolved.sla] == [NOW + MINUTE] * 2
    assert set(resolved.timers) == {AUTO_CLOSE}


def test_a_false_alarm_has_met_nothing() -> None:
    """Clocks that were running are dropped; what was met or breached before stays visible."""
    canceled = cancel("a drill")(at(Status.TRIGGERED, priority=P1), by(), NOW + MINUTE).value
    assert (canceled.sla, canceled.timers) == ((), {})
    kept = cancel("a drill")(at(Status.ACKNOWLEDGED, priority=P1), by(), NOW + MINUTE).value
    assert [(one.kind, one.met_at) for one in kept.sla] == [(ACKNOWLEDGE, NOW)]
    breached = fallen_due(at(Status.TRIGGERED, priority=P1), NOW + 15 * MINUTE).value
    assert cancel("a drill")(breached, by(), NOW + HOUR).value.is_breached


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CANCELED])
def test_reopening_starts_new_clocks(status: Status) -> None:
    """It began anew: full targets from now, nothing met, nothing breached."""
    late = acknowledge(at(Status.TRIGGERED, priority=P1), by(), NOW + HOUR).value
    end = resolve(None, None) if status is Status.RESOLVED else cancel("a drill")
    over = end(late, by(), NOW + HOUR).value
    assert over.is_breached
    again = reopen("it came back")(over, by(), NOW + DAY).value
    assert [(one.kind, one.due_at, one.met_at, one.breached_at) for one in again.sla] == [
        (ACKNOWLEDGE, NOW + DAY + 15 * MINUTE, None, None),
        (RESOLVE, NOW + DAY + 4 * HOUR, None, None),
    ]


def test_triggered_again_the_resolve_clock_goes_on() -> None:
    """The service broke again: the clock to resolve was never stopped by the workaround."""
    before = at(Status.MITIGATED, priority=P1)
    again = retrigger("it fires again")(before, by(), LATER).value
    assert clock(again, RESOLVE) == clock(before, RESOLVE)


@pytest.mark.parametrize("status", [Status.TRIGGERED, Status.ACKNOWLEDGED])
def test_taken_out_of_a_merge_it_has_new_clocks(status: Status) -> None:
    """The time as a part of another incident does not count; what was acknowledged is, and an update is owed anew."""
    one, two = at(status, priority=P1), triggered(2)
    merged = merge(("i1",), "i2")({"i1": one, "i2": two}, by(), LATER)
    loaded = {key: decision.value for key, decision in merged.items()}
    assert SLA not in loaded["i1"].timers
    back = unmerge("i1", "i2")(loaded, by(), NOW + DAY)["i1"].value
    assert clock(back, RESOLVE).due_at == NOW + DAY + 4 * HOUR
    assert (clock(back, ACKNOWLEDGE).met_at is not None) is (status is Status.ACKNOWLEDGED)
    assert back.next_update_due_at == back.timers[UPDATE_DUE] == NOW + DAY + 30 * MINUTE


# Another priority


def test_another_priority_keeps_the_time_that_was_used() -> None:
    """Half an hour was used of P1's four, so P2's eight end half an hour earlier than from now."""
    lowered = to_priority(at(Status.ACKNOWLEDGED, priority=P1), P2, NOW + 30 * MINUTE)
    assert clock(lowered, RESOLVE) == SlaClock(RESOLVE, 8 * 3600, NOW + 8 * HOUR)
    assert lowered.timers[SLA] == NOW + 6 * HOUR


def test_a_longer_time_takes_away_the_risk() -> None:
    """At risk as P1 and lowered to P3: it will be warned of again when its time comes."""
    warned = fallen_due(at(Status.ACKNOWLEDGED, priority=P1), NOW + 3 * HOUR).value
    lowered = to_priority(warned, P3, NOW + 3 * HOUR)
    assert not clock(lowered, RESOLVE).at_risk
    assert told(fallen_due(lowered, NOW + 54 * HOUR)) == [facts.SlaAtRisk(RESOLVE, NOW + 72 * HOUR)]


def test_a_shorter_time_may_be_over_already() -> None:
    """Raised from P3 to P1 after a day: the worker tells the breach at once."""
    raised = to_priority(at(Status.ACKNOWLEDGED, priority=P3), P1, NOW + DAY)
    assert raised.timers[SLA] <= NOW + DAY
    assert told(fallen_due(raised, NOW + DAY)) == [facts.SlaBreached(RESOLVE, NOW + 4 * HOUR)]


@pytest.mark.parametrize("priority", [P2, P3])
def test_what_has_stopped_is_not_counted_anew(priority: Priority) -> None:
    """Met or run out by the priority of then: another one changes neither clock."""
    breached = fallen_due(at(Status.ACKNOWLEDGED, priority=P1), NOW + DAY).value
    assert (clock(breached, ACKNOWLEDGE).met_at, clock(breached, RESOLVE).breached_at) == (NOW, NOW + 4 * HOUR)
    assert to_priority(breached, priority, NOW + DAY).sla == breached.sla


def test_the_lowest_priority_has_no_clocks_and_forgets_no_breach() -> None:
    """What runs is dropped; what was met or has run out stays visible."""
    lowered = to_priority(at(Status.ACKNOWLEDGED, priority=P1), P5, LATER)
    assert [one.kind for one in lowered.sla] == [ACKNOWLEDGE]
    assert SLA not in lowered.timers
    breached = fallen_due(at(Status.TRIGGERED, priority=P1), NOW + 15 * MINUTE).value
    assert to_priority(breached, P5, LATER).is_breached


@pytest.mark.parametrize("way", list(permutations([P1, P3, P5])))
@pytest.mark.parametrize("status", [Status.TRIGGERED, Status.ACKNOWLEDGED])
def test_the_last_priority_counts_whatever_came_before(status: Status, way: tuple[Priority, ...]) -> None:
    """Each priority has its clocks, by whatever way it was reached, and what was acknowledged stays so."""
    incident = at(status)
    for n, priority in enumerate((*way, P2)):
        incident = to_priority(incident, priority, NOW + n * SOON)
    assert {one.kind for one in incident.sla} == {ACKNOWLEDGE, RESOLVE}
    assert (clock(incident, RESOLVE).due_at, clock(incident, RESOLVE).target_seconds) == (NOW + 8 * HOUR, 8 * 3600)
    assert (clock(incident, ACKNOWLEDGE).met_at is not None) is (status is Status.ACKNOWLEDGED)


# Auto-close


@pytest.mark.parametrize("days", [1, 14, 365])
def test_it_is_closed_by_itself_after_so_many_days(days: int) -> None:
    """Resolved and left alone: closed at the day, not before, and the fact says why nobody did it."""
    closure = ClosurePolicy(auto_close_days=days)
    resolved = resolve(None, None, closure)(at(Status.ACKNOWLEDGED), by(), NOW).value
    closes_at = NOW + days * DAY
    assert resolved.timers == {AUTO_CLOSE: closes_at}
    assert fallen_due(resolved, closes_at - SOON).facts == ()
    decision = fallen_due(resolved, closes_at)
    assert (decision.value.status, decision.value.closed_at) == (Status.CLOSED, closes_at)
    assert (decision.value.open_keys, decision.value.timers) == ((), {})
    assert decision.value.version == resolved.version
    assert decision.facts == (facts.Closed(None, "it was resolved and nothing came again"),)


def test_it_is_never_closed_where_nobody_wants_it() -> None:
    """No days, no timer."""
    resolved = resolve(None, None, ClosurePolicy(auto_close_days=None))(at(Status.ACKNOWLEDGED), by(), NOW).value
    assert resolved.timers == {}


@pytest.mark.parametrize("end", [reopen("again"), close(None), cancel("a drill")])
def test_what_is_not_resolved_any_more_is_not_closed(end: Decide[Incident]) -> None:
    """Reopened, closed or canceled: the timer is gone."""
    assert AUTO_CLOSE not in end(at(Status.RESOLVED), by(), LATER).value.timers


def test_open_review_tasks_hold_it_back() -> None:
    """It says so and looks again in a week, and again; once they are done, it is closed."""
    resolved = replace(at(Status.RESOLVED), tasks=(REVIEW_TASK,))
    when = resolved.timers[AUTO_CLOSE]
    for _ in range(2):
        decision = fallen_due(resolved, when)
        resolved = decision.value
        assert (resolved.status, resolved.timers) == (Status.RESOLVED, {AUTO_CLOSE: when + LOOK_AGAIN})
        why = "1 review task is open: write the timeline."
        assert decision.facts == (facts.ClosureHeldBack(why, when + LOOK_AGAIN),)
        when += LOOK_AGAIN
    done = update_task("t1", state=TaskState.NOT_DOING, reason="nobody cares")(resolved, by(), when).value
    assert fallen_due(done, when).value.status is Status.CLOSED


def test_notes_do_not_put_off_the_closure() -> None:
    """What is written on a resolved incident leaves its timer alone."""
    resolved = at(Status.RESOLVED)
    assert add_note("sorry")(resolved, by(), LATER).value.timers == resolved.timers


# Whatever falls due


def worked_on() -> Incident:
    """A P1, of which an answer and an update are owed within the hour, and a resolution within four."""
    incident = at(Status.ACKNOWLEDGED, priority=P1)
    return request_responder("dan", None, 20 * MINUTE, reach())(incident, by(), NOW).value


def much_is_owed() -> Incident:
    """The same on hold: an end of the hold and an answer are owed within the hour, and an update after the hold."""
    return hold(HoldReason.VENDOR, None, NOW + 40 * MINUTE)(worked_on(), by(), NOW).value


def test_every_timer_has_its_kind() -> None:
    """The kinds that fall due here are all but the escalation's."""
    assert set(KINDS) == {HOLD_END, REQUEST_LAPSE, SLA, UPDATE_DUE, AUTO_CLOSE, RESOLVE_DUE}
    assert ESCALATE not in KINDS
    worked, owed = worked_on(), much_is_owed()
    assert worked.timers == {
        REQUEST_LAPSE: NOW + 20 * MINUTE,
        UPDATE_DUE: NOW + 30 * MINUTE,
        SLA: NOW + 3 * HOUR,
    }
    assert owed.timers == {REQUEST_LAPSE: NOW + 20 * MINUTE, HOLD_END: NOW + 40 * MINUTE}
    assert owed.next_update_due_at == NOW + 30 * MINUTE
    assert worked.due_at == owed.due_at == NOW + 20 * MINUTE


def test_before_its_time_nothing_happens() -> None:
    """A doorbell too early changes nothing, on whatever incident."""
    for owed in (worked_on(), much_is_owed()):
        assert fallen_due(owed, NOW + 20 * MINUTE - SOON) == Decision(owed, (), changed=False)
    for status in Status:
        assert fallen_due(at(status), NOW) == Decision(at(status), (), changed=False)


def test_everything_that_is_due_happens_in_one_write_and_once() -> None:
    """After a night without workers: each is told, and the doorbell's repeat finds nothing to do."""
    held, worked = fallen_due(much_is_owed(), NOW + DAY), fallen_due(worked_on(), NOW + DAY)
    assert names(held.facts) == ["responder_request_lapsed", "hold_released"]
    assert held.value.timers == {SLA: NOW + DAY + 3 * HOUR, UPDATE_DUE: NOW + DAY + 30 * MINUTE}
    assert names(worked.facts) == ["responder_request_lapsed", "status_update_overdue", "sla.breached"]
    assert worked.value.timers == {}
    for decision in (held, worked):
        assert fallen_due(decision.value, NOW + DAY) == Decision(decision.value, (), changed=False)


def test_the_escalation_is_left_alone() -> None:
    """Its timer is another handler's: due or not, it stays."""
    paging = step_taken(at(Status.TRIGGERED, priority=P1), plan(policy(["ann"], ["bob"]))).value
    decision = fallen_due(paging, NOW + DAY)
    assert decision.value.timers[ESCALATE] == paging.timers[ESCALATE]
    assert (decision.value.escalation, decision.value.status) == (paging.escalation, Status.TRIGGERED)


@pytest.mark.parametrize("status", OPEN)
def test_giving_back_and_taking_over_loses_no_timer(status: Status) -> None:
    """Whatever the status: what an open P1 owes is armed."""
    incident = at(status, priority=P1)
    if status is Status.ACKNOWLEDGED:
        incident = acknowledge(unacknowledge(incident, by(), NOW).value, by(), NOW).value
    assert {SLA, UPDATE_DUE} <= set(incident.timers)


def test_a_decision_is_pure() -> None:
    """The same question has the same answer, and asking leaves the incident as it was."""
    owed, kept = much_is_owed(), much_is_owed()
    assert fall_due(reach())(owed, WORKER, LATER) == fall_due(reach())(owed, WORKER, LATER)
    assert owed == kept
