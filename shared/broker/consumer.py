"""Consuming: manual acknowledgement, bounded by prefetch, and each message handled in a task of our own.

aio-pika cancels running handlers when the connection drops, while their writes may still commit. Ours go on;
what they did is found again when the message is redelivered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractIncomingMessage

from shared.broker.connection import Session, supervise
from shared.broker.topology import WorkQueue, declare, declare_events
from shared.telemetry import MESSAGES, logger

log = logger("consumer")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came: from which handler's queue, with which headers."""

    queue: WorkQueue
    headers: dict[str, Any]
    body: bytes
    routing_key: str


class Reject(Exception):
    """The message cannot be kept by us: let the broker move it to the dead letters."""


class Consumer:
    """Consumes the work queues. `handle` returns when the message may be acknowledged, or raises Reject."""

    def __init__(self, url: str, queues: tuple[WorkQueue, ...], handle: Callable[[Delivery], Awaitable[None]]) -> None:
        self._url = url
        self._queues = queues
        self._handle = handle
        self._tasks: set[asyncio.Task[None]] = set()
        self.up = asyncio.Event()

    async def run(self) -> None:
        """Consume until cancelled; then let what was begun come to its end (at most ten seconds)."""
        try:
            await supervise(self._url, "consumer", self._session)
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=10)

    async def _session(self, session: Session) -> None:
        setup = await session.channel()
        await declare(setup, self._queues)
        for queue in self._queues:
            channel = await session.channel(prefetch=queue.prefetch)
            declared = await channel.get_queue(queue.name, ensure=False)
            await declared.consume(self._receiver(queue))
        self.up.set()
        try:
            await session.lost.wait()
        finally:
            self.up.clear()

    def _receiver(self, queue: WorkQueue) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
        async def receive(message: AbstractIncomingMessage) -> None:
            task = asyncio.create_task(self._attend(queue, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return receive

    async def _attend(self, queue: WorkQueue, message: AbstractIncomingMessage) -> None:
        delivery = Delivery(queue, dict(message.headers), message.body, message.routing_key or "")
        try:
            await self._handle(delivery)
            verdict = "done"
        except Reject:
            verdict = "rejected"
        except Exception:
            log.exception("a message could not be dealt with", queue=queue.name)
            verdict = "rejected"
        MESSAGES.labels(queue.name, verdict).inc()
        try:
            if verdict == "done":
                await message.ack()
            else:
                await message.reject(requeue=False)
        except Exception:  # noqa: BLE001 -- aiormq ends what waits on a lost channel with whatever ended that
            log.info(
                "the connection was lost before the acknowledgement; the message will come again",
                queue=queue.name,
            )


class Doorbell:
    """Hears every fact as it is published, on an exclusive queue that ends with the connection.

    It is only a doorbell: what is missed while it is deaf must be read from the log. `ring(body)` is called
    for each message, `bound()` after each (re)connect, when the queue is in place.
    """

    def __init__(self, url: str, ring: Callable[[bytes], None], bound: Callable[[], None]) -> None:
        self._url = url
        self._ring = ring
        self._bound = bound
        self.up = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        await supervise(self._url, "doorbell", self._session)

    async def _session(self, session: Session) -> None:
        channel = await session.channel(prefetch=1000)
        events = await declare_events(channel)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await queue.bind(events, "#")
        await queue.consume(self._receive, no_ack=True)
        self.up.set()
        self._bound()
        try:
            await session.lost.wait()
        finally:
            self.up.clear()

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._ring(message.body)
