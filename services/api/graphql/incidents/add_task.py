"""`addTask`: there is something to do, for the response or for the review."""

from datetime import datetime

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from services.api.graphql.users.lookups import known_user
from shared.domain import diagnosis as domain
from shared.domain.incident import TaskSource


@strawberry.input
class AddTaskInput(IncidentMutationInput):
    """What it takes."""

    title: str = strawberry.field()
    owner_id: strawberry.ID | None = None
    due_at: datetime | None = None
    source: TaskSource = TaskSource.RESPONSE


@strawberry.type
class AddTaskSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(AddTaskSuccess)
async def add_task(info: Info, input: AddTaskInput) -> AddTaskSuccess:
    """There is something to do, for the response or for the review."""
    owner = await known_user(info, input.owner_id, "ownerId")
    decide = domain.add_task(input.title, owner, input.due_at, input.source)
    return await carry_out(info, "addTask", input, decide, AddTaskSuccess)
