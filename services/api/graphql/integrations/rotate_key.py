"""`rotateIntegrationKey`: a new key for a source of events."""

from datetime import timedelta

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.integrations.types import Integration
from shared.domain.integrations import KEYS_OVERLAP

USUAL_OVERLAP = int(KEYS_OVERLAP.total_seconds())


@strawberry.input
class RotateIntegrationKeyInput:
    """`overlapSeconds`: how long the present key goes on working; a week unless said otherwise. Older ones end now."""

    id: ID
    overlap_seconds: int = USUAL_OVERLAP
    idempotency_key: str | None = None


@strawberry.type
class RotateIntegrationKeySuccess:
    """`key` is the new one; it is told this once, and null when replayed."""

    integration: Integration
    key: str | None
    replayed: bool


@errors.mutation(RotateIntegrationKeySuccess, CATALOG_FAILURES)
async def rotate_integration_key(info: Info, input: RotateIntegrationKeyInput) -> RotateIntegrationKeySuccess:
    """Give a source of events a new key."""
    require_admin(info)
    key = parse_id("Integration", input.id)
    command = command_of(info, "rotateIntegrationKey", input)
    issued = await info.context.api.store.integrations.rotate(key, timedelta(seconds=input.overlap_seconds), command)
    shown = Integration.of(issued.result.value)
    return RotateIntegrationKeySuccess(integration=shown, key=issued.key, replayed=issued.result.replayed)
