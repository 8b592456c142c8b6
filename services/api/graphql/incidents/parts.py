"""What an incident is made of, as clients see it: people, tasks, findings, links, status updates, review, clocks."""

from collections.abc import Mapping
from datetime import datetime

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.incidents.timeline import Actor
from services.api.graphql.users.types import User
from shared.domain import actions
from shared.domain import incident as domain
from shared.domain.lifecycle import Action as IncidentAction

strawberry.enum(IncidentAction, name="IncidentAction")
for kind in (
    domain.Prioritization, domain.EscalationState, domain.ResponderRole, domain.RequestState, domain.LinkKind,
    domain.TaskState, domain.TaskSource, domain.Audience, domain.HoldReason, domain.MajorState, domain.ReviewState,
    domain.ClockKind, domain.Correctable,
):  # fmt: skip
    strawberry.enum(kind, name=kind.__name__)


MUTATIONS: Mapping[IncidentAction, tuple[str, ...]] = {
    IncidentAction.ACKNOWLEDGE: ("acknowledgeIncident",),
    IncidentAction.UNACKNOWLEDGE: ("unacknowledgeIncident",),
    IncidentAction.INVESTIGATE: ("investigateIncident",),
    IncidentAction.MITIGATE: ("mitigateIncident",),
    IncidentAction.RETRIGGER: ("retriggerIncident",),
    IncidentAction.RESOLVE: ("resolveIncident",),
    IncidentAction.REOPEN: ("reopenIncident",),
    IncidentAction.CLOSE: ("closeIncident",),
    IncidentAction.CANCEL: ("cancelIncident",),
    IncidentAction.MERGE: ("mergeIncidents",),
    IncidentAction.UNMERGE: ("unmergeIncident",),
    IncidentAction.ADD_NOTE: ("addNote",),
    IncidentAction.EDIT: ("editIncident",),
    IncidentAction.CATEGORIZE: ("setCategory",),
    IncidentAction.OVERRIDE_PRIORITY: ("overridePriority",),
    IncidentAction.RELEASE_PRIORITY: ("releasePriority",),
    IncidentAction.ASSIGN: ("assignIncident",),
    IncidentAction.JOIN: ("joinIncident",),
    IncidentAction.LEAVE: ("leaveIncident",),
    IncidentAction.SET_ROLES: ("setResponderRoles",),
    IncidentAction.REQUEST_RESPONDER: ("requestResponder",),
    IncidentAction.ANSWER_REQUEST: ("acceptResponderRequest", "declineResponderRequest"),
    IncidentAction.DIAGNOSE: ("addFinding", "setRootCause", "addTask", "updateTask", "addLink", "removeLink"),
    IncidentAction.RATE_WORKAROUND: ("rateWorkaround",),
    IncidentAction.RECORD_FIX: ("recordFix",),
    IncidentAction.UPDATE_STATUS: ("publishStatusUpdate", "draftStatusUpdate", "correctStatusUpdate"),
    IncidentAction.HOLD: ("holdIncident",),
    IncidentAction.RELEASE_HOLD: ("releaseHold",),
    IncidentAction.PROPOSE_MAJOR: ("proposeMajor",),
    IncidentAction.DECLARE_MAJOR: ("declareMajor",),
    IncidentAction.STAND_DOWN_MAJOR: ("standDownMajor",),
    IncidentAction.RELATE: ("relateIncidents", "unrelateIncidents"),
    IncidentAction.SET_PARENT: ("setParent",),
    IncidentAction.REVIEW: ("updateReview",),
    IncidentAction.COMPLETE_REVIEW: ("completeReview",),
    IncidentAction.CORRECT_TIME: ("correctIncidentTime",),
}


async def user_of(info: Info, key: str | None) -> User | None:
    """That user, if they exist."""
    found = await info.context.loaders.users.load(key) if key else None
    return User.of(found) if found else None


@strawberry.type
class Label:
    """One label."""

    key: str
    value: str


@strawberry.type
class ActionState:
    """Whether a button should be shown: the mutations behind it, the input fields that they require beside the id, and
    why it is blocked.
    """

    action: IncidentAction
    mutations: list[str]
    allowed: bool
    requires: list[str]
    blocked_by: str | None

    @classmethod
    def of(cls, state: actions.ActionState, blocked_by: str | None = None) -> "ActionState":
        """From the domain's state; `blocked_by` comes first."""
        why = blocked_by or state.blocked_by
        mutations = list(MUTATIONS[state.action])
        return cls(
            action=state.action,
            mutations=mutations,
            allowed=why is None,
            requires=list(state.requires),
            blocked_by=why,
        )


@strawberry.type
class EscalationStatus:
    """Where the escalation stands. `cycle` never resets; `nextStep` counts from 0."""

    state: domain.EscalationState
    cycle: int
    next_step: int
    policy: str | None


@strawberry.type
class Responder:
    """Somebody who works on the incident."""

    joined_at: datetime
    roles: list[domain.ResponderRole]
    key: strawberry.Private[str]

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        """Who it is; null when they do not exist any more."""
        return await user_of(info, self.key)

    @classmethod
    def of(cls, value: domain.Responder) -> "Responder":
        """From the domain's responder."""
        return cls(joined_at=value.joined_at, roles=list(value.roles), key=value.user_id)


@strawberry.type
class ResponderRequest:
    """Somebody was asked to join."""

    role: domain.ResponderRole | None
    state: domain.RequestState
    requested_at: datetime
    lapses_at: datetime
    answered_at: datetime | None
    requested_by: Actor
    key: strawberry.Private[str]

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        """Who was asked."""
        return await user_of(info, self.key)

    @classmethod
    def of(cls, value: domain.ResponderRequest) -> "ResponderRequest":
        """From the domain's request."""
        return cls(
            role=value.role,
            state=value.state,
            requested_at=value.requested_at,
            lapses_at=value.lapses_at,
            answered_at=value.answered_at,
            requested_by=Actor.of(value.requested_by),
            key=value.user_id,
        )


@strawberry.type
class Link:
    """An address that belongs to the incident."""

    id: ID
    kind: domain.LinkKind
    url: str
    title: str | None

    @classmethod
    def of(cls, value: domain.Link) -> "Link":
        """From the domain's link."""
        return cls(id=ID(value.id), kind=value.kind, url=value.url, title=value.title)


@strawberry.type
class Task:
    """Something to do within the response or the review. Open review tasks keep the incident from being closed."""

    id: ID
    title: str
    source: domain.TaskSource
    state: domain.TaskState
    created_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    key: strawberry.Private[str | None]

    @strawberry.field
    async def owner(self, info: Info) -> User | None:
        """Whose it is."""
        return await user_of(info, self.key)

    @classmethod
    def of(cls, value: domain.Task) -> "Task":
        """From the domain's task."""
        return cls(
            id=ID(value.id),
            title=value.title,
            source=value.source,
            state=value.state,
            created_at=value.created_at,
            due_at=value.due_at,
            done_at=value.done_at,
            key=value.owner_id,
        )


@strawberry.type
class Finding:
    """Something that was found out about the cause."""

    id: ID
    text: str
    at: datetime
    key: strawberry.Private[str]

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        """Who found it out."""
        return await user_of(info, self.key)

    @classmethod
    def of(cls, value: domain.Finding) -> "Finding":
        """From the domain's finding."""
        return cls(id=ID(value.id), text=value.text, at=value.at, key=value.user_id)


@strawberry.type
class StatusUpdate:
    """What an audience is told. A draft has no `publishedAt`; `correctedAt` says when its text was replaced."""

    id: ID
    audience: domain.Audience
    text: str
    created_at: datetime
    published_at: datetime | None
    corrected_at: datetime | None
    key: strawberry.Private[str]

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        """Who wrote it."""
        return await user_of(info, self.key)

    @classmethod
    def of(cls, value: domain.StatusUpdate) -> "StatusUpdate":
        """From the domain's status update."""
        return cls(
            id=ID(value.id),
            audience=value.audience,
            text=value.text,
            created_at=value.created_at,
            published_at=value.published_at,
            corrected_at=value.corrected_at,
            key=value.user_id,
        )


@strawberry.type
class Hold:
    """Work waits for somebody else; the resolve clock is paused."""

    reason: domain.HoldReason
    since: datetime
    until: datetime | None
    note: str | None

    @classmethod
    def of(cls, value: domain.Hold) -> "Hold":
        """From the domain's hold."""
        return cls(reason=value.reason, since=value.since, until=value.until, note=value.note)


@strawberry.type
class SlaClock:
    """By when it should be acknowledged, or resolved. `dueAt` is null while the clock is paused."""

    kind: domain.ClockKind
    target_seconds: int
    due_at: datetime | None
    at_risk: bool
    met_at: datetime | None
    breached_at: datetime | None

    @classmethod
    def of(cls, value: domain.SlaClock) -> "SlaClock":
        """From the domain's clock."""
        return cls(
            kind=value.kind,
            target_seconds=value.target_seconds,
            due_at=value.due_at,
            at_risk=value.at_risk,
            met_at=value.met_at,
            breached_at=value.breached_at,
        )


@strawberry.type
class Major:
    """The accelerated process for what hits the business."""

    state: domain.MajorState
    business_impact: str | None
    declared_at: datetime | None
    stood_down_at: datetime | None

    @classmethod
    def of(cls, value: domain.Major) -> "Major":
        """From the domain's value."""
        return cls(
            state=value.state,
            business_impact=value.business_impact,
            declared_at=value.declared_at,
            stood_down_at=value.stood_down_at,
        )


@strawberry.type
class Review:
    """The post-incident review."""

    state: domain.ReviewState
    what_happened: str | None
    contributing_factors: list[str]
    impact: str | None
    went_well: str | None
    went_badly: str | None
    insights: str | None
    completed_at: datetime | None

    @classmethod
    def of(cls, value: domain.Review) -> "Review":
        """From the domain's review."""
        return cls(
            state=value.state,
            what_happened=value.what_happened,
            contributing_factors=list(value.contributing_factors),
            impact=value.impact,
            went_well=value.went_well,
            went_badly=value.went_badly,
            insights=value.insights,
            completed_at=value.completed_at,
        )


@strawberry.type
class TimeCorrection:
    """A time that was corrected; `original` is what was recorded at first."""

    what: domain.Correctable
    original: datetime | None
    corrected: datetime
    at: datetime
    reason: str
    key: strawberry.Private[str]

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        """Who corrected it."""
        return await user_of(info, self.key)

    @classmethod
    def of(cls, value: domain.Correction) -> "TimeCorrection":
        """From the domain's correction."""
        return cls(
            what=value.what,
            original=value.original,
            corrected=value.corrected,
            at=value.at,
            reason=value.reason,
            key=value.user_id,
        )
