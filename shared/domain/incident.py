"""The incident, and what each ask does to it. Escalation and its pages have their own module."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain import facts
from shared.domain.catalog import Policy
from shared.domain.category import Categorization
from shared.domain.commands import Actor, ActorKind, Command, Decide, Decision, unchanged
from shared.domain.entry import Standing
from shared.domain.errors import Conflict, InvalidInput, InvalidTransition, Issue, is_storable
from shared.domain.lifecycle import MOVES, OPEN, Action, Status, allowed
from shared.domain.priority import Assessment, Evidence, Level, Priority, Severity, assess

ESCALATE = "escalate"
"""The timer that takes the next step of the escalation."""

FIRST_PAGE_WITHIN = timedelta(seconds=2)
"""How long the first step waits for triage; then it pages without a priority."""

REPEATS_TOLD_EVERY = timedelta(seconds=10)
LONGEST_TITLE = 500
LONGEST_TEXT = 20_000
MOST_LABELS = 50
LONGEST_LABEL = 1_000


class Prioritization(StrEnum):
    """Whether the priority is still to come, computed, or set by a person."""

    PENDING = "PENDING"
    COMPUTED = "COMPUTED"
    OVERRIDDEN = "OVERRIDDEN"


class EscalationState(StrEnum):
    """ARMED waits for its first step, RUNNING has taken one; STOPPED by people, EXHAUSTED by itself."""

    ARMED = "ARMED"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    EXHAUSTED = "EXHAUSTED"


@dataclass(frozen=True, slots=True)
class Escalation:
    """Where the escalation stands. `cycle` never resets in an incident's life; `step` is the next one to
    take; `passes` counts the passes through the policy before this one; `policy` is pinned at the start of a
    cycle; `told` counts the pages delivered since the escalation began, `reached` those of them in the
    present step.
    """

    state: EscalationState = EscalationState.ARMED
    cycle: int = 0
    step: int = 0
    passes: int = 0
    told: int = 0
    reached: int = 0
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A decision to call one user that has not been carried out yet. `id` is the notification's."""

    id: str
    cycle: int
    step: int
    user_id: str
    contact_method_id: str
    channel: str
    at: datetime
    until: datetime | None = None
    tried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What is known when an incident is logged. `key` is its dedup key, already made unique to its source."""

    title: str
    description: str | None = None
    service_ids: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    severity: Severity | None = None
    stated_impact: Level | None = None
    stated_urgency: Level | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """The unit of response. Times are aware UTC; `rank` is the priority's (or the provisional one's) 1..5."""

    id: str
    number: int
    title: str
    status: Status
    reporter: Actor
    created_at: datetime
    updated_at: datetime
    triggered_at: datetime
    rank: int
    description: str | None = None
    service_ids: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    severity: Severity | None = None
    stated_impact: Level | None = None
    stated_urgency: Level | None = None
    prioritization: Prioritization = Prioritization.PENDING
    priority: Priority | None = None
    impact: Level | None = None
    urgency: Level | None = None
    explanation: str | None = None
    category: str | None = None
    subcategory: str | None = None
    open_keys: tuple[str, ...] = ()
    repeats: int = 0
    repeats_untold: int = 0
    repeats_told_at: datetime | None = None
    escalation: Escalation = field(default_factory=Escalation)
    pages: tuple[Page, ...] = ()
    timers: dict[str, datetime] = field(default_factory=dict)
    responders: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    canceled_at: datetime | None = None
    reopen_count: int = 0
    workaround: str | None = None
    resolution: str | None = None
    fix: str | None = None
    review: str | None = None
    insights: str | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        """TRIGGERED .. MITIGATED."""
        return self.status in OPEN

    @property
    def standing(self) -> Standing:
        """What filters look at."""
        return Standing(self.status, self.priority, self.service_ids)

    @property
    def due_at(self) -> datetime | None:
        """The earliest timer."""
        return min(self.timers.values(), default=None)


def report(incident_id: str, number: int, said: Report, command: Command, now: datetime) -> Decision[Incident]:
    """Log a new incident, arm its first escalation, and route it by what its raw input suggests."""
    refuse_bad_report(said)
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
        labels=said.labels,
        severity=said.severity,
        stated_impact=said.stated_impact,
        stated_urgency=said.stated_urgency,
        open_keys=(said.key,) if said.key else (),
        timers={ESCALATE: now + FIRST_PAGE_WITHIN},
    )
    fact = facts.Triggered(number, said.title, provisional, said.service_ids, said.severity)
    return Decision(incident, (fact,))


def refuse_bad_report(said: Report) -> None:
    """Raise InvalidInput with every issue of the report."""
    issues = list(_text_issues("title", said.title, LONGEST_TITLE, required=True))
    issues += _text_issues("description", said.description or "", LONGEST_TEXT)
    if len(said.labels) > MOST_LABELS:
        issues.append(Issue(("input", "labels"), "TOO_MANY", f"An incident has at most {MOST_LABELS} labels."))
    for key, value in said.labels.items():
        if not key or key.startswith("$") or "." in key or len(key) > LONGEST_TITLE or not is_storable(key):
            text = f"The label key {key[:50]!r} is empty, too long, begins with $ or has a dot."
            issues.append(Issue(("input", "labels"), "INVALID", text))
        issues += _text_issues("labels", value, LONGEST_LABEL)
    if issues:
        raise InvalidInput(*issues)


def _text_issues(field_name: str, text: str, longest: int, *, required: bool = False) -> tuple[Issue, ...]:
    path = ("input", field_name)
    if required and not text.strip():
        return (Issue(path, "EMPTY", f"The {field_name} is empty."),)
    if len(text) > longest:
        return (Issue(path, "LENGTH", f"The {field_name} has more than {longest} characters."),)
    if not is_storable(text):
        return (Issue(path, "INVALID", f"The {field_name} has a NUL character or half a surrogate pair."),)
    return ()


def triage(assessment: Assessment, categorization: Categorization) -> Decide[Incident]:
    """Give the incident its priority and category, and let its first page go now."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if incident.prioritization is not Prioritization.PENDING:
            return unchanged(incident)
        timers = dict(incident.timers)
        if ESCALATE in timers and incident.escalation.state is EscalationState.ARMED:
            timers[ESCALATE] = now
        triaged = replace(
            incident,
            prioritization=Prioritization.COMPUTED,
            priority=assessment.priority,
            rank=assessment.priority.rank,
            impact=assessment.impact,
            urgency=assessment.urgency,
            explanation=assessment.explanation,
            category=categorization.category,
            subcategory=categorization.subcategory,
            timers=timers,
            updated_at=now,
        )
        prioritized = facts.Prioritized(
            assessment.priority, assessment.impact, assessment.urgency, assessment.explanation
        )
        categorized = facts.Categorized(categorization.category, categorization.subcategory, categorization.rule)
        return Decision(triaged, (prioritized, categorized))

    return decide


def acknowledge(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """Someone takes it: paging stops. A second acknowledger joins as responder."""
    if not _moves(incident, Action.ACKNOWLEDGE):
        return _join(incident, command, now)
    fact = facts.Acknowledged(len(incident.pages))
    return _changed(_quiet(incident), command, now, fact, status=Status.ACKNOWLEDGED, **_taken(incident, command, now))


def unacknowledge(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """It is given back: a new escalation cycle from step 0."""
    if not _moves(incident, Action.UNACKNOWLEDGE):
        return unchanged(incident)
    return _changed(
        rearmed(incident, now),
        command,
        now,
        facts.Unacknowledged(),
        status=Status.TRIGGERED,
        acknowledged_at=None,
    )


def investigate(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """Search for the cause; counts as an acknowledgement when there was none."""
    if not _moves(incident, Action.INVESTIGATE):
        return _join(incident, command, now)
    fact = facts.Investigating(len(incident.pages))
    taken = _taken(incident, command, now)
    return _changed(_quiet(incident), command, now, fact, status=Status.INVESTIGATING, **taken)


def mitigate(workaround: str) -> Decide[Incident]:
    """Service is restored by a workaround."""
    _refuse_text("workaround", workaround, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not _moves(incident, Action.MITIGATE):
            return unchanged(incident)
        fact = facts.Mitigated(workaround, len(incident.pages))
        return _changed(
            _quiet(incident),
            command,
            now,
            fact,
            status=Status.MITIGATED,
            mitigated_at=now,
            workaround=workaround,
            **_taken(incident, command, now),
        )

    return decide


def resolve(resolution: str | None, fix: str | None) -> Decide[Incident]:
    """The incident is over. Workaround (temporary) and fix (permanent) are recorded apart."""
    _refuse_text("resolution", resolution or "")
    _refuse_text("fix", fix or "")

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not _moves(incident, Action.RESOLVE):
            return unchanged(incident)
        fact = facts.Resolved(resolution, fix, len(incident.pages))
        ended = replace(_quiet(incident), timers={})
        return _changed(
            ended, command, now, fact, status=Status.RESOLVED, resolved_at=now, resolution=resolution, fix=fix
        )

    return decide


def reopen(cause: str) -> Decide[Incident]:
    """It came back, by a person's word."""
    _refuse_text("cause", cause)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not _moves(incident, Action.REOPEN):
            return unchanged(incident)
        return _reopened(incident, command, now, cause)

    return decide


def close(review: str | None, insights: str | None) -> Decide[Incident]:
    """Frozen: its keys are released, later signals open a new incident."""
    _refuse_text("review", review or "")
    _refuse_text("insights", insights or "")

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not _moves(incident, Action.CLOSE):
            return unchanged(incident)
        fact = facts.Closed(review, insights)
        return _changed(
            replace(incident, open_keys=(), timers={}),
            command,
            now,
            fact,
            status=Status.CLOSED,
            closed_at=now,
            review=review,
            insights=insights,
        )

    return decide


def cancel(reason: str) -> Decide[Incident]:
    """A false alarm."""
    _refuse_text("reason", reason, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not _moves(incident, Action.CANCEL):
            return unchanged(incident)
        fact = facts.Canceled(reason, len(incident.pages))
        ended = replace(_quiet(incident), open_keys=(), timers={})
        return _changed(ended, command, now, fact, status=Status.CANCELED, canceled_at=now)

    return decide


def add_note(text: str) -> Decide[Incident]:
    """Write something down, whatever the status; a closed incident is frozen."""
    _refuse_text("text", text, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if incident.status is Status.CLOSED:
            raise InvalidTransition(incident, "ADD_NOTE", incident.status, ())
        return _changed(incident, command, now, facts.NoteAdded(text))

    return decide


def repeat(key: str, reopen_within: timedelta) -> Decide[Incident]:
    """The same key once more: count it while the incident is open, reopen it when it was resolved a short
    while ago, else release the key so that a new incident can have it.
    """

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if incident.is_open:
            return _counted(incident, key, now)
        if incident.status is Status.RESOLVED and incident.resolved_at and now - incident.resolved_at <= reopen_within:
            return _reopened(incident, command, now, f"the key {key} came again")
        kept = tuple(held for held in incident.open_keys if held != key)
        return Decision(replace(incident, open_keys=kept), (), changed=False)

    return decide


def expecting(version: int | None, decide: Decide[Incident]) -> Decide[Incident]:
    """`decide`, but only on that version; Conflict otherwise. None expects nothing."""

    def guarded(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if version is not None and version != incident.version:
            raise Conflict(incident, version, incident.version)
        return decide(incident, command, now)

    return decide if version is None else guarded


def rearmed(incident: Incident, now: datetime) -> Incident:
    """The incident with a new escalation cycle from step 0, at once."""
    escalation = Escalation(EscalationState.ARMED, cycle=incident.escalation.cycle + 1)
    return replace(incident, escalation=escalation, pages=(), timers={**incident.timers, ESCALATE: now})


def _counted(incident: Incident, key: str, now: datetime) -> Decision[Incident]:
    untold = incident.repeats_untold + 1
    counted = replace(incident, repeats=incident.repeats + 1, repeats_untold=untold)
    told_at = incident.repeats_told_at
    if told_at and now - told_at < REPEATS_TOLD_EVERY:
        return Decision(counted, (), changed=False)
    told = replace(counted, repeats_untold=0, repeats_told_at=now)
    return Decision(told, (facts.AlertDeduplicated(key, untold),), changed=False)


def _reopened(incident: Incident, command: Command, now: datetime, cause: str) -> Decision[Incident]:
    count = incident.reopen_count + 1
    return _changed(
        rearmed(incident, now),
        command,
        now,
        facts.Reopened(count, cause),
        status=Status.TRIGGERED,
        triggered_at=now,
        reopen_count=count,
        acknowledged_at=None,
        mitigated_at=None,
        resolved_at=None,
        canceled_at=None,
    )


def _moves(incident: Incident, action: Action) -> bool:
    """Whether `action` changes the status; False when what it asks for is so; InvalidTransition otherwise."""
    move = MOVES[action]
    if incident.status in move.sources:
        return True
    if incident.status in move.already:
        return False
    raise InvalidTransition(incident, action, incident.status, allowed(incident.status))


def _join(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    if command.actor.kind is not ActorKind.PERSON or command.actor.id in incident.responders:
        return unchanged(incident)
    joined = _changed(incident, command, now, facts.ResponderAdded(command.actor.id), **_responders(incident, command))
    return replace(joined, changed=False)


def _quiet(incident: Incident) -> Incident:
    """The incident with its escalation stopped and its pages cancelled."""
    timers = {kind: at for kind, at in incident.timers.items() if kind != ESCALATE}
    escalation = replace(incident.escalation, state=EscalationState.STOPPED)
    return replace(incident, escalation=escalation, pages=(), timers=timers)


def _taken(incident: Incident, command: Command, now: datetime) -> dict[str, Any]:
    return {"acknowledged_at": incident.acknowledged_at or now, **_responders(incident, command)}


def _responders(incident: Incident, command: Command) -> dict[str, Any]:
    if command.actor.kind is not ActorKind.PERSON or command.actor.id in incident.responders:
        return {}
    return {"responders": (*incident.responders, command.actor.id)}


def _changed(
    incident: Incident, command: Command, now: datetime, fact: facts.Fact, **fields: Any
) -> Decision[Incident]:
    """The incident with `fields`, a higher version if a person or a source asked, and the one fact that says
    so.
    """
    raised = incident.version + (command.actor.kind is not ActorKind.SYSTEM)
    return Decision(replace(incident, updated_at=now, version=raised, **fields), (fact,))


def _refuse_text(field_name: str, text: str, *, required: bool = False) -> None:
    issues = _text_issues(field_name, text, LONGEST_TEXT, required=required)
    if issues:
        raise InvalidInput(*issues)
