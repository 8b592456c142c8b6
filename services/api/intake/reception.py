"""What every endpoint of the intake does: a message is read, handed to the broker, and answered when that has it.

What cannot be processed is handed over too, so that it is kept with its reason, and can be looked at and replayed.
"""

import math
from collections.abc import Mapping

import uuid_utils.compat as uuid

from services.api.intake.rates import Rates
from services.api.intake.sources import Sources
from shared import formats
from shared.broker.intake import IntakePublisher, Sent
from shared.domain.errors import is_storable
from shared.domain.events import Event, Unprocessable
from shared.domain.integrations import Format, Integration
from shared.domain.priority import Severity
from shared.store.clock import Clock

STRAYS_PER_SECOND = 1
"""How many messages that are nobody's are kept; more are only refused, lest anybody could fill the disk."""

NOBODY = ""
SEVERITIES = list(Severity)


class Busy(Exception):
    """The source sends faster than it may. `seconds`: whole, after which it may try again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The source sends too fast. Try again in {seconds:.0f} s.")
        self.seconds = max(math.ceil(seconds), 1)


class Reception:
    """Takes messages in for all formats."""

    def __init__(self, sources: Sources, publisher: IntakePublisher, clock: Clock, per_second: float) -> None:
        self._sources = sources
        self._publisher = publisher
        self._clock = clock
        self._rates = Rates(per_second)
        self._strays = Rates(STRAYS_PER_SECOND)

    async def sender(self, key: str, expected: Format) -> Integration | None:
        """The integration of this format whose key it is. Raises Unavailable."""
        found = await self._sources.by_key(key) if key and is_storable(key) else None
        return found if found and found.format is expected else None

    async def take(self, integration: Integration, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """The events of a message that the broker has now. Raises Unprocessable (it is kept), Busy, PublishFailed."""
        if seconds := self._rates.wait(integration.id):
            raise Busy(seconds)
        try:
            events = formats.parse(integration, headers, body)
        except Unprocessable:
            await self._publish(integration.id, "none", headers, body)
            raise
        name = formats.event_id(integration, headers, body)
        await self._publish(integration.id, _severity(events), headers, body, name)
        return events

    async def keep_stray(self, headers: Mapping[str, str], body: bytes) -> None:
        """Keep a message that is nobody's, unless there are too many of them. Raises PublishFailed."""
        if not self._strays.wait(NOBODY):
            await self._publish(NOBODY, "none", headers, body)

    async def _publish(
        self, integration_id: str, severity: str, headers: Mapping[str, str], body: bytes, name: str | None = None
    ) -> None:
        carried = {header: value for header, value in headers.items() if header in formats.HEADERS}
        now = self._clock.now()
        await self._publisher.publish(Sent(name or uuid.uuid7().hex, integration_id, severity, body, now, carried))


def _severity(events: tuple[Event, ...]) -> str:
    """The worst severity of those that could wake somebody."""
    said = [event.severity for event in events if event.severity]
    return min(said, key=SEVERITIES.index).value if said else "none"
