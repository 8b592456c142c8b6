"""What the process says of itself: alive, ready, its metrics and its contracts."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.api.graphql.context import Api
from shared.store.client import PyMongoError


def routes(api: Api, sdl: str) -> list[Route]:
    """The routes beside GraphQL. /livez and /readyz are open, because probes have no tokens; the others are
    not.
    """

    async def livez(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(request: Request) -> Response:
        state = {"mongodb": await _answers(api), "live": not api.tail.closed, "broker": api.tail.is_listening}
        # Without the broker the API keeps its promises: reports are stored, and live views read the log.
        ready = state["mongodb"] and state["live"]
        return JSONResponse(state, 200 if ready else 503)

    async def metrics(request: Request) -> Response:
        if not api.settings.public_metrics and not await _known(api, request):
            return PlainTextResponse("A token is needed.", 401)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def schema(request: Request) -> Response:
        if not await _known(api, request):
            return PlainTextResponse("A token is needed.", 401)
        return PlainTextResponse(sdl)

    return [
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/schema.graphql", schema),
    ]


async def _known(api: Api, request: Request) -> bool:
    return await api.auth.viewer(request.headers.get("authorization")) is not None


async def _answers(api: Api) -> bool:
    try:
        await api.store.ping()
    except PyMongoError:
        return False
    return True
