"""The floor: what the chain's unavoidable steps cost alone and in sequence, on the same servers in the same run.

From the report's answer to the page there are three entries to log and three decisions to write (triage, escalation,
and the notification's claim), three confirmed publishes to a quorum queue with their consumption, and one HTTP post.
"""

import asyncio
import time
import uuid

import aio_pika
import httpx2

from shared.settings import Settings
from shared.store.client import connect, database

WRITES = 6
PUBLISHES = 3
DOCUMENT = {"text": "x" * 1500}


async def measure(settings: Settings, url: str, rounds: int, pause: float) -> list[float]:
    """Seconds of each round of the chain's bare steps, with a pause (seconds) between rounds as the chain has it."""
    client = connect(settings, "floor")
    rows = database(client, settings).floor
    connection = await aio_pika.connect(settings.amqp_url.get_secret_value())
    try:
        async with connection, httpx2.AsyncClient(trust_env=False) as http:
            channel = await connection.channel(on_return_raises=True)
            queue = await channel.declare_queue("floor", durable=True, arguments={"x-queue-type": "quorum"})
            arrived: asyncio.Queue[None] = asyncio.Queue()

            async def arrive(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                arrived.put_nowait(None)
                await message.ack()

            await queue.consume(arrive)
            taken = []
            for _ in range(rounds):
                began = time.perf_counter()
                for _ in range(WRITES):
                    await rows.insert_one({"_id": uuid.uuid4().hex, **DOCUMENT})
                for _ in range(PUBLISHES):
                    await _publish(channel)
                    await arrived.get()
                await http.post(url, content=b"x" * 600)
                taken.append(time.perf_counter() - began)
                await asyncio.sleep(pause)
            await channel.queue_delete("floor")
            return taken
    finally:
        client.close()


async def _publish(channel: aio_pika.abc.AbstractChannel) -> None:
    message = aio_pika.Message(b"x" * 800, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, "floor")
