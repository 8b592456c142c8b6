"""`declareMajor`: it is a major incident: the commander on call and those who subscribed to majors are paged."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.major_call import major_call
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import majors as domain


@strawberry.input
class DeclareMajorInput(IncidentMutationInput):
    """What it takes."""

    business_impact: str = strawberry.field()


@strawberry.type
class DeclareMajorSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(DeclareMajorSuccess)
async def declare_major(info: Info, input: DeclareMajorInput) -> DeclareMajorSuccess:
    """It is a major incident: the commander on call and those who subscribed to majors are paged."""
    called = await major_call(info)
    return await carry_out(
        info, "declareMajor", input, domain.declare_major(input.business_impact, called), DeclareMajorSuccess
    )
