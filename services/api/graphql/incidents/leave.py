"""`leaveIncident`: you, or the named user, do not work on it any more. An assignee has to be replaced first."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.ids import parse_id
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.responders import leave


@strawberry.input
class LeaveIncidentInput(IncidentMutationInput):
    """What it takes."""

    user_id: strawberry.ID | None = None


@strawberry.type
class LeaveIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(LeaveIncidentSuccess)
async def leave_incident(info: Info, input: LeaveIncidentInput) -> LeaveIncidentSuccess:
    """You, or the named user, do not work on it any more. An assignee has to be replaced first."""
    person = parse_id("User", input.user_id, ("input", "userId")) if input.user_id is not None else None
    return await carry_out(info, "leaveIncident", input, leave(person), LeaveIncidentSuccess)
