"""`cancelIncident`, `cancelIncidents`: a false alarm: it is left out of the measures."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import cancel


@strawberry.input
class CancelIncidentInput(IncidentMutationInput):
    """What it takes."""

    reason: str = strawberry.field()


@strawberry.type
class CancelIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(CancelIncidentSuccess)
async def cancel_incident(info: Info, input: CancelIncidentInput) -> CancelIncidentSuccess:
    """A false alarm: it is left out of the measures."""
    return await carry_out(info, "cancelIncident", input, cancel(input.reason), CancelIncidentSuccess)


@strawberry.input
class CancelIncidentsInput(BulkInput):
    """What it takes."""

    reason: str = strawberry.field()


@strawberry.type
class CancelIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(CancelIncidentsSuccess)
async def cancel_incidents(info: Info, input: CancelIncidentsInput) -> CancelIncidentsSuccess:
    """Many were false alarms, for one reason."""
    return await carry_out_all(info, "cancelIncidents", input, cancel(input.reason), CancelIncidentsSuccess)
