"""`proposeMajor`: say that it should be handled as a major incident. Anybody can also declare it at once."""

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
class ProposeMajorInput(IncidentMutationInput):
    """What it takes."""

    business_impact: str | None = None


@strawberry.type
class ProposeMajorSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(ProposeMajorSuccess)
async def propose_major(info: Info, input: ProposeMajorInput) -> ProposeMajorSuccess:
    """Say that it should be handled as a major incident. Anybody can also declare it at once."""
    return await carry_out(
        info, "proposeMajor", input, domain.propose_major(input.business_impact), ProposeMajorSuccess
    )
