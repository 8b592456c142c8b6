"""What happens by itself when its time has come, other than the escalation's next step."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import facts
from shared.domain.catalog import ClosurePolicy
from shared.domain.changes import Called, Reachable, call, changed
from shared.domain.clocks import AUTO_CLOSE, HOLD_END, REQUEST_LAPSE, RESOLVE_DUE, SLA, UPDATE_DUE, run_out, settle
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.facts import Fact
from shared.domain.incident import Incident, ResponderRole
from shared.domain.lifecycle import Status
from shared.domain.priority import Priority
from shared.domain.responders import lapse_requests
from shared.domain.status_updates import OVERDUE
from shared.domain.transitions import RESOLVED_BY_SOURCE, closed, closure_gate, resolve

KINDS = (HOLD_END, REQUEST_LAPSE, SLA, UPDATE_DUE, AUTO_CLOSE, RESOLVE_DUE)
LOOK_AGAIN = timedelta(days=7)
"""How long an incident that could not be closed by itself is left alone."""

PAGED_FOR = (Priority.P1, Priority.P2)
"""At which priorities somebody is paged for a status update; at the others the timeline says that it is overdue."""

REMINDED = (ResponderRole.LIAISON, ResponderRole.INCIDENT_COMMANDER, ResponderRole.DEPUTY)


def writers(incident: Incident) -> tuple[str, ...]:
    """Who is reminded of a status update: the liaisons, else the commander, else the deputies, else the assignee."""
    for role in REMINDED:
        if found := tuple(one.user_id for one in incident.responders if role in one.roles):
            return found
    return (incident.assignee_id,) if incident.assignee_id else ()


def fall_due(
    reachable: Reachable,
    closure: ClosurePolicy = ClosurePolicy(),  # noqa: B008 - it is frozen
) -> Decide[Incident]:
    """Carry out every timer but the escalation's that has run out by now. `closure` is for what is resolved by it."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        due = {kind for kind, at in incident.timers.items() if kind in KINDS and at <= now}
        if not due:
            return unchanged(incident)
        value, told = _expired(incident, due, now)
        if UPDATE_DUE in due and value.is_open:
            value, overdue = _reminded(value, reachable, command, now)
            told += overdue
        if AUTO_CLOSE in due and value.status is Status.RESOLVED:
            return _auto_closed(value, command, now)
        if RESOLVE_DUE in due and value.is_open:
            ended = resolve(RESOLVED_BY_SOURCE, None, closure)(value, command, now)
            return replace(ended, facts=(*told, *ended.facts))
        return changed(incident, command, now, *told, value=value)

    return decide


def _expired(incident: Incident, due: set[str], now: datetime) -> tuple[Incident, tuple[Fact, ...]]:
    told: tuple[Fact, ...] = ()
    is_over = HOLD_END in due and incident.hold is not None
    if REQUEST_LAPSE in due:
        incident, told = lapse_requests(incident, now)
    if is_over:
        incident = settle(incident, replace(incident, hold=None), now)
        told += (facts.HoldReleased("its time is over"),)
    if SLA in due or is_over:  # a clock that goes on may have little left
        incident, ran_out = run_out(incident, now)
        told = (*ran_out, *told)
    return incident, told


def _reminded(
    incident: Incident, reachable: Reachable, command: Command, now: datetime
) -> tuple[Incident, tuple[Fact, ...]]:
    """One reminder, until the next update is published: a second one would only wake people."""
    called = Called()
    people = writers(incident)
    if incident.priority in PAGED_FOR:
        called = call(incident, people, reachable, OVERDUE, command, now)
    why = called.why or _nobody(incident, people)
    fact = facts.StatusUpdateOverdue(incident.next_update_due_at or now, called.decided, why)
    timers = {kind: at for kind, at in incident.timers.items() if kind != UPDATE_DUE}
    return replace(incident, timers=timers, pages=(*incident.pages, *called.pages)), (fact,)


def _nobody(incident: Incident, people: tuple[str, ...]) -> str | None:
    if not people:
        return "nobody is liaison, commander or assignee"
    return None if incident.priority in PAGED_FOR else f"nobody is paged for that at {incident.priority}"


def _auto_closed(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    if why := closure_gate(incident):
        next_at = now + LOOK_AGAIN
        fact = facts.ClosureHeldBack(why, next_at)
        return changed(incident, command, now, fact, timers={**incident.timers, AUTO_CLOSE: next_at})
    return closed(incident, command, now, why="it was resolved and nothing came again")
