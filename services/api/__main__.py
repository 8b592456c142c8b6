"""`python -m services.api`: one API process."""

import asyncio
import gc
import signal
import socket
import sys

import uvicorn
import uvloop

from services.api.app import create_app, open_api
from shared import telemetry
from shared.domain.errors import Unavailable
from shared.settings import Settings, SettingsError, read
from shared.store.client import UnfitServer

GRACE = 5


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with open_api(settings) as api:

        class Closing(uvicorn.Server):
            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                api.tail.close()
                await super().shutdown(sockets)

        config = uvicorn.Config(
            create_app(api),
            host=settings.http_host,
            port=settings.http_port,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws_max_size=65536,
            ws_max_queue=16,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE,
            server_header=False,
        )
        # uvicorn raises the signal again when it has shut down; what is open here must still be closed then.
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: None)
        # The schema is some 100,000 objects that live as long as the process: a full collection need not visit them.
        gc.collect()
        gc.freeze()
        await Closing(config).serve()


def main() -> int:
    """Exit code: 0 after a stop that was asked for; 2 bad environment; 3 the servers are unfit or the port is
    taken.
    """
    try:
        settings = read()
        telemetry.configure(settings.log_level, settings.log_format)
        uvloop.run(serve(settings))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except (UnfitServer, Unavailable) as error:
        print(error, file=sys.stderr)
        return 3
    except asyncio.CancelledError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
