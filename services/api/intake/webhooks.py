"""`POST /intake/<format>`: what speaks one of these formats sends it here, with its integration's key in a header or in
the URL. How a format is read stands in `shared.formats`, one file each.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.api.intake.answers import RETRY_AFTER, answer
from services.api.intake.reception import Busy, Reception
from shared.broker.publisher import PublishFailed
from shared.domain.errors import Unavailable
from shared.domain.events import Event, Reason, Unprocessable
from shared.domain.integrations import Format
from shared.telemetry import logger

log = logger("intake")


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint of a format. `busy`: the status for a source that sends too fast, such that it tries again."""

    path: str
    format: Format
    busy: int


# Alertmanager, and Grafana after it, drop what was answered with a 4xx; everything else understands a 429.
WEBHOOKS = (
    Webhook("/intake/alertmanager", Format.ALERTMANAGER, 503),
    Webhook("/intake/grafana", Format.GRAFANA, 503),
    Webhook("/intake/events", Format.CLOUDEVENTS, 429),
    Webhook("/intake/generic", Format.GENERIC, 429),
)


def routes(reception: Reception) -> list[Route]:
    """A route for each format."""
    return [Route(webhook.path, _serving(reception, webhook), methods=["POST"]) for webhook in WEBHOOKS]


def _serving(reception: Reception, webhook: Webhook) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def serve(request: Request) -> JSONResponse:
        """202 with the dedup keys, 400 with every error, 401, 413, 429, or 503: try again."""
        try:
            events = await _taken(reception, webhook, request)
        except Unprocessable as error:
            return _refused(error)
        except Busy as error:
            return answer(webhook.busy, {"status": "busy", "errors": [str(error)]}, error.seconds)
        except (PublishFailed, Unavailable) as error:
            log.warning("an event could not be taken in", error=str(error))
            text = "The event could not be taken in. Try again."
            return answer(503, {"status": "unavailable", "errors": [text]}, RETRY_AFTER)
        keys = list(dict.fromkeys(event.key for event in events))
        return answer(202, {"status": "accepted", "dedup_keys": keys})

    return serve


async def _taken(reception: Reception, webhook: Webhook, request: Request) -> tuple[Event, ...]:
    body, headers = await request.body(), dict(request.headers)
    integration = await reception.sender(_key(request), webhook.format)
    if integration is None:
        await reception.keep_stray(headers, body)
        text = f"The key is missing, or is not that of an integration of the format {webhook.format}."
        raise Unprocessable(Reason.UNKNOWN_KEY, text)
    return await reception.take(integration, headers, body)


def _key(request: Request) -> str:
    """As a bearer token, as the password of basic authentication, or as `key` in the URL: one of these every sender
    can be made to say.
    """
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() == "basic":
        return _password(said)
    return request.query_params.get("key", "")


def _password(said: str) -> str:
    try:
        return base64.b64decode(said, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _refused(error: Unprocessable) -> JSONResponse:
    said = {"status": "refused", "errors": list(error.errors), "reason": error.reason}
    if error.reason is Reason.UNKNOWN_KEY:
        unknown = answer(401, said)
        unknown.headers["WWW-Authenticate"] = "Bearer"
        return unknown
    return answer(413 if error.reason is Reason.TOO_LARGE else 400, said)
