"""`setRootCause`: what caused it, as far as is known now."""

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
class SetRootCauseInput(IncidentMutationInput):
    """What it takes."""

    root_cause: str = strawberry.field()


@strawberry.type
class SetRootCauseSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(SetRootCauseSuccess)
async def set_root_cause(info: Info, input: SetRootCauseInput) -> SetRootCauseSuccess:
    """What caused it, as far as is known now."""
    return await carry_out(info, "setRootCause", input, domain.set_root_cause(input.root_cause), SetRootCauseSuccess)
