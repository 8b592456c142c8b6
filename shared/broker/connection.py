"""A connection that is watched and opened again.

aio-pika's own robust connection hides changes that we must see (handlers cancelled, publishes unconfirmed),
and a consumer that the broker cancelled stays silently dead in it. So this is a plain connection, and any
loss ends the whole session.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError

from shared.telemetry import BROKER_UP, logger

log = logger("broker")

HEARTBEAT = 10
LONGEST_BACKOFF = 10.0
CONNECT_WITHIN = 10.0


class Session:
    """One life of a connection. `lost` is set by the first sign that any part of it is gone."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self.lost = asyncio.Event()
        connection.close_callbacks.add(self._on_close)

    async def channel(self, *, prefetch: int | None = None) -> AbstractChannel:
        """A channel with confirms, on which an unroutable message raises; its end is the session's."""
        channel = self._connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.initialize()
        channel.close_callbacks.add(self._on_close)
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(self._on_cancel)
        if prefetch:
            await channel.set_qos(prefetch_count=prefetch)
        return channel

    def _on_close(self, *_: Any) -> None:
        self.lost.set()

    def _on_cancel(self, *_: Any) -> None:
        self.lost.set()


def is_asked_to_end() -> bool:
    """Whether a CancelledError is this task's own end. A connection that is given up cancels its waiters too."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def supervise(url: str, role: str, session: Callable[[Session], Awaitable[None]]) -> None:
    """Connect and run `session` until it is lost, again and again, until cancelled.

    `session` sets itself up, then waits for `lost`. Only TopologyMismatch ends the supervision: a restart
    would not mend it.
    """
    failures = 0
    while True:
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                connection = await aio_pika.connect(url, heartbeat=HEARTBEAT)
        except (OSError, AMQPError, TimeoutError) as error:
            failures += 1
            log.warning("the broker cannot be reached", role=role, error=type(error).__name__)
        else:
            try:
                live = Session(connection)
                BROKER_UP.labels(role).set(1)
                log.info("connected to the broker", role=role)
                failures = 0
                await session(live)
            except asyncio.CancelledError:
                if is_asked_to_end():
                    raise
                failures += 1
            except (OSError, AMQPError, TimeoutError, RuntimeError) as error:
                failures += 1
                log.warning("the broker's session failed", role=role, error=f"{type(error).__name__}: {error}")
            finally:
                BROKER_UP.labels(role).set(0)
                await _close(connection)
        await asyncio.sleep(min(LONGEST_BACKOFF, 0.5 * 2**failures) * (0.5 + random.random() / 2))  # noqa: S311


async def _close(connection: AbstractConnection) -> None:
    try:
        async with asyncio.timeout(2):
            await connection.close()
    except Exception as error:  # noqa: BLE001 - whatever a broken connection raises on its end is of no use
        log.debug("a broken connection did not close", error=type(error).__name__)
