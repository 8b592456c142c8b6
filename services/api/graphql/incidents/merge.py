"""`mergeIncidents`: some incidents turned out to be part of another one."""

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.mutation import Asked, IncidentMutationSuccess, answer, incident_mutation
from services.api.graphql.incidents.together import refuse_unknown, write_together
from services.api.graphql.incidents.types import Incident
from shared.domain.errors import InvalidInput, Issue
from shared.domain.relations import merge

MOST_SOURCES = 20


@strawberry.input
class MergeIncidentsInput(Asked):
    """`expectedVersion` is the target's. Either all sources are merged, or none."""

    target_id: ID = strawberry.field()
    source_ids: list[ID] = strawberry.field()


@strawberry.type
class MergeIncidentsSuccess(IncidentMutationSuccess):
    """`incident` is the target, which has the keys and the responders now."""

    sources: list[Incident]


@incident_mutation(MergeIncidentsSuccess)
async def merge_incidents(info: Info, input: MergeIncidentsInput) -> MergeIncidentsSuccess:
    """Merge incidents into one: they end, and what comes under their keys reaches the target. It can be undone."""
    if not 1 <= len(input.source_ids) <= MOST_SOURCES:
        text = f"1 to {MOST_SOURCES} incidents are merged at once."
        raise InvalidInput(Issue(("input", "sourceIds"), "OUT_OF_RANGE", text))
    target = parse_id("Incident", input.target_id, ("input", "targetId"))
    path = ("input", "sourceIds")
    keys = [parse_id("Incident", text, (*path, str(index))) for index, text in enumerate(input.source_ids)]
    named: dict[tuple[str, ...], str] = {(*path, str(index)): key for index, key in enumerate(keys)}
    await refuse_unknown(info, {("input", "targetId"): target, **named})
    cursor = entry_cursor(info.context.api.tail.head)
    sources = tuple(dict.fromkeys(keys))
    decide = merge(tuple(keys), target)
    results = await write_together(info, "mergeIncidents", input, tuple(dict.fromkeys((target, *sources))), decide)
    merged = [Incident.of(results[key].value) for key in sources]
    return answer(MergeIncidentsSuccess, results[target], cursor, sources=merged)
