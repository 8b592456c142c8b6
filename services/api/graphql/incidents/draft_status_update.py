"""`draftStatusUpdate`: write a status update without publishing it."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.incident import Audience
from shared.domain.status_updates import draft


@strawberry.input
class DraftStatusUpdateInput(IncidentMutationInput):
    """What it takes."""

    audience: Audience = strawberry.field()
    text: str = strawberry.field()


@strawberry.type
class DraftStatusUpdateSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(DraftStatusUpdateSuccess)
async def draft_status_update(info: Info, input: DraftStatusUpdateInput) -> DraftStatusUpdateSuccess:
    """Write a status update without publishing it."""
    return await carry_out(
        info, "draftStatusUpdate", input, draft(input.audience, input.text), DraftStatusUpdateSuccess
    )
