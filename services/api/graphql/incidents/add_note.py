"""`addNote`, `addNotes`: write something down on the timeline."""

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.bulk import BulkInput, BulkSuccess, bulk_mutation, carry_out_all
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain import diagnosis as domain


@strawberry.input
class AddNoteInput(IncidentMutationInput):
    """What it takes."""

    text: str = strawberry.field()


@strawberry.type
class AddNoteSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(AddNoteSuccess)
async def add_note(info: Info, input: AddNoteInput) -> AddNoteSuccess:
    """Write something down on the timeline."""
    return await carry_out(info, "addNote", input, domain.add_note(input.text), AddNoteSuccess)


@strawberry.input
class AddNotesInput(BulkInput):
    """What it takes."""

    text: str = strawberry.field()


@strawberry.type
class AddNotesSuccess(BulkSuccess):
    """What became of each."""


@bulk_mutation(AddNotesSuccess)
async def add_notes(info: Info, input: AddNotesInput) -> AddNotesSuccess:
    """Write the same down on many timelines."""
    return await carry_out_all(info, "addNotes", input, domain.add_note(input.text), AddNotesSuccess)
