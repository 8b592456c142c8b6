"""A look at the broker from outside: does it answer, and has it what Tocsin declares?"""

import asyncio

import aio_pika
from aio_pika.exceptions import AMQPError

from shared.broker.topology import DEAD_LETTERS


class BrokerError(Exception):
    """It does not answer, or does not let us in; the text is a sentence."""


async def look(url: str) -> str:
    """What there is to say of it. Raises BrokerError."""
    try:
        async with asyncio.timeout(5):
            connection = await aio_pika.connect(url, heartbeat=10)
    except (OSError, AMQPError, TimeoutError) as error:
        raise BrokerError(
            f"{type(error).__name__}: it does not answer at TOCSIN_AMQP_URL, or refuses the user."
        ) from None
    async with connection:
        try:
            queue = await (await connection.channel()).get_queue(DEAD_LETTERS)
        except AMQPError:
            return "reachable; no worker has declared its queues yet"
        waiting = queue.declaration_result.message_count
        return f"{waiting} dead letters" + ("; see `tocsin dead-letters list`" if waiting else "")
