"""`releaseHold`: it goes on."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import holds as domain


@strawberry.input
class ReleaseHoldInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class ReleaseHoldSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(ReleaseHoldSuccess)
async def release_hold(info: Info, input: ReleaseHoldInput) -> ReleaseHoldSuccess:
    """It goes on."""
    return await carry_out(info, "releaseHold", input, domain.release_hold, ReleaseHoldSuccess)
