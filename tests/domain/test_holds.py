"""On hold: work waits for somebody else, and the clocks with it; who gives the incident back takes it off hold."""

from datetime import datetime, timedelta

import pytest

from shared.domain import facts
from shared.domain.clocks import HOLD_END, SLA
from shared.domain.commands import Decide
from shared.domain.errors import InvalidTransition
from shared.domain.holds import hold, release_hold
from shared.domain.incident import Clock, ClockKind, Hold, HoldReason, Incident
from shared.domain.lifecycle import OWNED, Status
from shared.domain.priority import Priority
from shared.domain.transitions import acknowledge, cancel, mitigate, resolve, retrigger, unacknowledge
from shared.domain.triage import override_priority, triage
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

held_at_later = hold(VENDOR, "ticket 7", None)

LEAVING: dict[str, Decide[Incident]] = {
    "released": release_hold,
    "given back": unacknowledge,
    "triggered again": lambda incident, command, now: retrigger("it fires again")(
        mitigate("restarted it")(incident, command, now).value, command, now
    ),
}
"""What takes an open incident off hold."""


def clock(incident: Incident, kind: ClockKind = ClockKind.RESOLVE) -> Clock:
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
    early = fallen_due(held, MUCH_LATER - timedelta(milliseconds=1))
    assert (early.value.hold, names(early.facts)) == (held.hold, ["status_update_overdue"])
    decision = fallen_due(held, MUCH_LATER)
    assert facts.HoldReleased("its time is over") in decision.facts
    assert (decision.value.hold, decision.value.timers.get(HOLD_END)) == (None, None)
    assert clock(decision.value).due_at == MUCH_LATER + timedelta(hours=3)
    assert decision.value.version == held.version


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


def test_a_second_hold_is_a_hold_of_its_own() -> None:
    """Given back, acknowledged and held again: it waits since then."""
    given_back = unacknowledge(on_hold(), by(), MUCH_LATER).value
    again = acknowledge(given_back, by(), MUCH_LATER).value
    held = held_at_later(again, by(), MUCH_LATER + timedelta(hours=1)).value
    assert held.hold == Hold(VENDOR, MUCH_LATER + timedelta(hours=1), None, "ticket 7")
    assert clock(held).remaining == FOUR_HOURS - 2 * 3600
