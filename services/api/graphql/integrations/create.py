"""`createIntegration`: a source of events, with its first key."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, key_for, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.integrations.inputs import MappingInput, SeverityWordInput, mapping_of, severities_of
from services.api.graphql.integrations.types import Integration
from services.api.graphql.services.lookups import known_service
from shared.domain import integrations as domain
from shared.domain.integrations import Format, IntegrationKey, OnAcknowledge, OnResolve


@strawberry.input
class CreateIntegrationInput:
    """`serviceId`: what its incidents hit. `resolveDelaySeconds` is for `onResolve` DELAYED, `mapping` for the format
    GENERIC.
    """

    name: str
    format: Format
    service_id: ID | None = None
    mapping: MappingInput | None = None
    severities: list[SeverityWordInput] = strawberry.field(default_factory=list)
    on_acknowledge: OnAcknowledge = OnAcknowledge.ACKNOWLEDGE
    on_resolve: OnResolve = OnResolve.RESOLVE
    resolve_delay_seconds: int = 300
    idempotency_key: str | None = None


@strawberry.type
class CreateIntegrationSuccess:
    """It exists now. `key` is what it shows with its events; it is told this once, and null when replayed."""

    integration: Integration
    key: str | None
    replayed: bool


@errors.mutation(CreateIntegrationSuccess, CATALOG_FAILURES)
async def create_integration(info: Info, input: CreateIntegrationInput) -> CreateIntegrationSuccess:
    """Create a source of events."""
    require_admin(info)
    store = info.context.api.store
    command = command_of(info, "createIntegration", input)
    service_id = await known_service(info, input.service_id)
    severities = severities_of(input.severities)
    mapping = mapping_of(input.mapping, input.format)

    def make(key: IntegrationKey) -> domain.Integration:
        return domain.Integration(
            id=key_for(command),
            name=input.name,
            format=input.format,
            created_at=key.created_at,
            service_id=service_id,
            keys=(key,),
            mapping=mapping,
            severities=severities,
            on_acknowledge=input.on_acknowledge,
            on_resolve=input.on_resolve,
            resolve_delay_seconds=input.resolve_delay_seconds,
        )

    issued = await store.integrations.issue(make, command)
    shown = Integration.of(issued.result.value)
    return CreateIntegrationSuccess(integration=shown, key=issued.key, replayed=issued.result.replayed)
