"""`recordFix`: what was changed for good, before or after the resolution."""

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
class RecordFixInput(IncidentMutationInput):
    """What it takes."""

    fix: str = strawberry.field()


@strawberry.type
class RecordFixSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(RecordFixSuccess)
async def record_fix(info: Info, input: RecordFixInput) -> RecordFixSuccess:
    """What was changed for good, before or after the resolution."""
    return await carry_out(info, "recordFix", input, domain.record_fix(input.fix), RecordFixSuccess)
