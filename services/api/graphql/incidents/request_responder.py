"""`requestResponder`: ask somebody to join: they are paged, and accept, decline, or let it lapse."""

from datetime import timedelta

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import (
    IncidentMutationInput,
    IncidentMutationSuccess,
    carry_out,
    incident_mutation,
)
from services.api.graphql.users.lookups import reachable_user
from shared.domain import responders as domain
from shared.domain.incident import ResponderRole


@strawberry.input
class RequestResponderInput(IncidentMutationInput):
    """What it takes."""

    user_id: strawberry.ID = strawberry.field()
    role: ResponderRole | None = None
    answer_within_seconds: int = 900


@strawberry.type
class RequestResponderSuccess(IncidentMutationSuccess):
    """It is so now."""


@incident_mutation(RequestResponderSuccess)
async def request_responder(info: Info, input: RequestResponderInput) -> RequestResponderSuccess:
    """Ask somebody to join: they are paged, and accept, decline, or let it lapse."""
    person = await reachable_user(info, input.user_id)
    within = timedelta(seconds=input.answer_within_seconds)
    decide = domain.request_responder(person.id, input.role, within, {person.id: person.reachable_by()})
    return await carry_out(info, "requestResponder", input, decide, RequestResponderSuccess)
