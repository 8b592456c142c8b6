"""The integration as clients see it. No key is ever shown again, nor its hash."""

from dataclasses import asdict
from datetime import datetime

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import global_id
from services.api.graphql.node import Node, PageInfo
from services.api.graphql.scalars import Cursor
from services.api.graphql.services.types import Service
from shared.domain import integrations as domain
from shared.domain.integrations import Format, OnAcknowledge, OnResolve
from shared.domain.priority import Severity

strawberry.enum(Format, name="IntegrationFormat")
strawberry.enum(OnAcknowledge, name="OnAcknowledge")
strawberry.enum(OnResolve, name="OnResolve")


@strawberry.type
class SeverityWord:
    """A source's own word, in lower case, for a severity."""

    word: str
    severity: Severity


@strawberry.type
class IntegrationKey:
    """A key that the source may show; its text was told once. One without an end is the present one."""

    created_at: datetime
    expires_at: datetime | None


@strawberry.type
class IntegrationMapping:
    """JMESPath expressions that find an event's parts in a GENERIC message; null: the default."""

    title: str | None
    action: str | None
    dedup_key: str | None
    severity: str | None
    source: str | None
    description: str | None
    at: str | None
    labels: str | None
    url: str | None


@strawberry.type
class Integration(Node):
    """A source of events. `revokedAt`: since when it is heard no more. `mapping` is null but for the format GENERIC."""

    name: str
    format: Format
    created_at: datetime
    revoked_at: datetime | None
    mapping: IntegrationMapping | None
    severities: list[SeverityWord]
    on_acknowledge: OnAcknowledge
    on_resolve: OnResolve
    resolve_delay_seconds: int
    keys: list[IntegrationKey]
    version: int
    service_key: strawberry.Private[str | None]

    @strawberry.field
    async def service(self, info: Info) -> Service | None:
        """What its incidents hit; null when that is not known (any more)."""
        found = await info.context.loaders.services.load(self.service_key) if self.service_key else None
        return Service.of(found) if found else None

    @classmethod
    def of(cls, value: domain.Integration) -> "Integration":
        """From the domain's integration."""
        return cls(
            id=ID(global_id("Integration", value.id)),
            name=value.name,
            format=value.format,
            created_at=value.created_at,
            revoked_at=value.revoked_at,
            mapping=IntegrationMapping(**asdict(value.mapping)) if value.format is Format.GENERIC else None,
            severities=[SeverityWord(word=word, severity=severity) for word, severity in value.severities.items()],
            on_acknowledge=value.on_acknowledge,
            on_resolve=value.on_resolve,
            resolve_delay_seconds=value.resolve_delay_seconds,
            keys=[IntegrationKey(created_at=key.created_at, expires_at=key.expires_at) for key in value.keys],
            version=value.version,
            service_key=value.service_id,
        )


@strawberry.type
class IntegrationEdge:
    """An integration with its cursor."""

    cursor: Cursor
    node: Integration


@strawberry.type
class IntegrationConnection:
    """A page of integrations, oldest first."""

    edges: list[IntegrationEdge]
    nodes: list[Integration]
    page_info: PageInfo
