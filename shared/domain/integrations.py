"""Integrations: the sources of events, each with its keys, and what its events may do."""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.errors import InvalidInput, Issue
from shared.domain.facts import Created, IntegrationChanged, IntegrationRevoked, KeyRotated
from shared.domain.priority import Severity
from shared.domain.texts import LONGEST_NAME, refuse, text_issues

KEYS_OVERLAP = timedelta(days=7)
"""How long the key before the present one still works, unless it is said otherwise."""

LONGEST_OVERLAP = timedelta(days=90)
LONGEST_RESOLVE_DELAY = 24 * 3600
LONGEST_EXPRESSION = 500
MOST_WORDS = 30
LONGEST_WORD = 50


class Format(StrEnum):
    """How a source writes its events."""

    PAGERDUTY = "PAGERDUTY"
    ALERTMANAGER = "ALERTMANAGER"
    GRAFANA = "GRAFANA"
    CLOUDEVENTS = "CLOUDEVENTS"
    GENERIC = "GENERIC"


class OnAcknowledge(StrEnum):
    """What a source's acknowledgement does."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    NOTHING = "NOTHING"


class OnResolve(StrEnum):
    """What it does to an incident that the last of its alerts is resolved. UNATTENDED: resolve it while no person has
    acted on it.
    """

    RESOLVE = "RESOLVE"
    DELAYED = "DELAYED"
    UNATTENDED = "UNATTENDED"
    NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class Mapping:
    """JMESPath expressions that find an event's parts in a generic JSON message. `title` is the summary."""

    title: str | None = None
    action: str | None = None
    dedup_key: str | None = None
    severity: str | None = None
    source: str | None = None
    description: str | None = None
    at: str | None = None
    labels: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class IntegrationKey:
    """A key that a source shows. Only its SHA-256 is kept."""

    digest: str
    created_at: datetime
    expires_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it still works."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Integration:
    """A source of events. The last of `keys` is the present one.

    service_id: what its incidents hit. severities: the source's own words for severities, in lower case.
    publisher: the name of its broker user, when it publishes over RabbitMQ.
    """

    id: str
    name: str
    format: Format
    created_at: datetime
    service_id: str | None = None
    keys: tuple[IntegrationKey, ...] = ()
    publisher: str | None = None
    mapping: Mapping = field(default_factory=Mapping)
    severities: dict[str, Severity] = field(default_factory=dict)
    on_acknowledge: OnAcknowledge = OnAcknowledge.ACKNOWLEDGE
    on_resolve: OnResolve = OnResolve.RESOLVE
    resolve_delay_seconds: int = 300
    revoked_at: datetime | None = None
    version: int = 1


def create_integration(integration: Integration) -> Decision[Integration]:
    """A new source, its input checked."""
    refuse(_issues(integration))
    return Decision(integration, (Created(integration.name),))


def change_integration(**given: object) -> Decide[Integration]:
    """Other settings: any of name, service_id, mapping, severities, on_acknowledge, on_resolve, resolve_delay_seconds,
    publisher.
    """

    def decide(integration: Integration, command: Command, now: datetime) -> Decision[Integration]:
        after = replace(integration, **given)  # type: ignore[arg-type]
        refuse(_issues(after))
        changed = tuple(name for name in given if getattr(after, name) != getattr(integration, name))
        if not changed:
            return unchanged(integration)
        return Decision(replace(after, version=integration.version + 1), (IntegrationChanged(changed),))

    return decide


def rotate_key(digest: str, overlap: timedelta = KEYS_OVERLAP) -> Decide[Integration]:
    """A new key; the one before goes on working for `overlap`, older ones end. A revoked source gets none."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        text = f"The keys overlap for 0 to {LONGEST_OVERLAP.days} days."
        refuse([Issue(("input", "overlapSeconds"), "OUT_OF_RANGE", text)])

    def decide(integration: Integration, command: Command, now: datetime) -> Decision[Integration]:
        if integration.revoked_at:
            raise InvalidInput(Issue(("input", "id"), "REVOKED", "The integration is revoked: it gets no new key."))
        before = tuple(replace(key, expires_at=now + overlap) for key in integration.keys[-1:])
        keys = (*before, IntegrationKey(digest, now))
        return Decision(replace(integration, keys=keys, version=integration.version + 1), (KeyRotated(),))

    return decide


def revoke_integration(integration: Integration, command: Command, now: datetime) -> Decision[Integration]:
    """The source is heard no more. Revoking twice changes nothing."""
    if integration.revoked_at:
        return unchanged(integration)
    ended = replace(integration, revoked_at=now, keys=(), version=integration.version + 1)
    return Decision(ended, (IntegrationRevoked(),))


def _issues(integration: Integration) -> list[Issue]:
    issues = [*text_issues("name", integration.name, LONGEST_NAME, required=True)]
    issues += [*_word_issues(integration.severities), *_mapping_issues(integration.mapping)]
    if not 0 <= integration.resolve_delay_seconds <= LONGEST_RESOLVE_DELAY:
        text = f"A resolution is delayed by 0 to {LONGEST_RESOLVE_DELAY} seconds."
        issues.append(Issue(("input", "resolveDelaySeconds"), "OUT_OF_RANGE", text))
    return issues


def _mapping_issues(mapping: Mapping) -> list[Issue]:
    issues: list[Issue] = []
    for part in fields(mapping):
        first, *rest = part.name.split("_")
        name = first + "".join(word.title() for word in rest)
        issues += text_issues(f"mapping.{name}", getattr(mapping, part.name), LONGEST_EXPRESSION)
    return issues


def _word_issues(severities: dict[str, Severity]) -> list[Issue]:
    issues: list[Issue] = []
    if len(severities) > MOST_WORDS:
        text = f"A source has at most {MOST_WORDS} words for severities."
        issues.append(Issue(("input", "severities"), "TOO_MANY", text))
    for index, word in enumerate(severities):
        issues += text_issues(f"severities.{index}.word", word, LONGEST_WORD, required=True)
    return issues
