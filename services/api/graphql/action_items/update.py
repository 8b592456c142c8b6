"""`updateActionItem`: it is done, given up with a reason, opened again, or given to somebody."""

from datetime import datetime

import strawberry

from services.api.graphql import errors
from services.api.graphql.action_items.types import ActionItem
from services.api.graphql.catalog_mutation import CATALOG_FAILURES
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.users.lookups import changed_owner
from shared.domain import action_items as domain
from shared.domain.catalog import Role
from shared.domain.incident import KEEP, TaskState


@strawberry.input
class UpdateActionItemInput:
    """What is not given stays as it is. NOT_DOING needs a reason."""

    id: ID
    state: TaskState | None = None
    owner_id: ID | None = strawberry.UNSET
    due_at: datetime | None = strawberry.UNSET
    reason: str | None = None
    note: str | None = None
    idempotency_key: str | None = None


@strawberry.type
class UpdateActionItemSuccess:
    """It is so now."""

    action_item: ActionItem
    changed: bool
    replayed: bool


@errors.mutation(UpdateActionItemSuccess, CATALOG_FAILURES)
async def update_action_item(info: Info, input: UpdateActionItemInput) -> UpdateActionItemSuccess:
    """Change an action item, whatever became of its incident."""
    info.context.viewer.require(Role.RESPONDER)
    key = parse_id("ActionItem", input.id)
    owner = await changed_owner(info, input.owner_id)
    due_at = KEEP if input.due_at is strawberry.UNSET else input.due_at
    decide = domain.update_action_item(state=input.state, owner_id=owner, due_at=due_at, reason=input.reason)
    command = command_of(info, "updateActionItem", input)
    result = await info.context.api.store.action_items.update(key, decide, command)
    item = ActionItem.of(result.value)
    return UpdateActionItemSuccess(action_item=item, changed=result.changed, replayed=result.replayed)
