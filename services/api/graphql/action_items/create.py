"""`createActionItem`: something is to be done so that an incident does not come again."""

from datetime import datetime

import strawberry

from services.api.graphql import errors
from services.api.graphql.action_items.types import ActionItem
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, key_for
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.users.lookups import known_user
from shared.domain import action_items as domain
from shared.domain.catalog import Role
from shared.domain.errors import InvalidInput, Issue
from shared.store.action_items import MOST_OF_INCIDENT


@strawberry.input
class CreateActionItemInput:
    """It belongs to an incident, closed or not, and outlives it."""

    incident_id: ID
    title: str
    description: str | None = None
    owner_id: ID | None = None
    due_at: datetime | None = None
    note: str | None = None
    idempotency_key: str | None = None


@strawberry.type
class CreateActionItemSuccess:
    """It exists now."""

    action_item: ActionItem
    replayed: bool


@errors.mutation(CreateActionItemSuccess, CATALOG_FAILURES)
async def create_action_item(info: Info, input: CreateActionItemInput) -> CreateActionItemSuccess:
    """Add an action item to an incident."""
    info.context.viewer.require(Role.RESPONDER)
    store = info.context.api.store
    incident = await store.incidents.get(parse_id("Incident", input.incident_id, ("input", "incidentId")))
    if len(await store.action_items.of_incident(incident.id)) >= MOST_OF_INCIDENT:
        text = f"An incident has at most {MOST_OF_INCIDENT} action items."
        raise InvalidInput(Issue(("input", "incidentId"), "TOO_MANY", text))
    command = command_of(info, "createActionItem", input)
    owner = await known_user(info, input.owner_id, "ownerId")
    now = store.clock.now()
    item = domain.ActionItem(
        key_for(command), incident.id, input.title, now, now, input.description, owner, input.due_at
    )
    result = await store.action_items.create(lambda at: domain.create_action_item(item), command)
    return CreateActionItemSuccess(action_item=ActionItem.of(result.value), replayed=result.replayed)
