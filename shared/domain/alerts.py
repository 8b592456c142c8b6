"""Alerts: what the events of sources do to an incident.

Events come late, twice and in another order than they happened. So an event counts only if it follows the last one of
its alert: by the source's clock if both say when they happened, by the order of their arrival otherwise. What does not
follow is counted, and changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain import facts
from shared.domain.catalog import ClosurePolicy
from shared.domain.changes import changed
from shared.domain.clocks import RESOLVE_DUE
from shared.domain.commands import Command, Decide, Decision
from shared.domain.events import Event, EventAction
from shared.domain.facts import Fact
from shared.domain.incident import MOST_ALERTS, MOST_MORE, Alert, Incident, Link, LinkKind, Prioritization
from shared.domain.integrations import Integration, OnAcknowledge, OnResolve
from shared.domain.lifecycle import Status
from shared.domain.priority import MATRIX, URGENCY_OF_SEVERITY, Level, Severity
from shared.domain.reports import Report, counted, release, report
from shared.domain.transitions import RESOLVED_BY_SOURCE, acknowledge, reopened, resolve, retriggered

AHEAD = timedelta(minutes=5)
BEHIND = timedelta(days=400)
"""How far a source's clock may be off; beyond it, what it says of times is not believed."""


@dataclass(frozen=True, slots=True)
class Received:
    """An event as it was taken in. `at`: when, by our clock."""

    id: str
    at: datetime
    event: Event

    @property
    def said_at(self) -> datetime | None:
        """When it happened, by the source's clock, if that can be believed."""
        said = self.event.at
        return said if said and self.at - BEHIND <= said <= self.at + AHEAD else None

    @property
    def is_trigger(self) -> bool:
        """Whether it can begin an incident."""
        return self.event.action is EventAction.TRIGGER


@dataclass(frozen=True, slots=True)
class Rules:
    """By what events are judged: their integration, how long the same key reopens, how incidents are closed, and
    whose its service is.
    """

    integration: Integration
    reopen_within: timedelta
    closure: ClosurePolicy
    team_ids: tuple[str, ...] = ()


def open_key(integration_id: str, key: str) -> str:
    """The key under which an incident holds what a source calls `key`."""
    return f"{integration_id}|{key}"


def in_order(received: Iterable[Received]) -> list[Received]:
    """As they happened, by their sources' clock if all of them say when; as they came otherwise."""
    known = sorted(received, key=lambda one: (one.at, one.id))
    if all(one.said_at for one in known):
        known.sort(key=lambda one: (one.said_at, one.event.action is EventAction.RESOLVE, one.at, one.id))
    return known


@dataclass(slots=True)
class Unheard:
    """The ids of the events that found no alert which they could change: they may have come before their trigger."""

    ids: set[str] = field(default_factory=set)


def take_in(key: str, received: Sequence[Received], rules: Rules, unheard: Unheard) -> Decide[Incident]:
    """What events under one open key do to the incident that holds it, all in one decision.

    When the incident was resolved too long ago it only lets go of the key, so that a new one can have it.
    """

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        unheard.ids.clear()
        if key not in incident.open_keys:
            return Decision(incident, (), changed=False)
        if _is_past(incident, rules, now) and any(fires_anew(incident, one, rules.integration) for one in received):
            return release(incident, key, command, now)
        return _folded(Decision(incident, (), changed=False), key, received, rules, unheard, command, now)

    return decide


def log(
    incident_id: str,
    number: int,
    key: str,
    received: Sequence[Received],
    rules: Rules,
    unheard: Unheard,
    recurrence_of: str | None,
    command: Command,
    now: datetime,
) -> Decision[Incident]:
    """A new incident of events under one open key, of which one at least is a trigger."""
    unheard.ids.clear()
    index = next(n for n, one in enumerate(received) if one.is_trigger)
    first = received[index]
    said = _report(first, key, rules)
    begun = report(incident_id, number, said, command, now, recurrence_of)
    alert = _alert(first, key, rules.integration)
    begun = replace(begun, value=replace(begun.value, alerts=(alert,)))
    unheard.ids.update(one.id for one in received[:index])
    logged = _folded(begun, key, received[index + 1 :], rules, unheard, command, now)
    return replace(logged, value=replace(logged.value, version=1), changed=True)


def _folded(
    begun: Decision[Incident],
    key: str,
    received: Sequence[Received],
    rules: Rules,
    unheard: Unheard,
    command: Command,
    now: datetime,
) -> Decision[Incident]:
    """One event after the other; the version rises once, however many change something."""
    incident, told = begun.value, list(begun.facts)
    repeats, moved = 0, begun.changed
    for one in received:
        step = _step(incident, key, one, rules, command, now)
        if step is None:
            unheard.ids.add(one.id)
            continue
        repeats += one.is_trigger and not step.changed
        incident, moved = step.value, moved or step.changed
        told += step.facts
    if repeats:
        again = counted(incident, key, now, repeats)
        incident, told = again.value, [*told, *again.facts]
    version = begun.value.version + moved
    return Decision(replace(incident, version=version), tuple(told), changed=moved)


def _step(
    incident: Incident, key: str, one: Received, rules: Rules, command: Command, now: datetime
) -> Decision[Incident] | None:
    """What one event does; None when it is about an alert that is not known."""
    alert = _known(incident, one, rules.integration)
    if one.is_trigger:
        return _triggered(incident, alert, key, one, rules, command, now)
    if alert is None:
        return _beyond(incident, one, rules, command, now)
    if one.event.action is EventAction.ACKNOWLEDGE:
        return _acknowledged(incident, alert, one, rules, command, now)
    return _resolved(incident, alert, one, rules, command, now)


def _known(incident: Incident, one: Received, integration: Integration) -> Alert | None:
    wanted = (integration.id, one.event.fingerprint)
    return next((alert for alert in incident.alerts if (alert.integration_id, alert.fingerprint) == wanted), None)


def _follows(one: Received, alert: Alert) -> bool:
    """Whether the event happened after all that is known of the alert. At the same moment a resolution comes last."""
    if one.said_at and alert.said_at:
        return one.said_at > alert.said_at or (
            one.said_at == alert.said_at and one.event.action is not EventAction.TRIGGER
        )
    return one.at >= alert.received_at


def _is_past(incident: Incident, rules: Rules, now: datetime) -> bool:
    over = incident.status is Status.RESOLVED and incident.resolved_at
    return bool(over) and now - (incident.resolved_at or now) > rules.reopen_within


def fires_anew(incident: Incident, one: Received, integration: Integration) -> bool:
    """Whether the event says that an alert of this incident fires after all that is known of it."""
    alert = _known(incident, one, integration)
    return one.is_trigger and (alert is None or _follows(one, alert))


def _triggered(
    incident: Incident, alert: Alert | None, key: str, one: Received, rules: Rules, command: Command, now: datetime
) -> Decision[Incident]:
    if alert is None:
        return _fired(_with(incident, _alert(one, key, rules.integration)), None, one, rules, command, now)
    if not _follows(one, alert):
        return Decision(_with(incident, replace(alert, events=alert.events + 1)), (), changed=False)
    again = replace(_again(alert, one), fired_at=alert.fired_at if alert.is_firing else one.said_at or one.at)
    return _fired(_with(incident, replace(again, resolved_at=None)), alert, one, rules, command, now)


def _fired(
    incident: Incident, before: Alert | None, one: Received, rules: Rules, command: Command, now: datetime
) -> Decision[Incident]:
    """An alert fires: it is worse than what was known, or it fires anew, or it only does so still."""
    incident = replace(incident, timers={name: at for name, at in incident.timers.items() if name != RESOLVE_DUE})
    weighed, worse = _weighed(incident, one.event.severity)
    if before is not None and before.is_firing and incident.is_open:
        if not worse:
            return Decision(weighed, (), changed=False)
        return changed(incident, command, now, *worse, value=weighed)
    event, integration = one.event, rules.integration
    told: tuple[Fact, ...] = (
        facts.AlertFired(event.fingerprint, integration.id, event.summary, event.severity),
        *worse,
    )
    cause = f"an alert fires: {event.summary}"
    if incident.status is Status.MITIGATED:
        return _also(told, retriggered(weighed, command, now, cause))
    if not incident.is_open:
        return _also(told, reopened(weighed, command, now, cause))
    return changed(incident, command, now, *told, value=weighed)


def _also(told: tuple[Fact, ...], then: Decision[Incident]) -> Decision[Incident]:
    return replace(then, facts=(*told, *then.facts))


def _weighed(incident: Incident, severity: Severity | None) -> tuple[Incident, tuple[Fact, ...]]:
    """The incident with a severity that is worse than what was known, to be prioritized anew. What a person said of
    the priority stays, unless it was said of less.
    """
    if severity is None or (incident.severity and _degree(severity) >= _degree(incident.severity)):
        return incident, ()
    raised = replace(incident, severity=severity)
    if incident.prioritization is Prioritization.PENDING:
        return raised, (facts.SeverityRaised(severity, incident.severity),)
    impact = incident.impact or Level.MEDIUM
    computed = incident.prioritization is Prioritization.COMPUTED
    if computed or MATRIX[impact, URGENCY_OF_SEVERITY[severity]].rank < incident.rank:
        raised = replace(raised, prioritization=Prioritization.PENDING)
    return raised, (facts.SeverityRaised(severity, incident.severity),)


def _degree(severity: Severity) -> int:
    return list(Severity).index(severity)


def _acknowledged(
    incident: Incident, alert: Alert, one: Received, rules: Rules, command: Command, now: datetime
) -> Decision[Incident]:
    if not alert.is_firing or (one.said_at or one.at) < alert.fired_at or incident.status is not Status.TRIGGERED:
        return Decision(incident, (), changed=False)
    if rules.integration.on_acknowledge is OnAcknowledge.NOTHING:
        return _ignored(incident, rules, "acknowledgement", "the integration is set to do nothing with it")
    return acknowledge(incident, command, now)


def _resolved(
    incident: Incident, alert: Alert, one: Received, rules: Rules, command: Command, now: datetime
) -> Decision[Incident]:
    if not _follows(one, alert):
        return Decision(incident, (), changed=False)
    over = _again(alert, one)
    if not alert.is_firing:
        return Decision(_with(incident, over), (), changed=False)
    after = _with(incident, replace(over, resolved_at=one.said_at or one.at))
    told = facts.AlertResolved(alert.fingerprint, alert.integration_id, after.firing)
    return _ended(changed(incident, command, now, told, value=after), rules, command, now)


def _beyond(
    incident: Incident, one: Received, rules: Rules, command: Command, now: datetime
) -> Decision[Incident] | None:
    """An event of an alert that is only remembered by its fingerprint."""
    name = open_key(rules.integration.id, one.event.fingerprint)
    if name not in incident.more_firing or one.event.action is not EventAction.RESOLVE:
        return None
    after = replace(incident, more_firing=tuple(known for known in incident.more_firing if known != name))
    told = facts.AlertResolved(one.event.fingerprint, rules.integration.id, after.firing)
    return _ended(changed(incident, command, now, told, value=after), rules, command, now)


def _ended(step: Decision[Incident], rules: Rules, command: Command, now: datetime) -> Decision[Incident]:
    """An alert is over: when it was the last one, the incident follows as its integration is set."""
    incident = step.value
    if incident.firing or not incident.is_open:
        return step
    follows = rules.integration.on_resolve
    attended = bool(incident.responders or incident.assignee_id)
    if follows is OnResolve.NOTHING:
        ended = _ignored(incident, rules, "resolution", "the integration is set to do nothing with it")
    elif follows is OnResolve.UNATTENDED and attended:
        ended = _ignored(incident, rules, "resolution", "people are at work on it")
    elif incident.more_alerts > MOST_MORE:
        ended = _ignored(incident, rules, "resolution", "there were too many alerts to follow each of them")
    elif follows is OnResolve.DELAYED:
        at = now + timedelta(seconds=rules.integration.resolve_delay_seconds)
        waiting = replace(incident, timers={**incident.timers, RESOLVE_DUE: at})
        ended = Decision(waiting, (facts.ResolveDelayed(at),), changed=True)
    else:
        ended = resolve(RESOLVED_BY_SOURCE, None, rules.closure)(incident, command, now)
    return Decision(ended.value, (*step.facts, *ended.facts), changed=True)


def _ignored(incident: Incident, rules: Rules, asked: str, reason: str) -> Decision[Incident]:
    return Decision(incident, (facts.AlertIgnored(rules.integration.id, asked, reason),), changed=True)


def _again(alert: Alert, one: Received) -> Alert:
    """The alert after one more event that counts. What the event does not say stays as it was."""
    event = one.event
    return replace(
        alert,
        received_at=one.at,
        last_event_id=one.id,
        said_at=one.said_at or alert.said_at,
        summary=event.summary or alert.summary,
        severity=event.severity or alert.severity,
        labels=event.labels or alert.labels,
        events=alert.events + 1,
    )


def _alert(one: Received, key: str, integration: Integration) -> Alert:
    event = one.event
    return Alert(
        fingerprint=event.fingerprint,
        integration_id=integration.id,
        key=key,
        fired_at=one.said_at or one.at,
        received_at=one.at,
        first_event_id=one.id,
        last_event_id=one.id,
        summary=event.summary,
        source=event.source,
        severity=event.severity,
        labels=event.labels,
        said_at=one.said_at,
    )


def _with(incident: Incident, alert: Alert) -> Incident:
    """The incident with this state of an alert; beyond the bound only its fingerprint is kept."""
    same = (alert.integration_id, alert.fingerprint)
    others = [known for known in incident.alerts if (known.integration_id, known.fingerprint) != same]
    if len(others) < len(incident.alerts):
        kept = tuple(alert if (one.integration_id, one.fingerprint) == same else one for one in incident.alerts)
        return replace(incident, alerts=kept)
    if len(others) < MOST_ALERTS:
        return replace(incident, alerts=(*incident.alerts, alert))
    name = open_key(*same)
    if name in incident.more_firing:
        return incident
    more = incident.more_firing if len(incident.more_firing) >= MOST_MORE else (*incident.more_firing, name)
    return replace(incident, more_firing=more, more_alerts=incident.more_alerts + 1)


def _report(one: Received, key: str, rules: Rules) -> Report:
    event, service_id = one.event, rules.integration.service_id
    said = one.said_at
    return Report(
        title=event.summary or event.key,
        description=event.description,
        service_ids=(service_id,) if service_id else (),
        team_ids=rules.team_ids,
        environment=event.labels.get("environment"),
        source=event.source,
        labels=event.labels,
        links=tuple(Link(f"{one.id}:{n}", LinkKind.LINK, link.url, link.text) for n, link in enumerate(event.links)),
        impact_began_at=said if said and said <= one.at else None,
        severity=event.severity,
        key=key,
    )
