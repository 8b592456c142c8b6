"""`assignIncident`, `assignIncidents`: give it to somebody, who is paged."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from services.api.graphql.users.lookups import reachable_user
from shared.domain.responders import assign


@strawberry.input
class AssignIncidentInput(IncidentMutationInput):
    """What it takes."""

    user_id: strawberry.ID = strawberry.field()


@strawberry.type
class AssignIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(AssignIncidentSuccess)
async def assign_incident(info: Info, input: AssignIncidentInput) -> AssignIncidentSuccess:
    """Give it to somebody, who is paged. The escalation goes on until it is acknowledged."""
    person = await reachable_user(info, input.user_id)
    decide = assign(person.id, {person.id: person.reachable_by()})
    return await carry_out(info, "assignIncident", input, decide, AssignIncidentSuccess)


@strawberry.input
class AssignIncidentsInput(BulkInput):
    """What it takes."""

    user_id: strawberry.ID = strawberry.field()


@strawberry.type
class AssignIncidentsSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(AssignIncidentsSuccess)
async def assign_incidents(info: Info, input: AssignIncidentsInput) -> AssignIncidentsSuccess:
    """Give many to one person."""
    person = await reachable_user(info, input.user_id)
    decide = assign(person.id, {person.id: person.reachable_by()})
    return await carry_out_all(info, "assignIncidents", input, decide, AssignIncidentsSuccess)
