"""`updateIntegration`: other settings for a source of events."""

from typing import Any

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.integrations.inputs import MappingInput, SeverityWordInput, mapping_of, severities_of
from services.api.graphql.integrations.types import Integration
from services.api.graphql.services.lookups import known_service
from shared.domain.integrations import OnAcknowledge, OnResolve, change_integration

PLAIN = ("name", "on_acknowledge", "on_resolve", "resolve_delay_seconds")


@strawberry.input
class UpdateIntegrationInput:
    """What is not given stays as it is. `severities` and `mapping` are given whole. Null takes away `serviceId` and
    `mapping` alone.
    """

    id: ID
    name: str | None = None
    service_id: ID | None = strawberry.UNSET
    mapping: MappingInput | None = strawberry.UNSET
    severities: list[SeverityWordInput] | None = None
    on_acknowledge: OnAcknowledge | None = None
    on_resolve: OnResolve | None = None
    resolve_delay_seconds: int | None = None
    idempotency_key: str | None = None


@strawberry.type
class UpdateIntegrationSuccess:
    """It is so now."""

    integration: Integration
    changed: bool
    replayed: bool


@errors.mutation(UpdateIntegrationSuccess, CATALOG_FAILURES)
async def update_integration(info: Info, input: UpdateIntegrationInput) -> UpdateIntegrationSuccess:
    """Change a source of events. Its format stays what it is."""
    require_admin(info)
    key = parse_id("Integration", input.id)
    command = command_of(info, "updateIntegration", input)
    decide = change_integration(**await _given(info, key, input))
    result = await info.context.api.store.integrations.update(key, decide, command)
    shown = Integration.of(result.value)
    return UpdateIntegrationSuccess(integration=shown, changed=result.changed, replayed=result.replayed)


async def _given(info: Info, key: str, input: UpdateIntegrationInput) -> dict[str, Any]:
    """The settings that the input speaks of, as the domain takes them. Raises InvalidInput."""
    given = {name: getattr(input, name) for name in PLAIN if getattr(input, name) is not None}
    if input.service_id is not strawberry.UNSET:
        given["service_id"] = await known_service(info, input.service_id)
    if input.severities is not None:
        given["severities"] = severities_of(input.severities)
    if input.mapping is not strawberry.UNSET:
        known = await info.context.api.store.integrations.get(key)
        given["mapping"] = mapping_of(input.mapping, known.format)
    return given
