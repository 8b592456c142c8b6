"""`unmergeIncident`: undo a merge."""

import strawberry

from services.api.graphql.commands import command_of
from services.api.graphql.context import Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    answer,
    incident_mutation,
)
from services.api.graphql.incidents.together import write_together
from services.api.graphql.incidents.types import Incident
from shared.domain.catalog import Role
from shared.domain.changes import refusal
from shared.domain.commands import Command
from shared.domain.lifecycle import Action
from shared.domain.relations import unmerge


@strawberry.input
class UnmergeIncidentInput(IncidentMutationInput):
    """The merged incident."""


@strawberry.type
class UnmergeIncidentSuccess(IncidentMutationSuccess):
    """`incident` is what it was before the merge; it was taken out of `target`."""

    target: Incident


@incident_mutation(UnmergeIncidentSuccess)
async def unmerge_incident(info: Info, input: UnmergeIncidentInput) -> UnmergeIncidentSuccess:
    """Take a merged incident out again, with its keys. If it was TRIGGERED, it pages again."""
    info.context.viewer.require(Role.RESPONDER)
    source = parse_id("Incident", input.id)
    cursor = entry_cursor(info.context.api.tail.head)
    target = await _target(info, source, command_of(info, "unmergeIncident", input))
    results = await write_together(info, "unmergeIncident", input, (source, target), unmerge(source, target))
    return answer(UnmergeIncidentSuccess, results[source], cursor, target=Incident.of(results[target].value))


async def _target(info: Info, source: str, command: Command) -> str:
    """What it is merged into; for a repeated command what it was merged into then."""
    store = info.context.api.store
    if command.key and (chosen := await store.command_targets.find(command.id)):
        return store.command_targets.recreated(chosen, command).value.incident_ids[0]
    present = await store.incidents.get(source)
    if present.merged is None:
        raise refusal(present, Action.UNMERGE)
    if command.key:
        await store.remember((present.merged.into,), command)
    return present.merged.into
