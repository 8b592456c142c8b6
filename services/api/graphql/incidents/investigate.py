"""`investigateIncident`, `investigateIncidents`: search for the cause."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import investigate


@strawberry.input
class InvestigateIncidentInput(IncidentMutationInput):
    """What it takes."""


@strawberry.type
class InvestigateIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(InvestigateIncidentSuccess)
async def investigate_incident(info: Info, input: InvestigateIncidentInput) -> InvestigateIncidentSuccess:
    """Search for the cause. Counts as an acknowledgement when there was none."""
    return await carry_out(info, "investigateIncident", input, investigate, InvestigateIncidentSuccess)


@strawberry.input
class InvestigateIncidentsInput(BulkInput):
    """What it takes."""


@strawberry.type
class InvestigateIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(InvestigateIncidentsSuccess)
async def investigate_incidents(info: Info, input: InvestigateIncidentsInput) -> InvestigateIncidentsSuccess:
    """Search for the cause of many at once."""
    return await carry_out_all(info, "investigateIncidents", input, investigate, InvestigateIncidentsSuccess)
