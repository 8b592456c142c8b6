"""`updateReview`: write parts of the post-incident review; what is not given stays as it is."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import review as domain

PARTS = ("what_happened", "contributing_factors", "impact", "went_well", "went_badly", "insights")


@strawberry.input
class UpdateReviewInput(IncidentMutationInput):
    """What it takes."""

    what_happened: str | None = strawberry.UNSET
    contributing_factors: list[str] | None = strawberry.UNSET
    impact: str | None = strawberry.UNSET
    went_well: str | None = strawberry.UNSET
    went_badly: str | None = strawberry.UNSET
    insights: str | None = strawberry.UNSET


@strawberry.type
class UpdateReviewSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(UpdateReviewSuccess)
async def update_review(info: Info, input: UpdateReviewInput) -> UpdateReviewSuccess:
    """Write parts of the post-incident review; what is not given stays as it is."""
    given = {name: getattr(input, name) for name in PARTS if getattr(input, name) is not strawberry.UNSET}
    if "contributing_factors" in given:
        given["contributing_factors"] = tuple(given["contributing_factors"] or ())
    return await carry_out(info, "updateReview", input, domain.update_review(given), UpdateReviewSuccess)
