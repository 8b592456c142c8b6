"""`POST /v2/enqueue`: PagerDuty's Events API v2. What speaks to PagerDuty speaks to Tocsin by a change of the URL."""

from typing import Any

import uuid_utils.compat as uuid
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.api.intake.sources import Sources
from shared.broker.intake import IntakePublisher, Sent
from shared.broker.publisher import PublishFailed
from shared.domain.errors import Unavailable, is_storable
from shared.domain.events import Reason, Unprocessable
from shared.domain.integrations import Format, Integration
from shared.formats import pagerduty
from shared.formats.documents import decode
from shared.store.clock import Clock
from shared.telemetry import logger

log = logger("intake")

RETRY_AFTER = "5"
"""Seconds after which a caller may try again what could not be taken in."""


class Enqueue:
    """The endpoint. It answers 202 only when the broker has the event."""

    def __init__(self, sources: Sources, publisher: IntakePublisher, clock: Clock) -> None:
        self._sources = sources
        self._publisher = publisher
        self._clock = clock

    async def serve(self, request: Request) -> JSONResponse:
        """202 with the dedup key, 400 with every error, or 503: try again."""
        body = await request.body()
        try:
            said = decode(body, pagerduty.LARGEST)
            integration = await self._sender(said)
            event = pagerduty.event_of(integration, said)
            severity = event.severity.value if event.severity else "none"
            await self._publisher.publish(Sent(uuid.uuid7().hex, integration.id, severity, body, self._clock.now()))
        except Unprocessable as error:
            return _invalid(error.errors)
        except (PublishFailed, Unavailable) as error:
            log.warning("an event could not be taken in", error=str(error))
            return _unavailable()
        answer = {"status": "success", "message": "Event processed", "dedup_key": event.key}
        return JSONResponse(answer, 202)

    async def _sender(self, said: dict[str, Any]) -> Integration:
        key = said.get("routing_key")
        if not isinstance(key, str) or not key:
            raise Unprocessable(Reason.UNKNOWN_KEY, "'routing_key' is missing or blank")
        integration = await self._sources.by_key(key) if is_storable(key) else None
        if integration is None or integration.format is not Format.PAGERDUTY:
            raise Unprocessable(Reason.UNKNOWN_KEY, "'routing_key' is not the key of an integration of this format")
        return integration


def _invalid(errors: tuple[str, ...]) -> JSONResponse:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return JSONResponse(answer, 400)


def _unavailable() -> JSONResponse:
    answer = {"status": "error", "message": "The event could not be taken in. Try again."}
    return JSONResponse(answer, 503, {"Retry-After": RETRY_AFTER})
