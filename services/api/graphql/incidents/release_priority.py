"""`releasePriority`: give up the priority that a person set: triage speaks again."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import triage as domain


@strawberry.input
class ReleasePriorityInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class ReleasePrioritySuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(ReleasePrioritySuccess)
async def release_priority(info: Info, input: ReleasePriorityInput) -> ReleasePrioritySuccess:
    """Give up the priority that a person set: triage speaks again."""
    return await carry_out(info, "releasePriority", input, domain.release_priority, ReleasePrioritySuccess)
