"""`acknowledgeIncident`: take it: its paging stops. A second acknowledger joins as responder."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.context import Info
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError
from services.api.graphql.incidents.mutation import IncidentMutationInput, IncidentMutationSuccess, carry_out
from shared.domain import incident as domain


@strawberry.input
class AcknowledgeIncidentInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class AcknowledgeIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


AcknowledgeIncidentPayload = Annotated[
    AcknowledgeIncidentSuccess
    | errors.ValidationError
    | errors.NotFoundError
    | errors.ForbiddenError
    | InvalidTransitionError
    | ConflictError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("AcknowledgeIncidentPayload"),
]


@strawberry.mutation
async def acknowledge_incident(info: Info, input: AcknowledgeIncidentInput) -> AcknowledgeIncidentPayload | None:
    """Take it: its paging stops. A second acknowledger joins as responder."""
    return await carry_out(info, "acknowledgeIncident", input, domain.acknowledge, AcknowledgeIncidentSuccess)
