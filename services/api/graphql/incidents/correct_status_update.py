"""`correctStatusUpdate`: what an audience was told was wrong. The timeline keeps what it was."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.status_updates import correct


@strawberry.input
class CorrectStatusUpdateInput(IncidentMutationInput):
    """What it takes."""

    status_update_id: strawberry.ID = strawberry.field()
    text: str = strawberry.field()


@strawberry.type
class CorrectStatusUpdateSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(CorrectStatusUpdateSuccess)
async def correct_status_update(info: Info, input: CorrectStatusUpdateInput) -> CorrectStatusUpdateSuccess:
    """What an audience was told was wrong. The timeline keeps what it was."""
    return await carry_out(
        info, "correctStatusUpdate", input, correct(input.status_update_id, input.text), CorrectStatusUpdateSuccess
    )
