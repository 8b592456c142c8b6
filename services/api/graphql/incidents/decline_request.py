"""`declineResponderRequest`: you were asked to join, and do not come."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.responders import decline_request


@strawberry.input
class DeclineResponderRequestInput(IncidentMutationInput):
    """What it takes."""

    reason: str | None = None


@strawberry.type
class DeclineResponderRequestSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(DeclineResponderRequestSuccess)
async def decline_responder_request(info: Info, input: DeclineResponderRequestInput) -> DeclineResponderRequestSuccess:
    """You were asked to join, and do not come."""
    return await carry_out(
        info, "declineResponderRequest", input, decline_request(input.reason), DeclineResponderRequestSuccess
    )
