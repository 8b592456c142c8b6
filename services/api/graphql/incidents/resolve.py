"""`resolveIncident`: the incident is over. The permanent fix is recorded apart from the workaround."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.context import Info
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError
from services.api.graphql.incidents.mutation import IncidentMutationInput, IncidentMutationSuccess, carry_out
from shared.domain import incident as domain


@strawberry.input
class ResolveIncidentInput(IncidentMutationInput):
    """What it takes."""

    resolution: str | None = None
    fix: str | None = None


@strawberry.type
class ResolveIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


ResolveIncidentPayload = Annotated[
    ResolveIncidentSuccess
    | errors.ValidationError
    | errors.NotFoundError
    | errors.ForbiddenError
    | InvalidTransitionError
    | ConflictError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("ResolveIncidentPayload"),
]


@strawberry.mutation
async def resolve_incident(info: Info, input: ResolveIncidentInput) -> ResolveIncidentPayload | None:
    """The incident is over. The permanent fix is recorded apart from the workaround."""
    return await carry_out(
        info, "resolveIncident", input, domain.resolve(input.resolution, input.fix), ResolveIncidentSuccess
    )
