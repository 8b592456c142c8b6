"""`updateTask`: a task is done, given up with a reason, opened again, or given to somebody."""

from datetime import datetime

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from services.api.graphql.users.lookups import changed_owner
from shared.domain import diagnosis as domain
from shared.domain.incident import KEEP, TaskState


@strawberry.input
class UpdateTaskInput(IncidentMutationInput):
    """What it takes."""

    task_id: strawberry.ID = strawberry.field()
    state: TaskState | None = None
    owner_id: strawberry.ID | None = strawberry.UNSET
    due_at: datetime | None = strawberry.UNSET
    reason: str | None = None


@strawberry.type
class UpdateTaskSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(UpdateTaskSuccess)
async def update_task(info: Info, input: UpdateTaskInput) -> UpdateTaskSuccess:
    """A task is done, given up with a reason, opened again, or given to somebody."""
    owner = await changed_owner(info, input.owner_id)
    due_at = KEEP if input.due_at is strawberry.UNSET else input.due_at
    decide = domain.update_task(input.task_id, state=input.state, owner_id=owner, due_at=due_at, reason=input.reason)
    return await carry_out(info, "updateTask", input, decide, UpdateTaskSuccess)
