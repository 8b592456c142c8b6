"""`unacknowledgeIncident`, `unacknowledgeIncidents`: give it back: it pages again from the first step."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import unacknowledge


@strawberry.input
class UnacknowledgeIncidentInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class UnacknowledgeIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(UnacknowledgeIncidentSuccess)
async def unacknowledge_incident(info: Info, input: UnacknowledgeIncidentInput) -> UnacknowledgeIncidentSuccess:
    """Give it back: it pages again from the first step."""
    return await carry_out(info, "unacknowledgeIncident", input, unacknowledge, UnacknowledgeIncidentSuccess)


@strawberry.input
class UnacknowledgeIncidentsInput(BulkInput):
    """What it takes."""


@strawberry.type
class UnacknowledgeIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(UnacknowledgeIncidentsSuccess)
async def unacknowledge_incidents(info: Info, input: UnacknowledgeIncidentsInput) -> UnacknowledgeIncidentsSuccess:
    """Give many back at once."""
    return await carry_out_all(info, "unacknowledgeIncidents", input, unacknowledge, UnacknowledgeIncidentsSuccess)
