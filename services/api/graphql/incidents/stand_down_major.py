"""`standDownMajor`: it is no major incident any more, or a proposal is turned down."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import majors as domain


@strawberry.input
class StandDownMajorInput(IncidentMutationInput):
    """What it takes."""

    reason: str | None = None


@strawberry.type
class StandDownMajorSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(StandDownMajorSuccess)
async def stand_down_major(info: Info, input: StandDownMajorInput) -> StandDownMajorSuccess:
    """It is no major incident any more, or a proposal is turned down."""
    return await carry_out(info, "standDownMajor", input, domain.stand_down_major(input.reason), StandDownMajorSuccess)
