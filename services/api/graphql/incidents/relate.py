"""`relateIncidents`, `unrelateIncidents`: two incidents have to do with one another, or have not after all."""

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    answer,
    incident_mutation,
)
from services.api.graphql.incidents.together import refuse_unknown, write_together
from shared.domain.relations import relate, unrelate


@strawberry.input
class RelateIncidentsInput(IncidentMutationInput):
    """The two of them."""

    other_id: ID = strawberry.field()


@strawberry.type
class RelateIncidentsSuccess(IncidentMutationSuccess):
    """It is so now, for both."""


@incident_mutation(RelateIncidentsSuccess)
async def relate_incidents(info: Info, input: RelateIncidentsInput) -> RelateIncidentsSuccess:
    """Say that two incidents have to do with one another."""
    one, other = await _pair(info, input.id, input.other_id)
    cursor = entry_cursor(info.context.api.tail.head)
    results = await write_together(info, "relateIncidents", input, (one, other), relate(one, other))
    return answer(RelateIncidentsSuccess, results[one], cursor)


@strawberry.input
class UnrelateIncidentsInput(IncidentMutationInput):
    """The two of them."""

    other_id: ID = strawberry.field()


@strawberry.type
class UnrelateIncidentsSuccess(IncidentMutationSuccess):
    """It is so now, for both."""


@incident_mutation(UnrelateIncidentsSuccess)
async def unrelate_incidents(info: Info, input: UnrelateIncidentsInput) -> UnrelateIncidentsSuccess:
    """Say that two incidents have nothing to do with one another after all."""
    one, other = await _pair(info, input.id, input.other_id)
    cursor = entry_cursor(info.context.api.tail.head)
    results = await write_together(info, "unrelateIncidents", input, (one, other), unrelate(one, other))
    return answer(UnrelateIncidentsSuccess, results[one], cursor)


async def _pair(info: Info, one: ID, other: ID) -> tuple[str, str]:
    path = ("input", "otherId")
    pair = parse_id("Incident", one), parse_id("Incident", other, path)
    await refuse_unknown(info, {path: pair[1]})
    return pair
