"""The dead letters: what could not be processed, with the reason in its headers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import PublishError

from shared.broker.topology import DEAD_LETTERS

MOST = 1000


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `gave_up`: a handler's tries were used up; else the message was unusable."""

    handler: str
    reason: str
    attempts: int
    body: bytes
    gave_up: bool


async def look(url: str) -> list[Letter]:
    """Up to MOST letters; they stay where they are."""
    async with _channel(url) as channel:
        return [_letter(message) async for message in _each(channel)]


async def replay(url: str, again: Callable[[Letter], Awaitable[bool]]) -> int:
    """Take away every letter that `again` dealt with, and send each other back to its queue; how many.

    A letter whose queue is not known, or does not exist any more, stays.
    """
    count = 0
    async with _channel(url) as channel:
        async for message in _each(channel):
            letter = _letter(message)
            if await again(letter) or await _send_back(channel, message, letter):
                await message.ack()
                count += 1
    return count


async def _send_back(channel: AbstractChannel, message: AbstractIncomingMessage, letter: Letter) -> bool:
    out = aio_pika.Message(message.body, headers=dict(message.headers), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    try:
        await channel.default_exchange.publish(out, f"tocsin.{letter.handler}.normal")
    except PublishError:
        return False
    return True


@asynccontextmanager
async def _channel(url: str) -> AsyncIterator[AbstractChannel]:
    connection = await aio_pika.connect(url, heartbeat=10)
    async with connection:
        yield await connection.channel(on_return_raises=True)


async def _each(channel: AbstractChannel) -> AsyncIterator[AbstractIncomingMessage]:
    """What is there now. Unacknowledged ones go back when the channel closes."""
    queue = await channel.get_queue(DEAD_LETTERS)
    for _ in range(MOST):
        message = await queue.get(fail=False)
        if message is None:
            return
        yield message


def _letter(message: AbstractIncomingMessage) -> Letter:
    headers = message.headers
    key = message.routing_key or ""
    attempts = str(headers.get("tocsin-attempts", "1"))
    rejected_by = str(headers.get("x-first-death-queue", "")).split(".")
    return Letter(
        handler=str(headers.get("tocsin-handler", rejected_by[1] if len(rejected_by) == 3 else "unknown")),
        reason=str(headers.get("tocsin-reason", headers.get("x-first-death-reason", "unknown"))),
        attempts=int(attempts) if attempts.isdigit() else 1,
        body=message.body,
        gave_up=key.endswith(".gave_up"),
    )
