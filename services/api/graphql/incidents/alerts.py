"""The alerts of an incident as clients see them."""

from datetime import datetime

import strawberry

from services.api.graphql.context import Info
from services.api.graphql.incidents.parts import Label
from services.api.graphql.integrations.types import Integration
from shared.domain import incident as domain
from shared.domain.priority import Severity


@strawberry.type
class Alert:
    """A condition at a source. `fingerprint`: the source's name for it. `events`: how many its source sent, late ones
    included. `firedAt`: since when it fires, by the source's clock if that says so. `resolvedAt`: null while it fires.
    """

    fingerprint: str
    summary: str | None
    source: str | None
    severity: Severity | None
    labels: list[Label]
    fired_at: datetime
    resolved_at: datetime | None
    last_event_at: datetime
    events: int
    integration_key: strawberry.Private[str]

    @strawberry.field
    async def integration(self, info: Info) -> Integration | None:
        """Where its events come from."""
        found = await info.context.loaders.integrations.load(self.integration_key)
        return Integration.of(found) if found else None

    @classmethod
    def of(cls, value: domain.Alert) -> "Alert":
        """From the domain's alert."""
        return cls(
            fingerprint=value.fingerprint,
            summary=value.summary,
            source=value.source,
            severity=value.severity,
            labels=[Label(key=key, value=said) for key, said in value.labels.items()],
            fired_at=value.fired_at,
            resolved_at=value.resolved_at,
            last_event_at=value.received_at,
            events=value.events,
            integration_key=value.integration_id,
        )
