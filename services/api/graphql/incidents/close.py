"""`closeIncident`: freeze it after the review; later signals open a new incident."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.context import Info
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError
from services.api.graphql.incidents.mutation import IncidentMutationInput, IncidentMutationSuccess, carry_out
from shared.domain import incident as domain


@strawberry.input
class CloseIncidentInput(IncidentMutationInput):
    """What it takes."""

    review: str | None = None
    insights: str | None = None


@strawberry.type
class CloseIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


CloseIncidentPayload = Annotated[
    CloseIncidentSuccess
    | errors.ValidationError
    | errors.NotFoundError
    | errors.ForbiddenError
    | InvalidTransitionError
    | ConflictError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("CloseIncidentPayload"),
]


@strawberry.mutation
async def close_incident(info: Info, input: CloseIncidentInput) -> CloseIncidentPayload | None:
    """Freeze it after the review; later signals open a new incident."""
    return await carry_out(
        info, "closeIncident", input, domain.close(input.review, input.insights), CloseIncidentSuccess
    )
