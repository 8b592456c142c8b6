"""Publishing: persistent, mandatory where someone must hear it, and confirmed."""

import asyncio
from collections.abc import Callable
from typing import Any

import aio_pika
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import AMQPError, PublishError

from shared.broker.connection import Session, is_asked_to_end, supervise
from shared.broker.topology import DEAD, EVENTS, WorkQueue, declare
from shared.domain.entry import Entry, routing_key
from shared.wire import encode

CONFIRM_WITHIN = 5.0
LONGEST_HEADER = 1000


class PublishFailed(Exception):
    """The broker did not confirm; the message may or may not be there."""


class Unroutable(PublishFailed):
    """No queue takes the message: somebody has deleted what was declared."""


class Publisher:
    """Owns a connection of its own: a resource alarm of the broker blocks publishing connections, not
    consuming ones.

    It declares the topology on each connect. `heard` are the facts that must find a queue.
    """

    def __init__(self, url: str, queues: tuple[WorkQueue, ...]) -> None:
        self._url = url
        self._queues = queues
        self._heard = {key.rpartition(".")[0] for queue in queues for key in queue.keys}
        self._events: AbstractExchange | None = None
        self._dead: AbstractExchange | None = None
        self._redeclare: Callable[[], None] = lambda: None
        self.up = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await supervise(self._url, "publisher", self._session)

    async def _session(self, session: Session) -> None:
        channel = await session.channel()
        await declare(channel, self._queues)
        self._events = await channel.get_exchange(EVENTS, ensure=False)
        self._dead = await channel.get_exchange(DEAD, ensure=False)
        self._redeclare = session.lost.set
        self.up.set()
        try:
            await session.lost.wait()
        finally:
            self.up.clear()
            self._events = self._dead = None
            await _quietly_close(channel)

    async def publish(self, entry: Entry) -> None:
        """Publish one logged entry and wait for the confirm. Raises PublishFailed."""
        message = encode(entry)
        mandatory = f"{entry.aggregate}.{entry.type}" in self._heard
        out = aio_pika.Message(
            message.body,
            headers=message.headers,
            content_type="application/json",
            message_id=message.id,
            type=message.type,
            timestamp=entry.at,
            app_id="tocsin",
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        await self._confirmed(self._events, out, routing_key(entry), mandatory=mandatory)

    async def bury(self, headers: dict[str, Any], body: bytes, key: str, reasons: dict[str, str]) -> None:
        """Put a message among the dead letters, with the reasons in its headers. Raises PublishFailed."""
        kept = {name: str(value)[:LONGEST_HEADER] for name, value in headers.items()}
        out = aio_pika.Message(body, headers={**kept, **reasons}, delivery_mode=DeliveryMode.PERSISTENT)
        await self._confirmed(self._dead, out, key or "unknown", mandatory=True)

    async def _confirmed(
        self, exchange: AbstractExchange | None, message: aio_pika.Message, key: str, *, mandatory: bool
    ) -> None:
        try:
            await confirmed(exchange, message, key, mandatory=mandatory)
        except Unroutable:
            self._redeclare()
            raise


async def confirmed(exchange: AbstractExchange | None, message: aio_pika.Message, key: str, *, mandatory: bool) -> None:
    """Publish and wait for the confirm. Raises PublishFailed."""
    if exchange is None:
        raise PublishFailed("the broker is not connected")
    try:
        async with asyncio.timeout(CONFIRM_WITHIN + 1):
            await exchange.publish(message, key, mandatory=mandatory, timeout=CONFIRM_WITHIN)
    except asyncio.CancelledError:
        if is_asked_to_end():
            raise
        raise PublishFailed("the connection was lost before the confirm") from None
    except PublishError as error:
        raise Unroutable(f"no queue takes it: {error}") from None
    except Exception as error:
        raise PublishFailed(f"{type(error).__name__}: {error}") from error


async def _quietly_close(channel: AbstractChannel) -> None:
    try:
        async with asyncio.timeout(1):
            await channel.close()
    except (AMQPError, OSError, TimeoutError, RuntimeError):
        return
