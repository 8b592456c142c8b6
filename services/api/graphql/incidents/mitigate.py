"""`mitigateIncident`: service is restored by a workaround; the cause is not removed."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.context import Info
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError
from services.api.graphql.incidents.mutation import IncidentMutationInput, IncidentMutationSuccess, carry_out
from shared.domain import incident as domain


@strawberry.input
class MitigateIncidentInput(IncidentMutationInput):
    """What it takes."""

    workaround: str = strawberry.field()


@strawberry.type
class MitigateIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


MitigateIncidentPayload = Annotated[
    MitigateIncidentSuccess
    | errors.ValidationError
    | errors.NotFoundError
    | errors.ForbiddenError
    | InvalidTransitionError
    | ConflictError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("MitigateIncidentPayload"),
]


@strawberry.mutation
async def mitigate_incident(info: Info, input: MitigateIncidentInput) -> MitigateIncidentPayload | None:
    """Service is restored by a workaround; the cause is not removed."""
    return await carry_out(info, "mitigateIncident", input, domain.mitigate(input.workaround), MitigateIncidentSuccess)
