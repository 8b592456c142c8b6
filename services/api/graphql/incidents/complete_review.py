"""`completeReview`: the post-incident review is done, with all its tasks."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import review as domain


@strawberry.input
class CompleteReviewInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class CompleteReviewSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(CompleteReviewSuccess)
async def complete_review(info: Info, input: CompleteReviewInput) -> CompleteReviewSuccess:
    """The post-incident review is done, with all its tasks."""
    return await carry_out(info, "completeReview", input, domain.complete_review, CompleteReviewSuccess)
