"""`resolveIncident`, `resolveIncidents`: the incident is over."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.transitions import resolve


@strawberry.input
class ResolveIncidentInput(IncidentMutationInput):
    """`statusUpdate`: the last word for every audience that was told anything; without it they hear that it is over."""

    resolution: str | None = None
    fix: str | None = None
    status_update: str | None = None


@strawberry.type
class ResolveIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(ResolveIncidentSuccess)
async def resolve_incident(info: Info, input: ResolveIncidentInput) -> ResolveIncidentSuccess:
    """The incident is over. The permanent fix is recorded apart from the workaround."""
    closure = (await info.context.api.store.organization.settings()).closure
    decide = resolve(input.resolution, input.fix, closure, last_word=input.status_update)
    return await carry_out(info, "resolveIncident", input, decide, ResolveIncidentSuccess)


@strawberry.input
class ResolveIncidentsInput(BulkInput):
    """`statusUpdate`: the last word for every audience that was told anything; without it they hear that it is over."""

    resolution: str | None = None
    fix: str | None = None
    status_update: str | None = None


@strawberry.type
class ResolveIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(ResolveIncidentsSuccess)
async def resolve_incidents(info: Info, input: ResolveIncidentsInput) -> ResolveIncidentsSuccess:
    """Many are over at once."""
    closure = (await info.context.api.store.organization.settings()).closure
    decide = resolve(input.resolution, input.fix, closure, last_word=input.status_update)
    return await carry_out_all(info, "resolveIncidents", input, decide, ResolveIncidentsSuccess)
