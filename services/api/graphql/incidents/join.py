"""`joinIncident`: work on it too, in these roles."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.incident import ResponderRole
from shared.domain.responders import join


@strawberry.input
class JoinIncidentInput(IncidentMutationInput):
    """What it takes."""

    roles: list[ResponderRole] = strawberry.field(default_factory=list)


@strawberry.type
class JoinIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(JoinIncidentSuccess)
async def join_incident(info: Info, input: JoinIncidentInput) -> JoinIncidentSuccess:
    """Work on it too, in these roles."""
    return await carry_out(info, "joinIncident", input, join(tuple(dict.fromkeys(input.roles))), JoinIncidentSuccess)
