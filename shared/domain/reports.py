"""Logging: a report becomes an incident, or a repeat of one."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain import facts
from shared.domain.changes import changed
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.diagnosis import MOST_LINKS, link_issues
from shared.domain.errors import Issue, is_storable
from shared.domain.incident import ESCALATE, Incident, Link
from shared.domain.lifecycle import Status
from shared.domain.priority import Evidence, Level, Severity, assess
from shared.domain.texts import LONGEST_NAME, LONGEST_TITLE, past_issues, refuse, text_issues
from shared.domain.transitions import reopened
from shared.domain.words import words_of_report

FIRST_PAGE_WITHIN = timedelta(seconds=2)
"""How long the first step waits for triage; then it pages without a priority."""

REPEATS_TOLD_EVERY = timedelta(seconds=10)
MOST_LABELS = 50
LONGEST_LABEL = 1_000
LONGEST_LABEL_KEY = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What is known when an incident is logged. `key` is its dedup key, already made unique to its source."""

    title: str
    description: str | None = None
    service_ids: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()
    environment: str | None = None
    source: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    impact_began_at: datetime | None = None
    severity: Severity | None = None
    stated_impact: Level | None = None
    stated_urgency: Level | None = None
    key: str | None = None


def report(
    incident_id: str, number: int, said: Report, command: Command, now: datetime, recurrence_of: str | None = None
) -> Decision[Incident]:
    """Log a new incident, arm its first escalation, and route it by what its raw input suggests.

    recurrence_of: the incident that held the key last and is over.
    """
    refuse_bad_report(said, now)
    evidence = Evidence(said.stated_impact, said.stated_urgency, said.severity)
    provisional = assess(evidence).priority
    incident = Incident(
        id=incident_id,
        number=number,
        title=said.title,
        description=said.description,
        status=Status.TRIGGERED,
        reporter=command.actor,
        created_at=now,
        updated_at=now,
        triggered_at=now,
        rank=provisional.rank,
        service_ids=said.service_ids,
        team_ids=said.team_ids,
        environment=said.environment,
        source=said.source,
        labels=said.labels,
        links=said.links,
        impact_began_at=said.impact_began_at,
        severity=said.severity,
        stated_impact=said.stated_impact,
        stated_urgency=said.stated_urgency,
        open_keys=(said.key,) if said.key else (),
        keys=(said.key,) if said.key else (),
        timers={ESCALATE: now + FIRST_PAGE_WITHIN},
        recurrence_of=recurrence_of,
        words=words_of_report(said.title, said.description),
    )
    fact = facts.Triggered(
        number,
        said.title,
        provisional,
        said.service_ids,
        said.severity,
        said.impact_began_at,
        said.environment,
        said.source,
        recurrence_of,
    )
    return Decision(incident, (fact,))


def refuse_bad_report(said: Report, now: datetime) -> None:
    """Raise InvalidInput with every issue of the report."""
    issues = [
        *text_issues("title", said.title, LONGEST_TITLE, required=True),
        *text_issues("description", said.description),
        *text_issues("environment", said.environment, LONGEST_NAME),
        *text_issues("source", said.source, LONGEST_NAME),
        *past_issues("impactBeganAt", said.impact_began_at, now),
    ]
    if len(said.links) > MOST_LINKS:
        issues.append(Issue(("input", "links"), "TOO_MANY", f"An incident has at most {MOST_LINKS} links."))
    for index, link in enumerate(said.links):
        issues += link_issues(link.url, link.title, f"links.{index}.")
    refuse([*issues, *_label_issues(said.labels)])


def _label_issues(labels: dict[str, str]) -> list[Issue]:
    issues = []
    if len(labels) > MOST_LABELS:
        issues.append(Issue(("input", "labels"), "TOO_MANY", f"An incident has at most {MOST_LABELS} labels."))
    for key, value in labels.items():
        if not key or key.startswith("$") or "." in key or len(key) > LONGEST_LABEL_KEY or not is_storable(key):
            text = f"The label key {key[:50]!r} is empty, too long, begins with $ or has a dot."
            issues.append(Issue(("input", "labels"), "INVALID", text))
        issues += text_issues("labels", value, LONGEST_LABEL)
    return issues


def repeat(key: str, reopen_within: timedelta) -> Decide[Incident]:
    """The same key once more: count it while the incident is open, reopen it when it was resolved a short
    while ago, else release the key so that a new incident can have it.
    """

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if key not in incident.open_keys:
            return unchanged(incident)  # it went to another one meanwhile
        if incident.is_open:
            return counted(incident, key, now)
        if incident.status is Status.RESOLVED and incident.resolved_at and now - incident.resolved_at <= reopen_within:
            return reopened(incident, command, now, f"the key {key} came again")
        return release(incident, key, command, now)

    return decide


def release(incident: Incident, key: str, command: Command, now: datetime) -> Decision[Incident]:
    """The incident is over for too long to come back: a new one can have the key."""
    kept = tuple(held for held in incident.open_keys if held != key)
    fact = facts.KeyReleased(key, f"the incident is {incident.status} for longer than it can be reopened by a key")
    released = changed(incident, command, now, fact, open_keys=kept)
    return replace(released, value=replace(released.value, version=incident.version), changed=False)


def counted(incident: Incident, key: str, now: datetime, times: int = 1) -> Decision[Incident]:
    """Repeats that change nothing. They are told at most once in REPEATS_TOLD_EVERY, with their number."""
    untold = incident.repeats_untold + times
    after = replace(incident, repeats=incident.repeats + times, repeats_untold=untold)
    told_at = incident.repeats_told_at
    if told_at and now - told_at < REPEATS_TOLD_EVERY:
        return Decision(after, (), changed=False)
    told = replace(after, repeats_untold=0, repeats_told_at=now)
    return Decision(told, (facts.AlertDeduplicated(key, untold),), changed=False)
