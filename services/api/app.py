"""The API process: its routes and what it opens for its lifetime."""

import asyncio
import os
import signal
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
from services.api.intake import pagerduty, webhooks
from services.api.intake.reception import Reception
from services.api.intake.sources import Sources
from services.api.live import LogTail
from services.api.requests import Requests
from shared import channels, formats
from shared.broker.intake import IntakePublisher
from shared.domain.integrations import Format
from shared.settings import Settings
from shared.store.store import open_store
from shared.telemetry import logger

log = logger("api")


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[Api]:
    """Everything that the process needs, open."""
    async with open_store(settings, "api") as store:
        tail = LogTail(store.log, settings.amqp_url.get_secret_value())
        await tail.start()
        following = asyncio.create_task(tail.run())
        following.add_done_callback(_refuse_to_be_blind)
        found = channels.discover(settings)
        intake = IntakePublisher(settings.amqp_url.get_secret_value())
        publishing = asyncio.create_task(intake.run())
        try:
            yield Api(settings, store, tail, Authenticator(store.tokens), found, intake)
        finally:
            tail.close()
            for task in (following, publishing):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            for channel in found.values():
                await channel.close()


def _refuse_to_be_blind(following: asyncio.Task[None]) -> None:
    """An API that no longer follows the log would show old state for ever: end it, to be started again."""
    if not following.cancelled() and (error := following.exception()):
        log.error("following the log has failed; the process ends", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


def create_app(api: Api) -> Starlette:
    """The routes over what is open."""
    view = GraphQLView(api)
    largest = {pagerduty.PATH: formats.LARGEST[Format.PAGERDUTY]} | {
        webhook.path: formats.LARGEST[webhook.format] for webhook in webhooks.WEBHOOKS
    }
    middleware = [Middleware(Requests, max_body_bytes=api.settings.max_body_bytes, largest_messages=largest)]
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
    sources = Sources(api.store.integrations, api.store.clock)
    reception = Reception(sources, api.intake, api.store.clock, api.settings.intake_rate)
    routes = [
        Route(pagerduty.PATH, pagerduty.Enqueue(reception).serve, methods=["POST"]),
        *webhooks.routes(reception),
        Route("/graphql", view),
        WebSocketRoute("/graphql", view),
        *health.routes(api, view.schema.as_str()),
    ]
    return Starlette(routes=routes, middleware=middleware)
