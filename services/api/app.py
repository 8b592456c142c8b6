"""The API process: its routes and what it opens for its lifetime."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, WebSocketRoute

from services.api import health
from services.api.auth import Authenticator
from services.api.graphql.context import Api
from services.api.graphql.view import GraphQLView
from services.api.live import LogTail
from services.api.requests import Requests
from shared import channels
from shared.settings import Settings
from shared.store.store import open_store


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[Api]:
    """Everything that the process needs, open."""
    async with open_store(settings, "api") as store:
        tail = LogTail(store.log, settings.amqp_url.get_secret_value())
        await tail.start()
        following = asyncio.create_task(tail.run())
        found = channels.discover(settings)
        try:
            yield Api(settings, store, tail, Authenticator(store.tokens), found)
        finally:
            tail.close()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            for channel in found.values():
                await channel.close()


def create_app(api: Api) -> Starlette:
    """The routes over what is open."""
    view = GraphQLView(api)
    middleware = [Middleware(Requests, max_body_bytes=api.settings.max_body_bytes)]
    if api.settings.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(api.settings.cors_origins),
                allow_methods=["POST"],
                allow_headers=["authorization", "content-type", "x-request-id"],
                expose_headers=["x-request-id"],
            )
        )
    routes = [
        Route("/graphql", view),
        WebSocketRoute("/graphql", view),
        *health.routes(api, view.schema.as_str()),
    ]
    return Starlette(routes=routes, middleware=middleware)
