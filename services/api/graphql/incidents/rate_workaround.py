"""`rateWorkaround`: whether the workaround did restore the service; measures believe it."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import diagnosis as domain


@strawberry.input
class RateWorkaroundInput(IncidentMutationInput):
    """What it takes."""

    worked: bool = strawberry.field()


@strawberry.type
class RateWorkaroundSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(RateWorkaroundSuccess)
async def rate_workaround(info: Info, input: RateWorkaroundInput) -> RateWorkaroundSuccess:
    """Whether the workaround did restore the service; measures believe it."""
    return await carry_out(
        info, "rateWorkaround", input, domain.rate_workaround(worked=input.worked), RateWorkaroundSuccess
    )
