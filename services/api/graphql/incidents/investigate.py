"""`investigateIncident`: search for the cause; counts as an acknowledgement when there was none."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.context import Info
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError
from services.api.graphql.incidents.mutation import IncidentMutationInput, IncidentMutationSuccess, carry_out
from shared.domain import incident as domain


@strawberry.input
class InvestigateIncidentInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class InvestigateIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


InvestigateIncidentPayload = Annotated[
    InvestigateIncidentSuccess
    | errors.ValidationError
    | errors.NotFoundError
    | errors.ForbiddenError
    | InvalidTransitionError
    | ConflictError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("InvestigateIncidentPayload"),
]


@strawberry.mutation
async def investigate_incident(info: Info, input: InvestigateIncidentInput) -> InvestigateIncidentPayload | None:
    """Search for the cause; counts as an acknowledgement when there was none."""
    return await carry_out(info, "investigateIncident", input, domain.investigate, InvestigateIncidentSuccess)
