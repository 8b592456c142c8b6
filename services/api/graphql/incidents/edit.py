"""`editIncident`: put right what was known at first. Other services are other evidence: triage speaks again."""

from typing import Any

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.affected import affected
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from shared.domain.triage import edit

TEXTS = ("title", "description", "environment")


@strawberry.input
class EditIncidentInput(IncidentMutationInput):
    """What is not given stays as it is."""

    title: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    environment: str | None = strawberry.UNSET
    service_ids: list[strawberry.ID] | None = strawberry.UNSET


@strawberry.type
class EditIncidentSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(EditIncidentSuccess)
async def edit_incident(info: Info, input: EditIncidentInput) -> EditIncidentSuccess:
    """Put right what was known at first. Other services are other evidence: triage speaks again."""
    given: dict[str, Any] = {
        name: getattr(input, name) for name in TEXTS if getattr(input, name) is not strawberry.UNSET
    }
    if input.service_ids is not strawberry.UNSET:
        given |= await affected(info, input.service_ids or [])
    return await carry_out(info, "editIncident", input, edit(given), EditIncidentSuccess)
