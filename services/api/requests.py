"""What happens to every request: an id, a measurement, and a limit on its body."""

import re
import time
from collections.abc import Mapping

import structlog
import uuid_utils.compat as uuid
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import REQUESTS

# A client that is still sending hears a refusal only when somebody reads what it sends.
MOST_DISCARDED = 16 * 1024 * 1024

ROUTES = frozenset({"/graphql", "/livez", "/readyz", "/metrics", "/schema.graphql"})
GIVEN_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Requests:
    """ASGI middleware, so that it costs little and sees WebSockets too.

    largest_messages: the bytes of a message of a source, by its path. One that is larger is cut to one byte more, and
    refused by its format, so that it is kept.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, largest_messages: Mapping[str, int]) -> None:
        self._app = app
        self._most = max_body_bytes
        self._messages = largest_messages
        self._routes = ROUTES | largest_messages.keys()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if GIVEN_ID.fullmatch(given) else uuid.uuid7().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request=request_id)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._serve(request_id, scope, receive, send)

    async def _serve(self, request_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            path = scope["path"]
            most = self._messages.get(path, self._most)
            body = await _body(receive, most)
            if len(body) > most and path not in self._messages:
                await _too_large(most)(scope, receive, answer)
            else:
                await self._app(scope, _given(body, receive), answer)
        finally:
            route = scope["path"] if scope["path"] in self._routes else "unknown"
            REQUESTS.labels(scope["method"], route, status).observe(time.perf_counter() - began)


async def _body(receive: Receive, most: int) -> bytes:
    """The body; of one that is larger than `most`, one byte more than that."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        part = message.get("body", b"")
        if size <= most:
            parts.append(part)
        size += len(part)
        if not message.get("more_body") or size > MOST_DISCARDED:
            return b"".join(parts)[: most + 1]


def _given(body: bytes, receive: Receive) -> Receive:
    done = False

    async def again() -> Message:
        nonlocal done
        if done:
            return await receive()
        done = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _too_large(most: int) -> JSONResponse:
    text = f"The body is larger than {most} bytes."
    headers = {"Connection": "close"}
    return JSONResponse({"errors": [{"message": text, "extensions": {"code": "TOO_LARGE"}}]}, 413, headers)
