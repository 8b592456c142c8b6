"""`addFinding`: something was found out about the cause."""

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
class AddFindingInput(IncidentMutationInput):
    """What it takes."""

    text: str = strawberry.field()


@strawberry.type
class AddFindingSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(AddFindingSuccess)
async def add_finding(info: Info, input: AddFindingInput) -> AddFindingSuccess:
    """Something was found out about the cause."""
    return await carry_out(info, "addFinding", input, domain.add_finding(input.text), AddFindingSuccess)
