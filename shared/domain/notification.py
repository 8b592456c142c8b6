"""A notification: the delivery of one page, or one message, to one contact method.

    PENDING -> SENDING -> SENT | FAILED | CANCELED
       ^---------'  (deferred; or its lease ran out, because the sender died)

Its id is the same however often it is tried, so that the receiver can drop a repeat. A sender that died
between the provider's yes and our note leaves a doubt that nobody can settle: the notification goes out
again, marked as a possible repeat.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.commands import Command, Decide, Decision, identity, unchanged


class Delivery(StrEnum):
    """Where a notification stands."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


ENDED = (Delivery.SENT, Delivery.FAILED, Delivery.CANCELED)


@dataclass(frozen=True, slots=True)
class Notification:
    """The delivery record. `possible_repeat` counts the times it was resent in doubt; `until` ends the
    retries.
    """

    id: str
    incident_id: str
    user_id: str
    contact_method_id: str
    channel: str
    created_at: datetime
    until: datetime | None = None
    status: Delivery = Delivery.PENDING
    attempts: int = 0
    owner: str | None = None
    lease_until: datetime | None = None
    next_at: datetime | None = None
    possible_repeat: int = 0
    sent_at: datetime | None = None
    reference: str | None = None
    error: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Delivered:
    """The channel accepted it; `reference` is the provider's name for it, if it gave one."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: `reason`, and how long the provider asked us to wait."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Never, this way: trying again would not help."""

    reason: str


Outcome = Delivered | Deferred | Refused


def notification_id(incident_id: str, cycle: int, step: int, user_id: str, contact_method_id: str, reason: str) -> str:
    """The one id of this delivery, whoever computes it and however often."""
    return identity("notification", incident_id, cycle, step, user_id, contact_method_id, reason)


def claimed(notification: Notification, owner: str, now: datetime, lease: timedelta) -> Notification:
    """The notification as its sender holds it while it sends."""
    return replace(
        notification,
        status=Delivery.SENDING,
        attempts=notification.attempts + 1,
        owner=owner,
        lease_until=now + lease,
        next_at=None,
    )


def claim(owner: str, lease: timedelta) -> Decide[Notification]:
    """Take it for one attempt, if it is free and due. Unchanged means that it is somebody else's, or not due,
    or over.
    """

    def decide(notification: Notification, command: Command, now: datetime) -> Decision[Notification]:
        match notification.status:
            case Delivery.PENDING:
                if notification.next_at and notification.next_at > now:
                    return unchanged(notification)
                return Decision(claimed(notification, owner, now, lease))
            case Delivery.SENDING:
                if notification.lease_until and notification.lease_until > now:
                    return unchanged(notification)
                doubted = replace(notification, possible_repeat=notification.possible_repeat + 1)
                return Decision(claimed(doubted, owner, now, lease))
            case Delivery.SENT | Delivery.FAILED | Delivery.CANCELED:
                return unchanged(notification)

    return decide


def conclude(outcome: Outcome, owner: str, backoff: timedelta) -> Decide[Notification]:
    """Write down what the channel answered. A deferral past `until` is a failure."""

    def decide(notification: Notification, command: Command, now: datetime) -> Decision[Notification]:
        if notification.status is not Delivery.SENDING or notification.owner != owner:
            return unchanged(notification)
        match outcome:
            case Delivered(reference):
                sent = replace(notification, status=Delivery.SENT, sent_at=now, reference=reference, lease_until=None)
                return Decision(sent)
            case Refused(reason):
                return Decision(_failed(notification, reason))
            case Deferred(reason, after):
                next_at = now + max(backoff, after or timedelta())
                if notification.until and next_at >= notification.until:
                    return Decision(_failed(notification, reason))
                return Decision(
                    replace(notification, status=Delivery.PENDING, next_at=next_at, error=reason, lease_until=None)
                )

    return decide


def cancel(notification: Notification, command: Command, now: datetime) -> Decision[Notification]:
    """It is not wanted any more."""
    if notification.status in ENDED:
        return unchanged(notification)
    return Decision(replace(notification, status=Delivery.CANCELED, lease_until=None, next_at=None))


def _failed(notification: Notification, reason: str) -> Notification:
    return replace(notification, status=Delivery.FAILED, error=reason, lease_until=None, next_at=None)
