"""`addLink`: an address belongs to it: a page, an attachment, a change, a runbook."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import diagnosis as domain
from shared.domain.incident import LinkKind


@strawberry.input
class AddLinkInput(IncidentMutationInput):
    """What it takes."""

    url: str = strawberry.field()
    kind: LinkKind = LinkKind.LINK
    title: str | None = None


@strawberry.type
class AddLinkSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(AddLinkSuccess)
async def add_link(info: Info, input: AddLinkInput) -> AddLinkSuccess:
    """An address belongs to it: a page, an attachment, a change, a runbook."""
    return await carry_out(info, "addLink", input, domain.add_link(input.kind, input.url, input.title), AddLinkSuccess)
