"""Facts: what happened, in the past tense. They are the timeline, the log and what the broker carries.

A fact holds people's and things' ids, never names (people can be forgotten). Additive changes only: a field
that was published is never renamed or removed within version 1.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fact:
    """Base of all facts. `name` is the last part of the event's type and the middle of its routing key."""

    name: ClassVar[str]
    aggregate: ClassVar[str] = "incident"

    def data(self) -> dict[str, Any]:
        """The fact's own fields, without those that are empty."""
        return {key: value for key, value in asdict(self).items() if value not in (None, (), {}, "")}


@dataclass(frozen=True, slots=True)
class Triggered(Fact):
    """An incident was logged. `provisional` is its priority by the raw input, until triage speaks."""

    name: ClassVar[str] = "triggered"
    number: int
    title: str
    provisional: str
    service_ids: tuple[str, ...] = ()
    severity: str | None = None
    impact_began_at: datetime | None = None
    environment: str | None = None
    source: str | None = None
    recurrence_of: str | None = None


@dataclass(frozen=True, slots=True)
class Categorized(Fact):
    """A rule, or a person, said what kind of incident it is."""

    name: ClassVar[str] = "categorized"
    category: str
    subcategory: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class Prioritized(Fact):
    """The priority was computed; `explanation` says by which rule from which inputs."""

    name: ClassVar[str] = "prioritized"
    priority: str
    impact: str
    urgency: str
    explanation: str


@dataclass(frozen=True, slots=True)
class PriorityOverridden(Fact):
    """A person set the priority; it stays until it is released."""

    name: ClassVar[str] = "priority_overridden"
    priority: str
    was: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PriorityReleased(Fact):
    """A person's priority was given up: triage speaks again."""

    name: ClassVar[str] = "priority_released"
    was: str


@dataclass(frozen=True, slots=True)
class Edited(Fact):
    """What was known at first was put right: the fields with their values before and after."""

    name: ClassVar[str] = "edited"
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Acknowledged(Fact):
    """Someone took it: paging is over. `canceled_pages` counts the pages that had not left yet."""

    name: ClassVar[str] = "acknowledged"
    canceled_pages: int = 0


@dataclass(frozen=True, slots=True)
class Unacknowledged(Fact):
    """It was given back; a new escalation cycle begins."""

    name: ClassVar[str] = "unacknowledged"


@dataclass(frozen=True, slots=True)
class Investigating(Fact):
    """The search for the cause has begun (or begun again)."""

    name: ClassVar[str] = "investigating"
    canceled_pages: int = 0


@dataclass(frozen=True, slots=True)
class Retriggered(Fact):
    """It broke again while it was mitigated; a new escalation cycle begins."""

    name: ClassVar[str] = "retriggered"
    cause: str


@dataclass(frozen=True, slots=True)
class Mitigated(Fact):
    """Service is restored by a workaround; the cause is not removed."""

    name: ClassVar[str] = "mitigated"
    workaround: str
    canceled_pages: int = 0


@dataclass(frozen=True, slots=True)
class Resolved(Fact):
    """The incident is over. `resolution` says how, `fix` what was changed for good."""

    name: ClassVar[str] = "resolved"
    resolution: str | None = None
    fix: str | None = None
    canceled_pages: int = 0


@dataclass(frozen=True, slots=True)
class Reopened(Fact):
    """It came back; `count` is how often in this incident's life."""

    name: ClassVar[str] = "reopened"
    count: int
    cause: str


@dataclass(frozen=True, slots=True)
class Closed(Fact):
    """Frozen: later signals open a new incident. `why` is said when nobody closed it."""

    name: ClassVar[str] = "closed"
    insights: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ClosureHeldBack(Fact):
    """It would have been closed by itself, but something has to be done first."""

    name: ClassVar[str] = "closure_held_back"
    why: str
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Canceled(Fact):
    """A false alarm; left out of the measures."""

    name: ClassVar[str] = "canceled"
    reason: str
    canceled_pages: int = 0


@dataclass(frozen=True, slots=True)
class PageDecided:
    """A page inside a fact: its notification id and whom it calls through what."""

    notification_id: str
    user_id: str
    channel: str


@dataclass(frozen=True, slots=True)
class Merged(Fact):
    """It lives on in another incident; its keys and responders moved there."""

    name: ClassVar[str] = "merged"
    into: str
    into_number: int
    canceled_pages: int = 0


@dataclass(frozen=True, slots=True)
class Unmerged(Fact):
    """It was taken out of the other incident again, with the keys that were still held there."""

    name: ClassVar[str] = "unmerged"
    out_of: str
    out_of_number: int
    status: str


@dataclass(frozen=True, slots=True)
class Absorbed(Fact):
    """Another incident was merged into this one, with its keys and responders."""

    name: ClassVar[str] = "absorbed"
    incident_id: str
    number: int
    keys: tuple[str, ...] = ()
    responders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitOff(Fact):
    """A merged incident was taken out again."""

    name: ClassVar[str] = "split_off"
    incident_id: str
    number: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParentSet(Fact):
    """It is part of a larger incident."""

    name: ClassVar[str] = "parent_set"
    incident_id: str
    number: int


@dataclass(frozen=True, slots=True)
class ParentRemoved(Fact):
    """It stands on its own again."""

    name: ClassVar[str] = "parent_removed"
    incident_id: str
    number: int


@dataclass(frozen=True, slots=True)
class ChildAdded(Fact):
    """Another incident is part of this one."""

    name: ClassVar[str] = "child_added"
    incident_id: str
    number: int


@dataclass(frozen=True, slots=True)
class ChildRemoved(Fact):
    """Another incident is not part of this one any more."""

    name: ClassVar[str] = "child_removed"
    incident_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Related(Fact):
    """It has to do with another incident."""

    name: ClassVar[str] = "related"
    incident_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Unrelated(Fact):
    """It has nothing to do with another incident after all."""

    name: ClassVar[str] = "unrelated"
    incident_id: str
    number: int


@dataclass(frozen=True, slots=True)
class KeyReleased(Fact):
    """A key came again too late to reopen this incident: a new one has it now."""

    name: ClassVar[str] = "key_released"
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Assigned(Fact):
    """Somebody owns it now (nobody, when there is no user). `why` says why they are not paged."""

    name: ClassVar[str] = "assigned"
    user_id: str | None
    was: str | None = None
    pages: tuple[PageDecided, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ResponderAdded(Fact):
    """A person works on it too; `ceded_by` lost the command by it."""

    name: ClassVar[str] = "responder_added"
    user_id: str
    roles: tuple[str, ...] = ()
    ceded_by: str | None = None


@dataclass(frozen=True, slots=True)
class ResponderRemoved(Fact):
    """A person does not work on it any more."""

    name: ClassVar[str] = "responder_removed"
    user_id: str


@dataclass(frozen=True, slots=True)
class RolesChanged(Fact):
    """What a responder does in the response; `ceded_by` lost the command by it."""

    name: ClassVar[str] = "roles_changed"
    user_id: str
    roles: tuple[str, ...]
    was: tuple[str, ...] = ()
    ceded_by: str | None = None


@dataclass(frozen=True, slots=True)
class ResponderRequested(Fact):
    """A person was asked to join. `why` says why they are not paged."""

    name: ClassVar[str] = "responder_requested"
    user_id: str
    lapses_at: datetime
    role: str | None = None
    pages: tuple[PageDecided, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ResponderRequestAccepted(Fact):
    """They come; `ceded_by` lost the command by it."""

    name: ClassVar[str] = "responder_request_accepted"
    user_id: str
    role: str | None = None
    ceded_by: str | None = None


@dataclass(frozen=True, slots=True)
class ResponderRequestDeclined(Fact):
    """They do not."""

    name: ClassVar[str] = "responder_request_declined"
    user_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ResponderRequestLapsed(Fact):
    """They did not answer in time."""

    name: ClassVar[str] = "responder_request_lapsed"
    user_id: str


@dataclass(frozen=True, slots=True)
class TaskAdded(Fact):
    """There is something to do."""

    name: ClassVar[str] = "task_added"
    task_id: str
    title: str
    source: str
    user_id: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TaskUpdated(Fact):
    """A task was done, given up (with a reason), opened again, or given to somebody."""

    name: ClassVar[str] = "task_updated"
    task_id: str
    title: str
    state: str
    user_id: str | None = None
    due_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FindingAdded(Fact):
    """Something was found out about the cause."""

    name: ClassVar[str] = "finding_added"
    finding_id: str
    text: str


@dataclass(frozen=True, slots=True)
class RootCauseSet(Fact):
    """What caused it, as far as is known now."""

    name: ClassVar[str] = "root_cause_set"
    text: str
    was: str | None = None


@dataclass(frozen=True, slots=True)
class LinkAdded(Fact):
    """An address belongs to it: a page, an attachment, a change, a runbook."""

    name: ClassVar[str] = "link_added"
    link_id: str
    kind: str
    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class LinkRemoved(Fact):
    """An address does not belong to it after all."""

    name: ClassVar[str] = "link_removed"
    link_id: str
    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class WorkaroundRated(Fact):
    """Whether the workaround did restore the service."""

    name: ClassVar[str] = "workaround_rated"
    worked: bool


@dataclass(frozen=True, slots=True)
class FixRecorded(Fact):
    """What was changed for good, written down apart from the resolution."""

    name: ClassVar[str] = "fix_recorded"
    fix: str
    was: str | None = None


@dataclass(frozen=True, slots=True)
class StatusUpdateDrafted(Fact):
    """A status update was written and not published yet."""

    name: ClassVar[str] = "status_update_drafted"
    status_update_id: str
    audience: str
    text: str


@dataclass(frozen=True, slots=True)
class StatusUpdatePublished(Fact):
    """An audience was told. `final` when it is the last one, on resolution."""

    name: ClassVar[str] = "status_update_published"
    status_update_id: str
    audience: str
    text: str
    next_due_at: datetime | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class StatusUpdateCorrected(Fact):
    """What an audience had been told was wrong; `was` is the text before."""

    name: ClassVar[str] = "status_update_corrected"
    status_update_id: str
    audience: str
    text: str
    was: str


@dataclass(frozen=True, slots=True)
class StatusUpdateOverdue(Fact):
    """People expect a status update. `why` says why nobody is reminded."""

    name: ClassVar[str] = "status_update_overdue"
    due_at: datetime
    pages: tuple[PageDecided, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Held(Fact):
    """It waits for somebody else; its resolve clock is paused."""

    name: ClassVar[str] = "held"
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldReleased(Fact):
    """It goes on."""

    name: ClassVar[str] = "hold_released"
    why: str


@dataclass(frozen=True, slots=True)
class MajorProposed(Fact):
    """Somebody thinks that it should be handled as a major incident."""

    name: ClassVar[str] = "major_proposed"
    business_impact: str | None = None


@dataclass(frozen=True, slots=True)
class MajorDeclared(Fact):
    """It is a major incident. The commander on call and the subscribers are paged; `why` says why nobody is."""

    name: ClassVar[str] = "major_declared"
    business_impact: str
    pages: tuple[PageDecided, ...] = ()
    unreachable: tuple[str, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class MajorStoodDown(Fact):
    """It is no major incident any more."""

    name: ClassVar[str] = "major_stood_down"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewUpdated(Fact):
    """The post-incident review was written on: the parts that changed, as they are now."""

    name: ClassVar[str] = "review_updated"
    parts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReviewCompleted(Fact):
    """The post-incident review is done."""

    name: ClassVar[str] = "review_completed"


@dataclass(frozen=True, slots=True)
class TimeCorrected(Fact):
    """A recorded time was wrong; `was` stays visible, and measures follow `corrected`."""

    name: ClassVar[str] = "time_corrected"
    what: str
    corrected: datetime
    reason: str
    was: datetime | None = None


@dataclass(frozen=True, slots=True)
class SlaAtRisk(Fact):
    """A clock has used most of its time."""

    name: ClassVar[str] = "sla.at_risk"
    clock: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class SlaBreached(Fact):
    """A clock ran out."""

    name: ClassVar[str] = "sla.breached"
    clock: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class NoteAdded(Fact):
    """A person wrote something down."""

    name: ClassVar[str] = "note_added"
    text: str


@dataclass(frozen=True, slots=True)
class Escalated(Fact):
    """A step of the policy was taken. `skipped` are the steps before it in which nobody can be reached."""

    name: ClassVar[str] = "escalated"
    cycle: int
    step: int
    policy: str
    pages: tuple[PageDecided, ...]
    next_at: datetime | None = None
    skipped: tuple[int, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class EscalationExhausted(Fact):
    """The policy has no further step. `told` says whether any page of this escalation was delivered."""

    name: ClassVar[str] = "escalation_exhausted"
    cycle: int
    told: bool
    why: str
    retry_at: datetime | None = None
    skipped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NotificationSent(Fact):
    """The channel accepted a page. `late` says that it had been cancelled while it was on its way."""

    name: ClassVar[str] = "notification.sent"
    notification_id: str
    user_id: str
    channel: str
    possible_repeat: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class NotificationFailed(Fact):
    """A page could not be delivered; `action` says what Tocsin does instead."""

    name: ClassVar[str] = "notification.failed"
    notification_id: str
    user_id: str
    channel: str
    error: str
    action: str


@dataclass(frozen=True, slots=True)
class AlertDeduplicated(Fact):
    """Repeats of the same key since the last such fact; at most one fact in ten seconds."""

    name: ClassVar[str] = "alert.deduplicated"
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class AlertFired(Fact):
    """An alert of a source began to fire, or fires again after it was resolved."""

    name: ClassVar[str] = "alert.fired"
    fingerprint: str
    integration_id: str
    summary: str | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class AlertResolved(Fact):
    """A source says that its alert is over; `firing` counts those that are left."""

    name: ClassVar[str] = "alert.resolved"
    fingerprint: str
    integration_id: str
    firing: int = 0


@dataclass(frozen=True, slots=True)
class AlertIgnored(Fact):
    """What a source asked for was not done; `reason` says why."""

    name: ClassVar[str] = "alert.ignored"
    integration_id: str
    asked: str
    reason: str


@dataclass(frozen=True, slots=True)
class SeverityRaised(Fact):
    """An alert is worse than what was known: the priority is weighed again."""

    name: ClassVar[str] = "severity_raised"
    severity: str
    was: str | None = None


@dataclass(frozen=True, slots=True)
class ResolveDelayed(Fact):
    """All alerts are resolved; so will the incident be at `at`, unless one fires again."""

    name: ClassVar[str] = "resolve_delayed"
    at: datetime


@dataclass(frozen=True, slots=True)
class Created(Fact):
    """Something of the catalog (service, user, policy, token ...) came to be."""

    name: ClassVar[str] = "created"
    label: str


@dataclass(frozen=True, slots=True)
class ContactMethodAdded(Fact):
    """A user can be reached in one more way."""

    name: ClassVar[str] = "contact_method_added"
    aggregate: ClassVar[str] = "user"
    contact_method_id: str
    channel: str


@dataclass(frozen=True, slots=True)
class FallbackChosen(Fact):
    """The organisation's fallback policy was set: it pages where no service or policy is known."""

    name: ClassVar[str] = "fallback_chosen"
    aggregate: ClassVar[str] = "organization"
    policy_id: str


@dataclass(frozen=True, slots=True)
class CommanderPolicyChosen(Fact):
    """The policy that pages the incident commander was set."""

    name: ClassVar[str] = "commander_policy_chosen"
    aggregate: ClassVar[str] = "organization"
    policy_id: str


@dataclass(frozen=True, slots=True)
class ClosurePolicyChosen(Fact):
    """When incidents close by themselves, and which are reviewed before, was set."""

    name: ClassVar[str] = "closure_policy_chosen"
    aggregate: ClassVar[str] = "organization"
    auto_close_days: int | None
    review_tasks: tuple[str, ...] = ()
    review_priorities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MajorsSubscribed(Fact):
    """A user wants, or does not want any more, to be paged for major incidents."""

    name: ClassVar[str] = "majors_subscribed"
    aggregate: ClassVar[str] = "user"
    wanted: bool


@dataclass(frozen=True, slots=True)
class ActionItemAdded(Fact):
    """Something is to be done so that an incident does not come again. It outlives the incident."""

    name: ClassVar[str] = "created"
    aggregate: ClassVar[str] = "action_item"
    incident_id: str
    title: str
    user_id: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActionItemUpdated(Fact):
    """An action item was done, given up, opened again, or given to somebody."""

    name: ClassVar[str] = "updated"
    aggregate: ClassVar[str] = "action_item"
    incident_id: str
    title: str
    state: str
    user_id: str | None = None
    due_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class IntegrationChanged(Fact):
    """A source of events has other settings: the names of those that were changed."""

    name: ClassVar[str] = "changed"
    aggregate: ClassVar[str] = "integration"
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyRotated(Fact):
    """A source of events has a new key."""

    name: ClassVar[str] = "key_rotated"
    aggregate: ClassVar[str] = "integration"


@dataclass(frozen=True, slots=True)
class IntegrationRevoked(Fact):
    """A source of events is heard no more."""

    name: ClassVar[str] = "revoked"
    aggregate: ClassVar[str] = "integration"


@dataclass(frozen=True, slots=True)
class Revoked(Fact):
    """An API token lost its power."""

    name: ClassVar[str] = "revoked"
    aggregate: ClassVar[str] = "token"


def incident_facts() -> tuple[type[Fact], ...]:
    """Every fact class of the incident, in the order of this file."""
    # slots=True leaves each class's first form behind
    kinds = {(kind.aggregate, kind.name): kind for kind in Fact.__subclasses__()}
    return tuple(kind for kind in kinds.values() if kind.aggregate == "incident" and kind is not Created)
