"""`setParent`: the incident is part of a larger one, or stands on its own again."""

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    answer,
    carry_out,
    incident_mutation,
)
from services.api.graphql.incidents.together import refuse_unknown, write_together
from shared.domain import relations
from shared.domain.catalog import Role
from shared.domain.commands import Command, Decision, unchanged
from shared.domain.incident import Incident


@strawberry.input
class SetParentInput(IncidentMutationInput):
    """Without a `parentId` it stands on its own again."""

    parent_id: ID | None = None


@strawberry.type
class SetParentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(SetParentSuccess)
async def set_parent(info: Info, input: SetParentInput) -> SetParentSuccess:
    """Make it part of a larger incident. There is one level: a parent has no parent, a child no children."""
    info.context.viewer.require(Role.RESPONDER)
    child = parse_id("Incident", input.id)
    cursor = entry_cursor(info.context.api.tail.head)
    if input.parent_id is not None:
        parent = parse_id("Incident", input.parent_id, ("input", "parentId"))
        await refuse_unknown(info, {("input", "parentId"): parent})
        results = await write_together(info, "setParent", input, (child, parent), relations.set_parent(child, parent))
        return answer(SetParentSuccess, results[child], cursor)
    present = await info.context.api.store.incidents.get(child)
    if present.parent_id is None:
        return await carry_out(info, "setParent", input, _as_it_is, SetParentSuccess)
    decide = relations.remove_parent(child, present.parent_id)
    results = await write_together(info, "setParent", input, (child, present.parent_id), decide)
    return answer(SetParentSuccess, results[child], cursor)


def _as_it_is(incident: Incident, command: Command, now: object) -> Decision[Incident]:
    return unchanged(incident)
