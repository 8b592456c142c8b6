"""`addNote`: write something down on the timeline."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.context import Info
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError
from services.api.graphql.incidents.mutation import IncidentMutationInput, IncidentMutationSuccess, carry_out
from shared.domain import incident as domain


@strawberry.input
class AddNoteInput(IncidentMutationInput):
    """What it takes."""

    text: str


@strawberry.type
class AddNoteSuccess(IncidentMutationSuccess):
    """It is so now."""


AddNotePayload = Annotated[
    AddNoteSuccess
    | errors.ValidationError
    | errors.NotFoundError
    | errors.ForbiddenError
    | InvalidTransitionError
    | ConflictError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("AddNotePayload"),
]


@strawberry.mutation
async def add_note(info: Info, input: AddNoteInput) -> AddNotePayload | None:
    """Write something down on the timeline."""
    return await carry_out(info, "addNote", input, domain.add_note(input.text), AddNoteSuccess)
