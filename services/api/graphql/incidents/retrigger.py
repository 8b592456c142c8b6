"""`retriggerIncident`, `retriggerIncidents`: it broke again while it was mitigated: it pages again."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import retrigger


@strawberry.input
class RetriggerIncidentInput(IncidentMutationInput):
    """What it takes."""

    cause: str = "somebody says that it broke again"


@strawberry.type
class RetriggerIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(RetriggerIncidentSuccess)
async def retrigger_incident(info: Info, input: RetriggerIncidentInput) -> RetriggerIncidentSuccess:
    """It broke again while it was mitigated: it pages again."""
    return await carry_out(info, "retriggerIncident", input, retrigger(input.cause), RetriggerIncidentSuccess)


@strawberry.input
class RetriggerIncidentsInput(BulkInput):
    """What it takes."""

    cause: str = "somebody says that it broke again"


@strawberry.type
class RetriggerIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(RetriggerIncidentsSuccess)
async def retrigger_incidents(info: Info, input: RetriggerIncidentsInput) -> RetriggerIncidentsSuccess:
    """Many broke again at once."""
    return await carry_out_all(info, "retriggerIncidents", input, retrigger(input.cause), RetriggerIncidentsSuccess)
