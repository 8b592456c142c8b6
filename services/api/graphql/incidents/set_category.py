"""`setCategory`: say what kind of incident it is; the rules do not say otherwise from then on."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.triage import correct_category


@strawberry.input
class SetCategoryInput(IncidentMutationInput):
    """What it takes."""

    category: str = strawberry.field()
    subcategory: str | None = None


@strawberry.type
class SetCategorySuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(SetCategorySuccess)
async def set_category(info: Info, input: SetCategoryInput) -> SetCategorySuccess:
    """Say what kind of incident it is; the rules do not say otherwise from then on."""
    return await carry_out(
        info, "setCategory", input, correct_category(input.category, input.subcategory), SetCategorySuccess
    )
