"""The incident: what is kept of it. What each ask does to it stands in the modules of the asks."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.domain.catalog import Policy
from shared.domain.commands import Actor
from shared.domain.entry import Standing
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Level, Priority, Severity

KEEP: Final[Any] = object()
"""In place of a value: leave it as it is. None means to take it away."""

ESCALATE = "escalate"
"""The timer that takes the next step of the escalation."""


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


class ResponderRole(StrEnum):
    """What somebody does in the response."""

    INCIDENT_COMMANDER = "INCIDENT_COMMANDER"
    DEPUTY = "DEPUTY"
    SCRIBE = "SCRIBE"
    LIAISON = "LIAISON"
    SUBJECT_MATTER_EXPERT = "SUBJECT_MATTER_EXPERT"


class RequestState(StrEnum):
    """What became of a request to join."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    LAPSED = "LAPSED"


class LinkKind(StrEnum):
    """What a link leads to."""

    LINK = "LINK"
    ATTACHMENT = "ATTACHMENT"
    CHANGE = "CHANGE"
    RUNBOOK = "RUNBOOK"


class TaskState(StrEnum):
    """Where a task or an action item stands."""

    OPEN = "OPEN"
    DONE = "DONE"
    NOT_DOING = "NOT_DOING"


class TaskSource(StrEnum):
    """What a task belongs to: the response, or the review, whose tasks can gate the closure."""

    RESPONSE = "RESPONSE"
    REVIEW = "REVIEW"


class Audience(StrEnum):
    """For whom a status update is."""

    RESPONDERS = "RESPONDERS"
    INTERNAL = "INTERNAL"
    PUBLIC = "PUBLIC"


class HoldReason(StrEnum):
    """What an incident on hold waits for."""

    CALLER = "CALLER"
    CHANGE = "CHANGE"
    PROBLEM = "PROBLEM"
    VENDOR = "VENDOR"


class MajorState(StrEnum):
    """Whether the incident is handled as a major one."""

    NONE = "NONE"
    PROPOSED = "PROPOSED"
    DECLARED = "DECLARED"
    STOOD_DOWN = "STOOD_DOWN"


class ReviewState(StrEnum):
    """Where the post-incident review stands."""

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


class ClockKind(StrEnum):
    """What an SLA clock measures the time to."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    RESOLVE = "RESOLVE"


class Correctable(StrEnum):
    """The times that can be corrected afterwards."""

    IMPACT_BEGAN = "IMPACT_BEGAN"
    TRIGGERED = "TRIGGERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    MITIGATED = "MITIGATED"
    RESOLVED = "RESOLVED"


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


ESCALATION = "escalation"
"""Why the pages of a policy's steps are sent; other pages have reasons of their own."""


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
    reason: str = ESCALATION


@dataclass(frozen=True, slots=True)
class Responder:
    """Somebody who works on the incident."""

    user_id: str
    joined_at: datetime
    roles: tuple[ResponderRole, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponderRequest:
    """Somebody was asked to join. It lapses without an answer."""

    user_id: str
    requested_by: Actor
    requested_at: datetime
    lapses_at: datetime
    role: ResponderRole | None = None
    state: RequestState = RequestState.PENDING
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An address that belongs to the incident."""

    id: str
    kind: LinkKind
    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do within the response or the review."""

    id: str
    title: str
    source: TaskSource
    created_at: datetime
    state: TaskState = TaskState.OPEN
    owner_id: str | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found out about the cause."""

    id: str
    text: str
    at: datetime
    user_id: str


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What an audience is told. A draft has no `published_at`; `corrected_at` says when its text was replaced."""

    id: str
    audience: Audience
    text: str
    user_id: str
    created_at: datetime
    published_at: datetime | None = None
    corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Work waits for somebody else."""

    reason: HoldReason
    since: datetime
    until: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SlaClock:
    """One SLA clock. `due_at` is None while it is paused (then `remaining` seconds are left)."""

    kind: ClockKind
    target_seconds: int
    due_at: datetime | None
    remaining: float | None = None
    at_risk: bool = False
    met_at: datetime | None = None
    breached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """The post-incident review."""

    state: ReviewState = ReviewState.NOT_STARTED
    what_happened: str | None = None
    contributing_factors: tuple[str, ...] = ()
    impact: str | None = None
    went_well: str | None = None
    went_badly: str | None = None
    insights: str | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Major:
    """The accelerated process for what hits the business."""

    state: MajorState = MajorState.NONE
    business_impact: str | None = None
    declared_at: datetime | None = None
    stood_down_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A time that was corrected: `original` is what was recorded first and stays visible."""

    what: Correctable
    original: datetime | None
    corrected: datetime
    at: datetime
    user_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merged incident was before, so that it can be again. `closes_at`: when it would have been closed."""

    into: str
    status: Status
    at: datetime
    keys: tuple[str, ...] = ()
    closes_at: datetime | None = None


MOST_ALERTS = 100
MOST_MORE = 1_000
"""Fingerprints that are remembered of the alerts beyond MOST_ALERTS."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition at a source, with what its events said.

    key: the open key under which it came. fired_at: when it began to fire, this time; received_at and said_at: of the
    last event that counted, by our clock and by the source's (None when it does not say).
    """

    fingerprint: str
    integration_id: str
    key: str
    fired_at: datetime
    received_at: datetime
    first_event_id: str
    last_event_id: str
    summary: str | None = None
    source: str | None = None
    severity: Severity | None = None
    labels: dict[str, str] = field(default_factory=dict)
    said_at: datetime | None = None
    resolved_at: datetime | None = None
    events: int = 1

    @property
    def is_firing(self) -> bool:
        """Whether its source has not said that it is over."""
        return self.resolved_at is None


@dataclass(frozen=True, slots=True)
class Incident:
    """The unit of response. Times are aware UTC; `rank` is the priority's (or the provisional one's) 1..5.

    keys: every dedup key it ever held; open_keys: those that it holds now. words: by which it is found.
    source: the name of what reported it ("grafana"), as the reporter gave it.
    next_update_due_at: when people expect the next status update; in the past, it is overdue.
    alerts: the first ones; of those beyond, the fingerprints that fire (more_firing), and how many there were
    (more_alerts).
    """

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
    team_ids: tuple[str, ...] = ()
    environment: str | None = None
    source: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    impact_began_at: datetime | None = None
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
    category_corrected: bool = False
    open_keys: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    more_firing: tuple[str, ...] = ()
    more_alerts: int = 0
    repeats: int = 0
    repeats_untold: int = 0
    repeats_told_at: datetime | None = None
    escalation: Escalation = field(default_factory=Escalation)
    pages: tuple[Page, ...] = ()
    timers: dict[str, datetime] = field(default_factory=dict)
    assignee_id: str | None = None
    responders: tuple[Responder, ...] = ()
    responder_requests: tuple[ResponderRequest, ...] = ()
    tasks: tuple[Task, ...] = ()
    findings: tuple[Finding, ...] = ()
    root_cause: str | None = None
    status_updates: tuple[StatusUpdate, ...] = ()
    next_update_due_at: datetime | None = None
    hold: Hold | None = None
    sla: tuple[SlaClock, ...] = ()
    major: Major = field(default_factory=Major)
    review: Review = field(default_factory=Review)
    corrections: tuple[Correction, ...] = ()
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    canceled_at: datetime | None = None
    reopen_count: int = 0
    workaround: str | None = None
    workaround_worked: bool | None = None
    resolution: str | None = None
    fix: str | None = None
    parent_id: str | None = None
    child_ids: tuple[str, ...] = ()
    related_ids: tuple[str, ...] = ()
    recurrence_of: str | None = None
    merged: Merged | None = None
    merged_from: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    version: int = 1

    @property
    def is_open(self) -> bool:
        """TRIGGERED .. MITIGATED."""
        return self.status in OPEN

    @property
    def firing(self) -> int:
        """How many of its alerts fire."""
        return sum(alert.is_firing for alert in self.alerts) + len(self.more_firing)

    @property
    def is_frozen(self) -> bool:
        """Whether nothing more can be written to it: it is over for good, or lives on in another."""
        return self.status in (Status.CLOSED, Status.MERGED)

    @property
    def is_breached(self) -> bool:
        """Whether any of its SLA clocks ran out."""
        return any(clock.breached_at for clock in self.sla)

    @property
    def reference(self) -> str:
        """What people call it."""
        return f"INC-{self.number}"

    @property
    def standing(self) -> Standing:
        """What filters look at."""
        return Standing(
            self.status,
            self.priority,
            self.service_ids,
            self.team_ids,
            self.category,
            self.assignee_id,
            self.is_breached,
        )

    @property
    def due_at(self) -> datetime | None:
        """The earliest timer."""
        return min(self.timers.values(), default=None)

    def responder(self, user_id: str) -> Responder | None:
        """That responder, if they are one."""
        return next((responder for responder in self.responders if responder.user_id == user_id), None)
