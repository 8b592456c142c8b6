"""`holdIncident`, `holdIncidents`: wait for somebody else."""

from datetime import datetime

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.holds import hold
from shared.domain.incident import HoldReason


@strawberry.input
class HoldIncidentInput(IncidentMutationInput):
    """What it takes."""

    reason: HoldReason = strawberry.field()
    until: datetime | None = None


@strawberry.type
class HoldIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(HoldIncidentSuccess)
async def hold_incident(info: Info, input: HoldIncidentInput) -> HoldIncidentSuccess:
    """Wait for somebody else, until a time if one is given; the resolve clock is paused."""
    return await carry_out(
        info, "holdIncident", input, hold(input.reason, input.note, input.until), HoldIncidentSuccess
    )


@strawberry.input
class HoldIncidentsInput(BulkInput):
    """What it takes."""

    reason: HoldReason = strawberry.field()
    until: datetime | None = None


@strawberry.type
class HoldIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(HoldIncidentsSuccess)
async def hold_incidents(info: Info, input: HoldIncidentsInput) -> HoldIncidentsSuccess:
    """Many wait for the same."""
    return await carry_out_all(
        info, "holdIncidents", input, hold(input.reason, input.note, input.until), HoldIncidentsSuccess
    )
