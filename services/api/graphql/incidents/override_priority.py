"""`overridePriority`: set the priority, with a reason; it holds until it is released."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import triage as domain
from shared.domain.priority import Priority


@strawberry.input
class OverridePriorityInput(IncidentMutationInput):
    """What it takes."""

    priority: Priority = strawberry.field()
    reason: str = strawberry.field()


@strawberry.type
class OverridePrioritySuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(OverridePrioritySuccess)
async def override_priority(info: Info, input: OverridePriorityInput) -> OverridePrioritySuccess:
    """Set the priority, with a reason; it holds until it is released."""
    return await carry_out(
        info, "overridePriority", input, domain.override_priority(input.priority, input.reason), OverridePrioritySuccess
    )
