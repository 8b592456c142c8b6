"""`removeLink`: an address does not belong to it after all."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import diagnosis as domain


@strawberry.input
class RemoveLinkInput(IncidentMutationInput):
    """What it takes."""

    link_id: strawberry.ID = strawberry.field()


@strawberry.type
class RemoveLinkSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(RemoveLinkSuccess)
async def remove_link(info: Info, input: RemoveLinkInput) -> RemoveLinkSuccess:
    """An address does not belong to it after all."""
    return await carry_out(info, "removeLink", input, domain.remove_link(input.link_id), RemoveLinkSuccess)
