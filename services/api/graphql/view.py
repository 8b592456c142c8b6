"""GraphQL over HTTP (POST, SSE) and WebSocket (graphql-transport-ws), for callers with a token."""

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL

from services.api.graphql.context import Api, Context, Loaders
from services.api.graphql.schema import build
from shared.domain.errors import Unavailable

MOST_SUBSCRIPTIONS = 20


def _is_news(record: logging.LogRecord) -> bool:
    """A client that has gone while a message was on its way to it is no error."""
    return not (record.exc_info and isinstance(record.exc_info[1], WebSocketDisconnected))


logging.getLogger("strawberry.ws.task").addFilter(_is_news)


class GraphQLView(GraphQL[Context, None]):
    """Strawberry's view with our codec, our context, and no way in without a token."""

    def __init__(self, api: Api) -> None:
        super().__init__(
            build(introspection=api.settings.introspection),
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=5),
            max_subscriptions_per_connection=MOST_SUBSCRIPTIONS,
            allowed_origins=api.settings.cors_origins,
        )
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse HTTP without a token; a WebSocket shows its token in `connection_init`."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            try:
                viewer = await self._api.auth.viewer(request.headers.get("authorization"))
            except Unavailable as error:
                await _refusal(503, "UNAVAILABLE", str(error))(scope, receive, send)
                return
            if viewer is None:
                text = "A valid token is needed: Authorization: Bearer <token>."
                await _refusal(401, "UNAUTHENTICATED", text)(scope, receive, send)
                return
            scope.setdefault("state", {})["viewer"] = viewer
        await super().__call__(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """The context of one request, or of one WebSocket (then the viewer comes later)."""
        state = request.scope.get("state", {})
        return Context(self._api, state.get("request_id", "-"), Loaders.of(self._api.store), state.get("viewer"))

    async def on_ws_connect(self, context: Context) -> Any:
        """Take the token from `connection_init`'s payload: `{"authorization": "Bearer <token>"}`."""
        given = (context.connection_params or {}).get("authorization")
        viewer = await self._api.auth.viewer(given if isinstance(given, str) else None)
        if viewer is None:
            raise ConnectionRejectionError
        context.viewer_or_none = viewer
        return await super().on_ws_connect(context)

    def decode_json(self, data: str | bytes) -> object:
        """JSON objects (or arrays of them) of bounded depth. Raises JSONDecodeError, which the view knows."""
        try:
            decoded = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from None
        if not isinstance(decoded, dict | list):
            raise json.JSONDecodeError("an object is needed", "", 0)
        return decoded

    def encode_json(self, data: object) -> str | bytes:
        """Compact JSON."""
        return msgspec.json.encode(data).decode()


def _refusal(status: int, code: str, message: str) -> Response:
    body: Mapping[str, Any] = {"errors": [{"message": message, "extensions": {"code": code}}]}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {"Retry-After": "2"}
    return JSONResponse(body, status, headers)
