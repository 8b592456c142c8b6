"""`reportIncident`: log a new incident, or count a repeat of an open one."""

from datetime import datetime
from itertools import chain
from typing import Any

import msgspec
import strawberry
from strawberry.scalars import JSON

from services.api.graphql import errors
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor
from services.api.graphql.incidents.affected import affected
from services.api.graphql.incidents.mutation import IncidentMutationSuccess, answer
from shared.domain.catalog import Role
from shared.domain.commands import Command, identity
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import Link, LinkKind
from shared.domain.priority import Level, severity_of
from shared.domain.reports import Report
from shared.domain.texts import refuse_text
from shared.store.incidents import Reported

LONGEST_DEDUP_KEY = 255
LARGEST_PAYLOAD = 64 * 1024
DEEPEST_PAYLOAD = 100


@strawberry.input
class LabelInput:
    """One label. The label `severity` (critical, error, warning, info) is evidence for the urgency."""

    key: str
    value: str


@strawberry.input
class LinkInput:
    """An address that belongs to the incident; attachments are given by their address too."""

    url: str
    kind: LinkKind = LinkKind.LINK
    title: str | None = None


@strawberry.input
class ReportIncidentInput:
    """What is known. Impact and urgency are worked out from services and severity unless they are stated.
    `source`: the name of what found it. `payload`: what the source said, word for word; it is kept for 30 days.
    """

    title: str
    description: str | None = None
    service_ids: list[ID] = strawberry.field(default_factory=list)
    environment: str | None = None
    source: str | None = None
    impact: Level | None = None
    urgency: Level | None = None
    impact_began_at: datetime | None = None
    dedup_key: str | None = None
    labels: list[LabelInput] = strawberry.field(default_factory=list)
    links: list[LinkInput] = strawberry.field(default_factory=list)
    payload: JSON | None = None
    note: str | None = None
    idempotency_key: str | None = None


@strawberry.type
class ReportIncidentSuccess(IncidentMutationSuccess):
    """It is logged. `deduplicated`: an open incident with the same key took it in."""

    deduplicated: bool


REPORT_FAILURES: tuple[type[Any], ...] = (
    errors.ValidationError,
    errors.NotFoundError,
    errors.ForbiddenError,
    errors.IdempotencyError,
    errors.UnavailableError,
)


@errors.mutation(ReportIncidentSuccess, REPORT_FAILURES)
async def report_incident(info: Info, input: ReportIncidentInput) -> ReportIncidentSuccess:
    """Log a new incident. It is categorized, prioritized and escalated asynchronously."""
    api = info.context.api
    info.context.viewer.require(Role.RESPONDER)
    payload = _payload(input.payload)
    where = await affected(info, input.service_ids)
    cursor = entry_cursor(api.tail.head)
    command = command_of(info, "reportIncident", input)
    said = _report(input, command, where)
    reported = await api.store.report(said, command, api.settings.reopen_window, payload)
    return _answer(reported, cursor)


def _answer(reported: Reported, cursor: str) -> ReportIncidentSuccess:
    return answer(ReportIncidentSuccess, reported.result, cursor, deduplicated=reported.deduplicated)


def _report(asked: ReportIncidentInput, command: Command, where: dict[str, Any]) -> Report:
    labels = {label.key: label.value for label in asked.labels}
    if len(labels) < len(asked.labels):
        text = "A label key stands there twice."
        raise InvalidInput(Issue(("input", "labels"), "DUPLICATE", text))
    links = (
        Link(identity(command.id, "link", index), link.kind, link.url, link.title)
        for index, link in enumerate(asked.links)
    )
    return Report(
        title=asked.title,
        description=asked.description,
        environment=asked.environment,
        source=asked.source,
        labels=labels,
        links=tuple(links),
        impact_began_at=asked.impact_began_at,
        severity=severity_of(labels.get("severity")),
        stated_impact=asked.impact,
        stated_urgency=asked.urgency,
        key=_open_key(asked.dedup_key, where["service_ids"]),
        **where,
    )


def _payload(given: Any) -> str | None:
    """The payload's JSON text: as text, no key of it can mean anything to the database. Raises InvalidInput."""
    if given is None:
        return None
    if _is_deep(given):
        told = f"The payload nests more than {DEEPEST_PAYLOAD} levels."
        raise InvalidInput(Issue(("input", "payload"), "TOO_DEEP", told))
    text = msgspec.json.encode(given).decode()
    if len(text) > LARGEST_PAYLOAD:
        told = f"The payload has more than {LARGEST_PAYLOAD} characters."
        raise InvalidInput(Issue(("input", "payload"), "LENGTH", told))
    return text


def _is_deep(given: Any) -> bool:
    """Whether it has more levels than every reader of JSON can follow."""
    level: list[Any] = [[given]]
    for _ in range(DEEPEST_PAYLOAD + 1):
        inner = chain.from_iterable(value.values() if isinstance(value, dict) else value for value in level)
        level = [value for value in inner if isinstance(value, dict | list)]
    return bool(level)


def _open_key(dedup_key: str | None, service_keys: tuple[str, ...]) -> str | None:
    """A person's key is unique to the (first) service that it is reported for."""
    if dedup_key is None:
        return None
    if not 1 <= len(dedup_key) <= LONGEST_DEDUP_KEY:
        text = f"A dedup key has 1 to {LONGEST_DEDUP_KEY} characters."
        raise InvalidInput(Issue(("input", "dedupKey"), "LENGTH", text))
    refuse_text("dedupKey", dedup_key)
    return f"report:{service_keys[0] if service_keys else '-'}|{dedup_key}"
