"""`closeIncident`, `closeIncidents`: freeze it after the review; later signals open a new incident."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import close


@strawberry.input
class CloseIncidentInput(IncidentMutationInput):
    """What it takes."""

    insights: str | None = None


@strawberry.type
class CloseIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(CloseIncidentSuccess)
async def close_incident(info: Info, input: CloseIncidentInput) -> CloseIncidentSuccess:
    """Freeze it after the review; later signals open a new incident. Open review tasks keep it from that."""
    return await carry_out(info, "closeIncident", input, close(input.insights), CloseIncidentSuccess)


@strawberry.input
class CloseIncidentsInput(BulkInput):
    """What it takes."""

    insights: str | None = None


@strawberry.type
class CloseIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(CloseIncidentsSuccess)
async def close_incidents(info: Info, input: CloseIncidentsInput) -> CloseIncidentsSuccess:
    """Freeze many at once."""
    return await carry_out_all(info, "closeIncidents", input, close(input.insights), CloseIncidentsSuccess)
