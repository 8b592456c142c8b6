"""`correctIncidentTime`: a recorded time was wrong. The original stays visible; measures follow the corrected one."""

from datetime import datetime

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.incident import Correctable
from shared.domain.review import correct_time


@strawberry.input
class CorrectIncidentTimeInput(IncidentMutationInput):
    """What it takes."""

    what: Correctable = strawberry.field()
    at: datetime = strawberry.field()
    reason: str = strawberry.field()


@strawberry.type
class CorrectIncidentTimeSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(CorrectIncidentTimeSuccess)
async def correct_incident_time(info: Info, input: CorrectIncidentTimeInput) -> CorrectIncidentTimeSuccess:
    """A recorded time was wrong. The original stays visible; measures follow the corrected one."""
    return await carry_out(
        info, "correctIncidentTime", input, correct_time(input.what, input.at, input.reason), CorrectIncidentTimeSuccess
    )
