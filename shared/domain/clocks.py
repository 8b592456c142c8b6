"""What an incident owes by when: its SLA clocks, the next status update, and its timers, kept in line in one place.

Every change of an incident goes through `settle`, so that no transition can forget a clock.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import facts
from shared.domain.facts import Fact
from shared.domain.incident import ClockKind, Incident, RequestState, SlaClock
from shared.domain.lifecycle import OWNED, Status
from shared.domain.priority import Priority

HOLD_END = "hold_end"
REQUEST_LAPSE = "request_lapse"
SLA = "sla"
UPDATE_DUE = "update_due"
AUTO_CLOSE = "auto_close"
RESOLVE_DUE = "resolve_due"
"""All alerts are resolved; so will the incident be when this timer has run out."""

MINUTE, HOUR, DAY = 60, 3600, 86400

TARGETS: Mapping[Priority, tuple[int, int]] = {
    Priority.P1: (15 * MINUTE, 4 * HOUR),
    Priority.P2: (30 * MINUTE, 8 * HOUR),
    Priority.P3: (4 * HOUR, 3 * DAY),
    Priority.P4: (DAY, 5 * DAY),
}
"""Priority -> seconds to acknowledge and to resolve, from TRIGGERED; P5 has none."""

CADENCE: Mapping[Priority, timedelta] = {
    Priority.P1: timedelta(minutes=30),
    Priority.P2: timedelta(hours=1),
    Priority.P3: timedelta(hours=4),
}
"""How often people expect a status update while the incident is open; P4 and P5 need none."""

AT_RISK_SHARE = 0.75


def settle(before: Incident | None, after: Incident, now: datetime) -> Incident:
    """`after` with its clocks, its next status update and its timers as its status and priority ask for."""
    was, present = (before.status if before else None), after.status
    if present is not was:
        after = _moved(was, after, now)
    if before is None or before.priority is not after.priority:
        after = _targeted(before, after, now)
    if before is not None and before.hold and not after.hold:
        after = replace(after, next_update_due_at=_not_before(after, now))
    return _timed(_held(after, now), now)


def breaches(before: Incident, after: Incident) -> tuple[Fact, ...]:
    """The facts that tell of the clocks that had not run out before."""
    known = {clock.kind for clock in before.sla if clock.breached_at}
    fresh = (clock for clock in after.sla if clock.breached_at and clock.kind not in known)
    return tuple(facts.SlaBreached(clock.kind, clock.breached_at) for clock in fresh if clock.breached_at)


def next_update(incident: Incident, now: datetime) -> datetime | None:
    """When the next status update is due if one is published now; None when none is expected."""
    cadence = CADENCE.get(incident.priority) if incident.priority else None
    return now + cadence if cadence and incident.is_open else None


def _not_before(incident: Incident, now: datetime) -> datetime | None:
    """What fell due while it was on hold is expected one turn later: nobody was asked for it meanwhile."""
    due = incident.next_update_due_at
    return next_update(incident, now) if due and due <= now else due


def run_out(incident: Incident, now: datetime) -> tuple[Incident, tuple[Fact, ...]]:
    """The clocks that are at risk or have run out by `now`, and the facts that say which are at risk."""
    told: list[Fact] = []
    clocks = []
    for clock in incident.sla:
        if _is_running(clock) and clock.due_at and clock.due_at <= now:
            clocks.append(replace(clock, breached_at=clock.due_at, at_risk=True))
        elif _is_running(clock) and not clock.at_risk and (at := _risk_at(clock)) and at <= now and clock.due_at:
            told.append(facts.SlaAtRisk(clock.kind, clock.due_at))
            clocks.append(replace(clock, at_risk=True))
        else:
            clocks.append(clock)
    return replace(incident, sla=tuple(clocks)), tuple(told)


def _moved(was: Status | None, after: Incident, now: datetime) -> Incident:
    match after.status:
        case Status.TRIGGERED if was in (Status.RESOLVED, Status.CANCELED, Status.MERGED):
            return replace(after, sla=_fresh(after, now), next_update_due_at=next_update(after, now))
        case Status.TRIGGERED:
            return after
        case Status.ACKNOWLEDGED | Status.INVESTIGATING | Status.MITIGATED:
            due = after.next_update_due_at or next_update(after, now)
            sla = _fresh(after, now) if was is Status.MERGED else after.sla
            return replace(after, sla=_met(sla, now, ClockKind.ACKNOWLEDGE), next_update_due_at=due)
        case Status.RESOLVED:
            met = _met(after.sla, now, ClockKind.ACKNOWLEDGE, ClockKind.RESOLVE)
            return _over(replace(after, sla=met), now)
        case Status.CLOSED:
            return _over(after, now)
        case Status.CANCELED | Status.MERGED:
            ended = tuple(clock for clock in after.sla if clock.met_at or clock.breached_at)
            return _over(replace(after, sla=ended), now)


def _over(incident: Incident, now: datetime) -> Incident:
    """No longer open: nothing is expected, nobody is waited for."""
    requests = tuple(
        replace(asked, state=RequestState.LAPSED, answered_at=now) if asked.state is RequestState.PENDING else asked
        for asked in incident.responder_requests
    )
    return replace(incident, next_update_due_at=None, hold=None, responder_requests=requests)


def _targeted(before: Incident | None, after: Incident, now: datetime) -> Incident:
    """New clocks for a first priority; those that run keep the time that they have used for another one."""
    if after.priority is None or not after.is_open:
        return after
    if before is None or before.priority is None or not after.sla:
        sla = _fresh(after, after.triggered_at)
        return replace(after, sla=_as_far_as(after, sla), next_update_due_at=next_update(after, now))
    targets = _targets(after.priority)
    kept = tuple(
        _retargeted(clock, targets.get(clock.kind))
        for clock in after.sla
        if clock.kind in targets or clock.met_at or clock.breached_at
    )
    kinds = {clock.kind for clock in kept}
    more = tuple(clock for clock in _fresh(after, after.triggered_at) if clock.kind not in kinds)
    sla = (*kept, *_as_far_as(after, more))
    known = [at for at in (after.next_update_due_at, next_update(after, now)) if at]
    due = min(known, default=None) if after.priority in CADENCE else None
    return replace(after, sla=sla, next_update_due_at=due)


def _targets(priority: Priority) -> dict[ClockKind, int]:
    if priority not in TARGETS:
        return {}
    acknowledge, resolve = TARGETS[priority]
    return {ClockKind.ACKNOWLEDGE: acknowledge, ClockKind.RESOLVE: resolve}


def _fresh(incident: Incident, since: datetime) -> tuple[SlaClock, ...]:
    targets = _targets(incident.priority) if incident.priority else {}
    return tuple(SlaClock(kind, seconds, since + timedelta(seconds=seconds)) for kind, seconds in targets.items())


def _as_far_as(incident: Incident, sla: tuple[SlaClock, ...]) -> tuple[SlaClock, ...]:
    """Triage can be late: an incident that was acknowledged before has met that clock."""
    if incident.acknowledged_at and incident.status in OWNED:
        return _met(sla, incident.acknowledged_at, ClockKind.ACKNOWLEDGE)
    return sla


def _retargeted(clock: SlaClock, seconds: int | None) -> SlaClock:
    if seconds is None or clock.met_at or clock.breached_at:
        return clock
    more = seconds - clock.target_seconds
    due_at = clock.due_at + timedelta(seconds=more) if clock.due_at else None
    remaining = clock.remaining + more if clock.remaining is not None else None
    return replace(clock, target_seconds=seconds, due_at=due_at, remaining=remaining, at_risk=False)


def _met(sla: tuple[SlaClock, ...], now: datetime, *kinds: ClockKind) -> tuple[SlaClock, ...]:
    return tuple(
        replace(clock, met_at=now, breached_at=clock.breached_at or _breach_by(clock, now))
        if clock.kind in kinds and not clock.met_at
        else clock
        for clock in sla
    )


def _breach_by(clock: SlaClock, now: datetime) -> datetime | None:
    return clock.due_at if clock.due_at and clock.due_at < now else None


def _is_running(clock: SlaClock) -> bool:
    return clock.due_at is not None and clock.met_at is None and clock.breached_at is None


def _paused(clock: SlaClock, since: datetime) -> SlaClock:
    if not _is_running(clock) or clock.due_at is None:
        return clock
    if clock.due_at <= since:
        return replace(clock, breached_at=clock.due_at, at_risk=True)
    return replace(clock, due_at=None, remaining=(clock.due_at - since).total_seconds())


def _resumed(clock: SlaClock, now: datetime) -> SlaClock:
    if clock.remaining is None:
        return clock
    return replace(clock, due_at=now + timedelta(seconds=clock.remaining), remaining=None)


def _risk_at(clock: SlaClock) -> datetime | None:
    if clock.due_at is None:
        return None
    return clock.due_at - timedelta(seconds=clock.target_seconds * (1 - AT_RISK_SHARE))


def _held(incident: Incident, now: datetime) -> Incident:
    """Its clocks stand still while it is on hold, and only then; what is left of them is kept. So do those that a late
    priority brings: what was left of them when the hold began is left.
    """
    if incident.hold:
        return replace(incident, sla=tuple(_paused(clock, incident.hold.since) for clock in incident.sla))
    return replace(incident, sla=tuple(_resumed(clock, now) for clock in incident.sla))


def _timed(incident: Incident, now: datetime) -> Incident:
    """The timers that follow from what is kept elsewhere in the incident; the others stay as they are."""
    timers = {kind: at for kind, at in incident.timers.items() if kind not in (HOLD_END, REQUEST_LAPSE, SLA)}
    if incident.status is not Status.RESOLVED:
        timers.pop(AUTO_CLOSE, None)
    if incident.next_update_due_at is None or incident.hold:
        timers.pop(UPDATE_DUE, None)
    elif incident.next_update_due_at > now:  # of an overdue one people were reminded
        timers[UPDATE_DUE] = incident.next_update_due_at
    if incident.is_open:
        timers |= _derived(incident)
    return replace(incident, timers=timers)


def _derived(incident: Incident) -> dict[str, datetime]:
    running = [clock for clock in incident.sla if _is_running(clock)]
    moments = [at for clock in running if (at := clock.due_at if clock.at_risk else _risk_at(clock))]
    lapses = [asked.lapses_at for asked in incident.responder_requests if asked.state is RequestState.PENDING]
    found = {
        SLA: min(moments, default=None),
        REQUEST_LAPSE: min(lapses, default=None),
        HOLD_END: incident.hold.until if incident.hold else None,
    }
    return {kind: at for kind, at in found.items() if at}
