"""`revokeIntegration`: a source of events is heard no more."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.integrations.types import Integration
from shared.domain import integrations as domain


@strawberry.input
class RevokeIntegrationInput:
    """Which one."""

    id: ID
    idempotency_key: str | None = None


@strawberry.type
class RevokeIntegrationSuccess:
    """None of its keys works any more."""

    integration: Integration
    changed: bool
    replayed: bool


@errors.mutation(RevokeIntegrationSuccess, CATALOG_FAILURES)
async def revoke_integration(info: Info, input: RevokeIntegrationInput) -> RevokeIntegrationSuccess:
    """End a source of events, for good."""
    require_admin(info)
    key = parse_id("Integration", input.id)
    command = command_of(info, "revokeIntegration", input)
    result = await info.context.api.store.integrations.update(key, domain.revoke_integration, command)
    shown = Integration.of(result.value)
    return RevokeIntegrationSuccess(integration=shown, changed=result.changed, replayed=result.replayed)
