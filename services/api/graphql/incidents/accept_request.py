"""`acceptResponderRequest`: you were asked to join, and come."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.responders import accept_request


@strawberry.input
class AcceptResponderRequestInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class AcceptResponderRequestSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(AcceptResponderRequestSuccess)
async def accept_responder_request(info: Info, input: AcceptResponderRequestInput) -> AcceptResponderRequestSuccess:
    """You were asked to join, and come."""
    return await carry_out(info, "acceptResponderRequest", input, accept_request, AcceptResponderRequestSuccess)
