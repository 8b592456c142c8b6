"""`mitigateIncident`, `mitigateIncidents`: service is restored by a workaround; the cause is not removed."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import mitigate


@strawberry.input
class MitigateIncidentInput(IncidentMutationInput):
    """What it takes."""

    workaround: str = strawberry.field()


@strawberry.type
class MitigateIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(MitigateIncidentSuccess)
async def mitigate_incident(info: Info, input: MitigateIncidentInput) -> MitigateIncidentSuccess:
    """Service is restored by a workaround; the cause is not removed."""
    return await carry_out(info, "mitigateIncident", input, mitigate(input.workaround), MitigateIncidentSuccess)


@strawberry.input
class MitigateIncidentsInput(BulkInput):
    """What it takes."""

    workaround: str = strawberry.field()


@strawberry.type
class MitigateIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(MitigateIncidentsSuccess)
async def mitigate_incidents(info: Info, input: MitigateIncidentsInput) -> MitigateIncidentsSuccess:
    """The same workaround restored the service for many."""
    return await carry_out_all(info, "mitigateIncidents", input, mitigate(input.workaround), MitigateIncidentsSuccess)
