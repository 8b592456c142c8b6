"""`setResponderRoles`: what a responder does. There is one incident commander: a new one takes over."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.ids import parse_id
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.incident import ResponderRole
from shared.domain.responders import set_roles


@strawberry.input
class SetResponderRolesInput(IncidentMutationInput):
    """What it takes."""

    user_id: strawberry.ID = strawberry.field()
    roles: list[ResponderRole] = strawberry.field(default_factory=list)


@strawberry.type
class SetResponderRolesSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(SetResponderRolesSuccess)
async def set_responder_roles(info: Info, input: SetResponderRolesInput) -> SetResponderRolesSuccess:
    """What a responder does. There is one incident commander: a new one takes over."""
    person = parse_id("User", input.user_id, ("input", "userId"))
    return await carry_out(
        info, "setResponderRoles", input, set_roles(person, tuple(dict.fromkeys(input.roles))), SetResponderRolesSuccess
    )
