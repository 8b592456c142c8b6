"""On hold: work waits for somebody else, and the clocks with it; who gives the incident back takes it off hold."""

from datetime import datetime, timedelta

import pytest

from shared.domain import facts
from shared.domain.clocks import HOLD_END, SLA, UPDATE_DUE
from shared.domain.commands import Decide, Decision
from shared.domain.diagnosis import add_note
from shared.domain.errors import InvalidTransition
from shared.domain.holds import hold, release_hold
from shared.domain.incident import Audience, ClockKind, Hold, HoldReason, Incident, SlaClock
from shared.domain.lifecycle import OWNED, Status
from shared.domain.priority import Priority
from shared.domain.relations import merge
from shared.domain.status_updates import publish
from shared.domain.transitions import (
    acknowledge,
    cancel,
    investigate,
    mitigate,
    resolve,
    retrigger,
    unacknowledge,
)
from shared.domain.triage import override_priority, triage
from tests.domain.asks import beside
from tests.domain.samples import (
    DATABASE,
    LATER,
    NOW,
    P1,
    WORKER,
    at,
    by,
    carried_out,
    fallen_due,
    is_so,
    issues,
    names,
)

VENDOR = HoldReason.VENDOR
MUCH_LATER = LATER + timedelta(hours=2)
FOUR_HOURS = 4 * 3600
HALF_AN_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
END = NOW + 9 * HOUR
RESOLVE = ClockKind.RESOLVE

held_at_later = hold(VENDOR, "ticket 7", None)

LEAVING: dict[str, Decide[Incident]] = {
    "released": release_hold,
    "given back": unacknowledge,
    "triggered again": lambda incident, command, now: retrigger("it fires again")(
        mitigate("restarted it")(incident, command, now).value, command, now
    ),
}
"""What takes an open incident off hold."""


def clock(incident: Incident, kind: ClockKind = ClockKind.RESOLVE) -> SlaClock:
    """The incident's clock of that kind."""
    return next(one for one in incident.sla if one.kind is kind)


def on_hold(status: Status = Status.ACKNOWLEDGED) -> Incident:
    """A P1, on hold since an hour after it began."""
    return carried_out(held_at_later, at(status, priority=Priority.P1)).value


@pytest.mark.parametrize("status", OWNED)
@pytest.mark.parametrize("reason", list(HoldReason))
def test_it_waits_for_somebody_else(status: Status, reason: HoldReason) -> None:
    """With a reason, a note and an end, if there is one; the status stays."""
    decision = carried_out(hold(reason, "ticket 7", MUCH_LATER), at(status))
    assert decision.value.hold == Hold(reason, LATER, MUCH_LATER, "ticket 7")
    assert decision.value.status is status
    assert decision.value.timers[HOLD_END] == MUCH_LATER
    assert decision.facts == (facts.Held(reason, MUCH_LATER),)
    is_so(hold(reason, "ticket 7", MUCH_LATER), decision.value)


def test_without_an_end_it_waits_until_somebody_says_so() -> None:
    """No end, no timer."""
    assert HOLD_END not in on_hold().timers


def test_another_reason_keeps_the_beginning() -> None:
    """It waits since it waits, whatever for by now."""
    decision = hold(HoldReason.CHANGE, None, MUCH_LATER)(on_hold(), by(), LATER + timedelta(minutes=9))
    assert decision.value.hold == Hold(HoldReason.CHANGE, LATER, MUCH_LATER)
    assert decision.facts == (facts.Held(HoldReason.CHANGE, MUCH_LATER),)


def test_nobodys_incident_cannot_wait() -> None:
    """A triggered incident on hold would be silent: somebody has to acknowledge it first."""
    before = at(Status.TRIGGERED)
    with pytest.raises(InvalidTransition, match="that is TRIGGERED") as refusal:
        held_at_later(before, by(), LATER)
    assert "ACKNOWLEDGE" in refusal.value.allowed


@pytest.mark.parametrize("until", [LATER, NOW])
def test_an_end_in_the_past_is_refused(until: datetime) -> None:
    """The end lies ahead, or there is none."""
    ask = hold(VENDOR, None, until)
    assert issues(lambda: ask(at(Status.ACKNOWLEDGED), by(), LATER)) == [("input.until", "IN_THE_PAST")]


@pytest.mark.parametrize(("note", "code"), [("x" * 2_001, "LENGTH"), ("nul \x00", "INVALID")])
def test_the_note_is_a_text(note: str, code: str) -> None:
    """It may be left out, and it is bounded."""
    assert issues(lambda: hold(VENDOR, note, None)) == [("input.note", code)]


# Its clocks


def test_the_clock_stands_still_and_keeps_what_is_left() -> None:
    """An hour of four was used: three are left, no clock can run out, and the timer is gone."""
    held = on_hold()
    assert (clock(held).due_at, clock(held).remaining) == (None, FOUR_HOURS - 3600)
    assert SLA not in held.timers
    assert fallen_due(held, NOW + timedelta(days=300)).value.is_breached is False


def test_a_clock_that_was_met_stays_as_it_is() -> None:
    """The acknowledge clock has stopped before."""
    before = at(Status.ACKNOWLEDGED, priority=Priority.P1)
    assert clock(on_hold(), ClockKind.ACKNOWLEDGE) == clock(before, ClockKind.ACKNOWLEDGE)


@pytest.mark.parametrize("way", LEAVING)
def test_off_hold_it_goes_on_with_what_was_left(way: str) -> None:
    """Released, given back or triggered again: no hold, and the clock runs for as long as was left."""
    decision = LEAVING[way](on_hold(), by("bob"), MUCH_LATER)
    after = decision.value
    assert after.hold is None
    assert (clock(after).due_at, clock(after).remaining) == (MUCH_LATER + timedelta(hours=3), None)
    assert after.timers[SLA] == MUCH_LATER + timedelta(hours=2)


def test_a_release_is_told() -> None:
    """By whose word; releasing what is not on hold changes nothing."""
    decision = carried_out(release_hold, on_hold())
    assert decision.facts == (facts.HoldReleased("asked for"),)
    is_so(release_hold, decision.value)
    is_so(release_hold, at(Status.TRIGGERED))


def test_it_goes_on_by_itself_when_its_time_is_over() -> None:
    """At the end of the hold the clock runs again, a fact says so, and no version rises."""
    held = carried_out(hold(VENDOR, None, MUCH_LATER), at(Status.ACKNOWLEDGED, priority=Priority.P1)).value
    assert fallen_due(held, MUCH_LATER - timedelta(milliseconds=1)) == Decision(held, (), changed=False)
    decision = fallen_due(held, MUCH_LATER)
    assert decision.facts == (facts.HoldReleased("its time is over"),)
    assert (decision.value.hold, decision.value.timers.get(HOLD_END)) == (None, None)
    assert clock(decision.value).due_at == MUCH_LATER + timedelta(hours=3)
    assert decision.value.version == held.version


def test_a_clock_that_had_run_out_before_is_breached() -> None:
    """Nobody told of it yet when the hold began: it is not paused, the breach is told, and the hold heals nothing."""
    late = at(Status.ACKNOWLEDGED, priority=Priority.P1)
    due = NOW + timedelta(seconds=FOUR_HOURS)
    for moment in (due, due + timedelta(hours=1)):
        decision = carried_out(held_at_later, late, now=moment)
        held = clock(decision.value)
        assert (held.due_at, held.remaining, held.breached_at, held.at_risk) == (due, None, due, True)
        assert decision.facts == (facts.Held(VENDOR), facts.SlaBreached(ClockKind.RESOLVE, due))
        assert clock(release_hold(decision.value, by(), moment + timedelta(hours=9)).value) == held
    just = carried_out(held_at_later, late, now=due - timedelta(seconds=1))
    assert (clock(just.value).remaining, just.value.is_breached, names(just.facts)) == (1, False, ["held"])


@pytest.mark.parametrize("way", LEAVING)
def test_an_update_that_fell_due_meanwhile_is_due_a_turn_later(way: str) -> None:
    """While it waits nobody is reminded; afterwards people have half an hour, and then they are."""
    held = on_hold()
    assert held.next_update_due_at == NOW + HALF_AN_HOUR
    assert UPDATE_DUE not in held.timers
    assert fallen_due(held, MUCH_LATER) == Decision(held, (), changed=False)
    after = LEAVING[way](held, by("bob"), MUCH_LATER).value
    due = MUCH_LATER + HALF_AN_HOUR
    assert (after.next_update_due_at, after.timers[UPDATE_DUE]) == (due, due)
    assert "status_update_overdue" in names(fallen_due(after, due).facts)


@pytest.mark.parametrize("way", LEAVING)
def test_an_update_that_is_still_to_come_keeps_its_time(way: str) -> None:
    """A short hold puts nothing off: what was expected then is expected then."""
    held = carried_out(held_at_later, at(Status.ACKNOWLEDGED, priority=Priority.P1), now=NOW).value
    due, soon = NOW + HALF_AN_HOUR, NOW + HALF_AN_HOUR - timedelta(milliseconds=1)
    assert (held.next_update_due_at, held.timers.get(UPDATE_DUE)) == (due, None)
    after = LEAVING[way](held, by("bob"), soon).value
    assert (after.next_update_due_at, after.timers[UPDATE_DUE]) == (due, due)
    at_once = LEAVING[way](held, by("bob"), due).value
    assert at_once.next_update_due_at == at_once.timers[UPDATE_DUE] == due + HALF_AN_HOUR


def test_an_update_while_it_waits_is_followed_by_another() -> None:
    """Published on hold: the next one is expected as ever, and asked for when the hold is over."""
    told = publish(Audience.PUBLIC, "the vendor looks")(on_hold(), by(), MUCH_LATER).value
    due = MUCH_LATER + HALF_AN_HOUR
    assert (told.next_update_due_at, told.timers.get(UPDATE_DUE)) == (due, None)
    assert release_hold(told, by(), MUCH_LATER).value.timers[UPDATE_DUE] == due


def test_what_is_written_while_it_waits_puts_no_update_off() -> None:
    """A note on hold leaves what was due as it was; only the end of the hold gives people their time."""
    noted = add_note("the vendor calls back")(on_hold(), by(), MUCH_LATER).value
    assert (noted.next_update_due_at, noted.timers.get(UPDATE_DUE)) == (NOW + HALF_AN_HOUR, None)
    soon = MUCH_LATER + timedelta(minutes=9)
    assert release_hold(noted, by(), soon).value.timers[UPDATE_DUE] == soon + HALF_AN_HOUR


def test_what_needs_no_updates_needs_none_after_a_hold() -> None:
    """At P4 nobody waits for one, before, meanwhile or afterwards."""
    held = carried_out(held_at_later, at(Status.ACKNOWLEDGED, priority=Priority.P4)).value
    after = release_hold(held, by(), MUCH_LATER).value
    assert (after.next_update_due_at, after.timers.get(UPDATE_DUE)) == (None, None)


def test_a_longer_hold_does_not_count_twice() -> None:
    """Held again while on hold: what was left stays what it was."""
    longer = hold(VENDOR, None, MUCH_LATER + timedelta(days=1))(on_hold(), by(), MUCH_LATER).value
    assert clock(longer).remaining == FOUR_HOURS - 3600


def test_a_priority_that_comes_while_it_waits_starts_no_clock() -> None:
    """Triage is late, or a person says P1: the new clocks stand still until it goes on."""
    untriaged = carried_out(held_at_later, at(Status.ACKNOWLEDGED)).value
    lowest = carried_out(held_at_later, at(Status.ACKNOWLEDGED, priority=Priority.P5)).value
    late = triage(P1, DATABASE)(untriaged, WORKER, LATER).value
    raised = override_priority(Priority.P1, "the board watches")(lowest, by(), LATER).value
    for held in (late, raised):
        assert (clock(held).due_at, clock(held).remaining) == (None, FOUR_HOURS - 3600)
        assert SLA not in held.timers
        released = release_hold(held, by(), MUCH_LATER).value
        assert clock(released).due_at == MUCH_LATER + timedelta(hours=3)


def test_a_priority_that_comes_after_long_waiting_counts_none_of_it() -> None:
    """What was left when the hold began is left, however long it has waited by then: nothing ran out meanwhile."""
    untriaged = carried_out(held_at_later, at(Status.ACKNOWLEDGED)).value
    lowest = carried_out(held_at_later, at(Status.ACKNOWLEDGED, priority=Priority.P5)).value
    day_after = LATER + timedelta(days=1)
    late = triage(P1, DATABASE)(untriaged, WORKER, day_after)
    raised = override_priority(Priority.P1, "the board watches")(lowest, by(), day_after)
    for decision in (late, raised):
        assert "sla.breached" not in names(decision.facts)
        assert clock(decision.value).remaining == FOUR_HOURS - 3600
        assert clock(release_hold(decision.value, by(), day_after).value).due_at == day_after + timedelta(hours=3)


def test_a_clock_that_had_run_out_before_the_hold_is_breached_by_a_late_priority() -> None:
    """Held after five hours without a priority: as a P1, its four were over before it waited."""
    held = carried_out(held_at_later, at(Status.ACKNOWLEDGED), now=NOW + timedelta(hours=5)).value
    late = triage(P1, DATABASE)(held, WORKER, NOW + timedelta(hours=6))
    due = NOW + timedelta(seconds=FOUR_HOURS)
    assert facts.SlaBreached(ClockKind.RESOLVE, due) in late.facts
    assert (clock(late.value).due_at, clock(late.value).breached_at) == (due, due)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (3.5, facts.SlaAtRisk(ClockKind.RESOLVE, END + timedelta(hours=0.5))),
        (5, facts.SlaBreached(RESOLVE, END - HOUR)),
    ],
    ids=["little is left", "nothing is left"],
)
def test_what_has_little_left_after_a_hold_is_told_in_the_same_write(hours: float, told: facts.Fact) -> None:
    """Raised from P3 to P1 while it waits: the end of the hold tells what that means, and happens once."""
    before = at(Status.ACKNOWLEDGED, priority=Priority.P3)
    held = carried_out(hold(VENDOR, None, END), before, now=NOW + hours * HOUR).value
    raised = override_priority(Priority.P1, "the board watches")(held, by(), NOW + hours * HOUR).value
    decision = fallen_due(raised, END)
    assert set(decision.facts) == {facts.HoldReleased("its time is over"), told}
    assert all(at > END for at in decision.value.timers.values())
    assert fallen_due(decision.value, END) == Decision(decision.value, (), changed=False)


def test_another_priority_while_it_waits_changes_what_is_left() -> None:
    """From P1 to P2 there are four hours more, which are kept for later."""
    lowered = override_priority(Priority.P2, "half of it works")(on_hold(), by(), LATER).value
    assert (clock(lowered).due_at, clock(lowered).remaining) == (None, 2 * FOUR_HOURS - 3600)


@pytest.mark.parametrize("end", [resolve(None, None), cancel("a drill")], ids=["resolved", "canceled"])
def test_the_end_ends_the_hold(end: Decide[Incident]) -> None:
    """What is over waits for nobody, and its clocks neither run nor stand."""
    ended = end(carried_out(hold(VENDOR, None, MUCH_LATER), at(Status.ACKNOWLEDGED)).value, by(), LATER).value
    assert (ended.hold, ended.timers.get(HOLD_END)) == (None, None)
    assert all(one.met_at for one in ended.sla)


ENDING: dict[str, tuple[Decide[Incident], str]] = {
    "unacknowledge": (unacknowledge, "TRIGGERED"),
    "resolve": (resolve(None, None), "RESOLVED"),
    "cancel": (cancel("a drill"), "CANCELED"),
    "merge": (beside(lambda here, there: merge((here,), there)), "MERGED"),
}
"""What ends a hold by the way, and the status that it leads to."""


@pytest.mark.parametrize("way", ENDING)
def test_a_hold_that_ends_by_the_way_is_told(way: str) -> None:
    """The timeline shows why it is off hold: the status that it has by now; without a hold it says nothing of one."""
    decide, status = ENDING[way]
    decision = carried_out(decide, on_hold(), now=MUCH_LATER)
    told = [fact for fact in decision.facts if isinstance(fact, facts.HoldReleased)]
    assert told == [facts.HoldReleased(f"the incident is {status}")]
    assert (decision.value.hold, decision.value.status) == (None, status)
    free = carried_out(decide, at(Status.ACKNOWLEDGED, priority=Priority.P1), now=MUCH_LATER)
    assert "hold_released" not in names(free.facts)


def test_triggered_again_it_is_off_hold_and_told() -> None:
    """It broke again while it waited: nobody waits any more."""
    decision = carried_out(retrigger("it fires again"), on_hold(Status.MITIGATED))
    assert decision.facts == (facts.Retriggered("it fires again"), facts.HoldReleased("the incident is TRIGGERED"))


@pytest.mark.parametrize("decide", [investigate, mitigate("restarted it")], ids=["investigated", "mitigated"])
def test_work_that_goes_on_leaves_it_on_hold(decide: Decide[Incident]) -> None:
    """Another status in somebody's hands ends no hold, and tells of none."""
    decision = carried_out(decide, on_hold())
    assert decision.value.hold is not None
    assert "hold_released" not in names(decision.facts)


def test_a_second_hold_is_a_hold_of_its_own() -> None:
    """Given back, acknowledged and held again: it waits since then."""
    given_back = unacknowledge(on_hold(), by(), MUCH_LATER).value
    again = acknowledge(given_back, by(), MUCH_LATER).value
    held = held_at_later(again, by(), MUCH_LATER + timedelta(hours=1)).value
    assert held.hold == Hold(VENDOR, MUCH_LATER + timedelta(hours=1), None, "ticket 7")
    assert clock(held).remaining == FOUR_HOURS - 2 * 3600
