"""`publishStatusUpdate`: tell an audience at once, or publish a draft (with a last change of its text)."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.commands import Decide
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import Audience, Incident
from shared.domain.status_updates import publish, publish_draft


@strawberry.input
class PublishStatusUpdateInput(IncidentMutationInput):
    """Either the `statusUpdateId` of a draft, or an `audience` with a `text`."""

    audience: Audience | None = None
    text: str | None = None
    status_update_id: strawberry.ID | None = None


@strawberry.type
class PublishStatusUpdateSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(PublishStatusUpdateSuccess)
async def publish_status_update(info: Info, input: PublishStatusUpdateInput) -> PublishStatusUpdateSuccess:
    """Tell an audience at once, or publish a draft (with a last change of its text)."""
    return await carry_out(info, "publishStatusUpdate", input, _decide(input), PublishStatusUpdateSuccess)


def _decide(asked: PublishStatusUpdateInput) -> Decide[Incident]:
    if asked.status_update_id is not None and asked.audience is not None:
        text = "A draft has its audience already."
        raise InvalidInput(Issue(("input", "audience"), "CONFLICTING", text))
    if asked.status_update_id is not None:
        return publish_draft(asked.status_update_id, asked.text)
    if asked.audience is None:
        text = "Name the draft to publish, or an audience."
        raise InvalidInput(Issue(("input", "audience"), "REQUIRED", text))
    return publish(asked.audience, asked.text or "")
