"""An event: one received message of a source, as every format is read. Immutable; what it does to an incident stands
in `alerts`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.domain.priority import Severity

LONGEST_KEY = 255
"""Characters of a dedup key, as PagerDuty has it."""

AUTO = "auto:1:"
"""Begins a key that was made here, from what the event says: kind and version, so that the way can change."""


class EventAction(StrEnum):
    """What the source says of its alert."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class Reason(StrEnum):
    """Why an event cannot be processed."""

    NOT_JSON = "NOT_JSON"
    WRONG_SHAPE = "WRONG_SHAPE"
    TOO_LARGE = "TOO_LARGE"
    TOO_DEEP = "TOO_DEEP"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    MAPPING_FAILED = "MAPPING_FAILED"
    REFUSED = "REFUSED"


class Unprocessable(Exception):
    """A message that no event can be made of: its kind, and sentences for whoever sent it."""

    def __init__(self, reason: Reason, *errors: str) -> None:
        super().__init__(" ".join(errors))
        self.reason = reason
        self.errors = errors


@dataclass(frozen=True, slots=True)
class EventLink:
    """An address that a source gives along."""

    url: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What a source says of one of its alerts.

    key: the source's dedup key, by which events reach the same incident (made here when the source gave none).
    fingerprint: which alert of that incident; the key itself when an incident has only one.
    summary: what is wrong, one line; only a trigger must have it, and then it is not empty.
    at: when it happened by the source's clock, aware; None when the source does not say.
    labels: what grouping, silences and people look at; keys and values are fit to be kept.
    """

    action: EventAction
    key: str
    fingerprint: str
    summary: str | None = None
    source: str | None = None
    severity: Severity | None = None
    at: datetime | None = None
    description: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[EventLink, ...] = ()
