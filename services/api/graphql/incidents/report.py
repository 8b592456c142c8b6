"""`reportIncident`: log a new incident, or count a repeat of an open one."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.mutation import IncidentMutationSuccess
from services.api.graphql.incidents.types import Incident
from services.api.graphql.scalars import Cursor
from shared.domain.catalog import Role
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import Report
from shared.domain.priority import Level, severity_of

LONGEST_DEDUP_KEY = 255
MOST_SERVICES = 20


@strawberry.input
class LabelInput:
    """One label. The label `severity` (critical, error, warning, info) is evidence for the urgency."""

    key: str
    value: str


@strawberry.input
class ReportIncidentInput:
    """What is known. Impact and urgency are worked out from services and severity unless they are stated."""

    title: str
    description: str | None = None
    service_ids: list[ID] = strawberry.field(default_factory=list)
    impact: Level | None = None
    urgency: Level | None = None
    dedup_key: str | None = None
    labels: list[LabelInput] = strawberry.field(default_factory=list)
    note: str | None = None
    idempotency_key: str | None = None


@strawberry.type
class ReportIncidentSuccess(IncidentMutationSuccess):
    """It is logged. `deduplicated`: an open incident with the same key took it in."""

    deduplicated: bool


ReportIncidentPayload = Annotated[
    ReportIncidentSuccess
    | errors.ValidationError
    | errors.NotFoundError
    | errors.ForbiddenError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("ReportIncidentPayload"),
]


@strawberry.mutation
async def report_incident(info: Info, input: ReportIncidentInput) -> ReportIncidentPayload | None:
    """Log a new incident. It is categorized, prioritized and escalated asynchronously."""
    api = info.context.api
    info.context.viewer.require(Role.RESPONDER)
    said = _report(input)
    await _refuse_unknown_services(info, said.service_ids)
    cursor = entry_cursor(api.tail.head)
    command = command_of(info, "reportIncident", input)
    reported = await api.store.incidents.report(said, command, api.settings.reopen_window)
    result = reported.result
    return ReportIncidentSuccess(
        incident=Incident.of(result.value),
        cursor=Cursor(cursor),
        changed=result.changed,
        replayed=result.replayed,
        deduplicated=reported.deduplicated,
    )


def _report(asked: ReportIncidentInput) -> Report:
    if len(asked.service_ids) > MOST_SERVICES:
        text = f"An incident affects at most {MOST_SERVICES} services."
        raise InvalidInput(Issue(("input", "serviceIds"), "TOO_MANY", text))
    keys = [parse_id("Service", text, ("input", "serviceIds", str(n))) for n, text in enumerate(asked.service_ids)]
    labels = {label.key: label.value for label in asked.labels}
    return Report(
        title=asked.title,
        description=asked.description,
        service_ids=tuple(dict.fromkeys(keys)),
        labels=labels,
        severity=severity_of(labels.get("severity")),
        stated_impact=asked.impact,
        stated_urgency=asked.urgency,
        key=_open_key(asked.dedup_key, keys),
    )


def _open_key(dedup_key: str | None, service_keys: list[str]) -> str | None:
    """A person's key is unique to the (first) service that it is reported for."""
    if dedup_key is None:
        return None
    if not 1 <= len(dedup_key) <= LONGEST_DEDUP_KEY:
        text = f"A dedup key has 1 to {LONGEST_DEDUP_KEY} characters."
        raise InvalidInput(Issue(("input", "dedupKey"), "LENGTH", text))
    return f"report:{service_keys[0] if service_keys else '-'}|{dedup_key}"


async def _refuse_unknown_services(info: Info, keys: tuple[str, ...]) -> None:
    found = await info.context.loaders.services.load_many(keys) if keys else []
    missing = [n for n, service in enumerate(found) if service is None]
    if missing:
        raise InvalidInput(
            *(Issue(("input", "serviceIds", str(n)), "NOT_FOUND", "There is no such service.") for n in missing)
        )
