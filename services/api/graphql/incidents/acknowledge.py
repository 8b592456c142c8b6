"""`acknowledgeIncident`, `acknowledgeIncidents`: take it: its paging stops."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import acknowledge


@strawberry.input
class AcknowledgeIncidentInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class AcknowledgeIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(AcknowledgeIncidentSuccess)
async def acknowledge_incident(info: Info, input: AcknowledgeIncidentInput) -> AcknowledgeIncidentSuccess:
    """Take it: its paging stops. A second acknowledger joins as responder."""
    return await carry_out(info, "acknowledgeIncident", input, acknowledge, AcknowledgeIncidentSuccess)


@strawberry.input
class AcknowledgeIncidentsInput(BulkInput):
    """What it takes."""


@strawberry.type
class AcknowledgeIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(AcknowledgeIncidentsSuccess)
async def acknowledge_incidents(info: Info, input: AcknowledgeIncidentsInput) -> AcknowledgeIncidentsSuccess:
    """Acknowledge many at once."""
    return await carry_out_all(info, "acknowledgeIncidents", input, acknowledge, AcknowledgeIncidentsSuccess)
