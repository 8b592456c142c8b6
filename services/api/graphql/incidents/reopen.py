"""`reopenIncident`, `reopenIncidents`: it came back: it pages again."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import reopen


@strawberry.input
class ReopenIncidentInput(IncidentMutationInput):
    """What it takes."""

    cause: str = "somebody says that it came back"


@strawberry.type
class ReopenIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(ReopenIncidentSuccess)
async def reopen_incident(info: Info, input: ReopenIncidentInput) -> ReopenIncidentSuccess:
    """It came back: it pages again."""
    return await carry_out(info, "reopenIncident", input, reopen(input.cause), ReopenIncidentSuccess)


@strawberry.input
class ReopenIncidentsInput(BulkInput):
    """What it takes."""

    cause: str = "somebody says that it came back"


@strawberry.type
class ReopenIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(ReopenIncidentsSuccess)
async def reopen_incidents(info: Info, input: ReopenIncidentsInput) -> ReopenIncidentsSuccess:
    """Many came back at once."""
    return await carry_out_all(info, "reopenIncidents", input, reopen(input.cause), ReopenIncidentsSuccess)
