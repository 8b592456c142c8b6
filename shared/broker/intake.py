"""The intake: raw events on their way from whoever receives them to the workers, one message each.

Whose event a message is, the broker says: it checks the `user-id`, and each publisher has a broker user of its own.
Only Tocsin's user may name another integration, in a header.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import aio_pika
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError

from shared.broker.connection import Session, supervise
from shared.broker.publisher import Unroutable, confirmed
from shared.broker.topology import INTAKE_QUEUES, declare_intake, intake_queue
from shared.telemetry import MESSAGES, logger

log = logger("intake")

AT_ONCE = 500
"""How many messages are taken in together."""

GATHER = 0.01
"""Seconds that a message waits for others to be taken in with it."""

PATIENCE = 5.0
"""Seconds that an event waits for a broker that is not connected (yet) before its sender is told to try again."""

NOBODY = "nobody"
"""In a routing key, in place of an integration that is not known."""

INTEGRATION = "tocsin-integration"
RECEIVED_AT = "tocsin-received-at"


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A message as it came. `user`: the broker user who published it, as the broker says; None when nobody said.

    id: the message's own id; is_urgent: by which of the queues it came.
    """

    id: str | None
    user: str | None
    headers: dict[str, str]
    body: bytes
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to be published for an integration. `severity` is its word, or "none"; headers: those that it came with
    and that its format reads.
    """

    id: str
    integration_id: str
    severity: str
    body: bytes
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


class IntakePublisher:
    """Publishes what the API receives; it answers its callers only after the broker confirmed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._user = user_of(url)
        self._intake: AbstractExchange | None = None
        self._lost: Callable[[], None] = lambda: None
        self.up = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await supervise(self._url, "intake", self._session)

    async def _session(self, session: Session) -> None:
        channel = await session.channel()
        self._intake = await declare_intake(channel)
        self._lost = session.lost.set
        self.up.set()
        try:
            await session.lost.wait()
        finally:
            self.up.clear()
            self._intake = None

    async def publish(self, sent: Sent) -> None:
        """Hand an event over to the workers. A short loss of the broker is waited for. Raises PublishFailed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.up.wait()
        message = aio_pika.Message(
            sent.body,
            headers={**sent.headers, INTEGRATION: sent.integration_id, RECEIVED_AT: sent.received_at.isoformat()},
            message_id=sent.id,
            user_id=self._user,
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        try:
            await confirmed(self._intake, message, f"{sent.integration_id or NOBODY}.{sent.severity}", mandatory=True)
        except Unroutable:
            self._lost()
            raise


class IntakeConsumer:
    """Takes messages in, many at a time. `keep` returns when they may be acknowledged; if it raises they come again."""

    def __init__(self, url: str, keep: Callable[[Sequence[RawEvent]], Awaitable[None]]) -> None:
        self._url = url
        self._keep = keep
        self.up = asyncio.Event()

    async def run(self) -> None:
        """Consume until cancelled."""
        await supervise(self._url, "intake", self._session)

    async def _session(self, session: Session) -> None:
        await declare_intake(await session.channel())
        loops = []
        for level in INTAKE_QUEUES:
            channel = await session.channel(prefetch=2 * AT_ONCE)
            waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
            queue = await channel.get_queue(intake_queue(level), ensure=False)
            await queue.consume(waiting.put)
            loops.append(asyncio.create_task(self._take_in(channel, waiting, session, level)))
        self.up.set()
        try:
            await session.lost.wait()
        finally:
            self.up.clear()
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    async def _take_in(
        self, channel: AbstractChannel, waiting: "asyncio.Queue[AbstractIncomingMessage]", session: Session, level: str
    ) -> None:
        """Batch after batch; one acknowledgement covers all of a batch, since they are taken in order."""
        try:
            while True:
                messages = [await waiting.get()]
                await asyncio.sleep(GATHER)
                while len(messages) < AT_ONCE and not waiting.empty():
                    messages.append(waiting.get_nowait())
                await self._keep([_raw(message, level) for message in messages])
                MESSAGES.labels(intake_queue(level), "done").inc(len(messages))
                await messages[-1].ack(multiple=True)
        except asyncio.CancelledError:
            raise
        except (AMQPError, OSError, RuntimeError) as error:
            log.info("the connection was lost; what was not acknowledged comes again", error=type(error).__name__)
        finally:
            session.lost.set()


def user_of(url: str) -> str:
    """The broker user that this address connects as."""
    return unquote(urlsplit(url).username or "guest")


def _raw(message: AbstractIncomingMessage, level: str) -> RawEvent:
    headers: dict[str, Any] = dict(message.headers or {})
    if message.content_type:
        headers.setdefault("content-type", message.content_type)
    return RawEvent(
        id=message.message_id,
        user=message.user_id,
        headers={str(name).lower(): str(value) for name, value in headers.items()},
        body=message.body,
        is_urgent=level == "high",
    )
