"""`POST /v2/enqueue`: PagerDuty's Events API v2. What speaks to PagerDuty speaks to Tocsin by a change of the URL."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from services.api.intake.answers import RETRY_AFTER, answer
from services.api.intake.reception import Busy, Reception
from shared.broker.publisher import PublishFailed
from shared.domain.errors import Unavailable
from shared.domain.events import Event, Reason, Unprocessable
from shared.domain.integrations import Format, Integration
from shared.formats import pagerduty
from shared.formats.documents import decode
from shared.telemetry import logger

log = logger("intake")

PATH = "/v2/enqueue"


class Enqueue:
    """The endpoint. It answers 202 only when the broker has the event."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def serve(self, request: Request) -> JSONResponse:
        """202 with the dedup key, 400 with every error, 413, 429, or 503: try again."""
        body = await request.body()
        try:
            event = await self._taken(body)
        except Unprocessable as error:
            code = 413 if error.reason is Reason.TOO_LARGE else 400
            said = {"status": "invalid event", "message": "Event object is invalid", "errors": list(error.errors)}
            return answer(code, said)
        except Busy as error:
            return answer(429, {"status": "throttle exceeded", "message": str(error)}, error.seconds)
        except (PublishFailed, Unavailable) as error:
            log.warning("an event could not be taken in", error=str(error))
            text = "The event could not be taken in. Try again."
            return answer(503, {"status": "error", "message": text}, RETRY_AFTER)
        return answer(202, {"status": "success", "message": "Event processed", "dedup_key": event.key})

    async def _taken(self, body: bytes) -> Event:
        """Whose event it is stands in the event: what cannot be read is nobody's."""
        try:
            integration = await self._sender(decode(body, pagerduty.LARGEST).get("routing_key"))
        except Unprocessable:
            await self._reception.keep_stray({}, body)
            raise
        (event,) = await self._reception.take(integration, {}, body)
        return event

    async def _sender(self, key: object) -> Integration:
        if not isinstance(key, str) or not key:
            raise Unprocessable(Reason.UNKNOWN_KEY, "'routing_key' is missing or blank")
        integration = await self._reception.sender(key, Format.PAGERDUTY)
        if integration is None:
            raise Unprocessable(Reason.UNKNOWN_KEY, "'routing_key' is not the key of an integration of this format")
        return integration
