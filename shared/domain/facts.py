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
    """Frozen: later signals open a new incident."""

    name: ClassVar[str] = "closed"
    review: str | None = None
    insights: str | None = None


@dataclass(frozen=True, slots=True)
class Canceled(Fact):
    """A false alarm; left out of the measures."""

    name: ClassVar[str] = "canceled"
    reason: str
    canceled_pages: int = 0


@dataclass(frozen=True, slots=True)
class ResponderAdded(Fact):
    """A person works on it too."""

    name: ClassVar[str] = "responder_added"
    user_id: str


@dataclass(frozen=True, slots=True)
class NoteAdded(Fact):
    """A person wrote something down."""

    name: ClassVar[str] = "note_added"
    text: str


@dataclass(frozen=True, slots=True)
class PageDecided:
    """A page inside `Escalated`: its notification id and whom it calls through what."""

    notification_id: str
    user_id: str
    channel: str


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
class Revoked(Fact):
    """An API token lost its power."""

    name: ClassVar[str] = "revoked"
    aggregate: ClassVar[str] = "token"


def incident_facts() -> tuple[type[Fact], ...]:
    """Every fact class of the incident, in the order of this file."""
    kinds = {kind.name: kind for kind in Fact.__subclasses__()}  # slots=True leaves each class's first form behind
    return tuple(kind for kind in kinds.values() if kind.aggregate == "incident" and kind is not Created)
