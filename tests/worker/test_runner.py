"""The runner over a real broker: what is unusable, or always fails, is kept with its reason and blocks nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import aio_pika
import pytest

from services.cli import dead_letters
from services.worker.handler import Deps, Handler, Retry, Work
from services.worker.relay import Relay
from services.worker.runner import Runner
from services.worker.sweeper import Sweeper
from shared.broker import letters
from shared.broker.consumer import Consumer
from shared.broker.publisher import Publisher
from shared.broker.topology import work_queues
from shared.domain import facts
from tests.support.world import World, until


@dataclass
class Bench:
    """One handler of the test's own, with everything around it that a worker has."""

    world: World
    handled: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The broker's address."""
        return self.world.settings.amqp_url.get_secret_value()

    async def handle(self, work: Work, deps: Deps) -> None:
        """Note it, or fail."""
        if work.incident_id in self.failing:
            raise RuntimeError("this handler does not like this incident")
        self.handled.append(work.incident_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relay, consumer and sweeper with the one handler."""
        handler = Handler("probe", (facts.Triggered,), self.handle, retry=Retry((timedelta(milliseconds=50),) * 2))
        deps = Deps(self.world.store, {}, self.world.settings, "test")
        queues = work_queues([handler.subscription()])
        publisher = Publisher(self.url, queues)
        runner = Runner([handler], deps, publisher)
        relay = Relay(self.world.store, publisher, "test")
        self.world.store.wake_on_write(relay.tell)
        consumer = Consumer(self.url, queues, runner.receive)
        sweeper = Sweeper(handler, (1, 2, 3, 4, 5, 6), runner, deps, publisher)
        loops = [asyncio.create_task(loop.run()) for loop in (publisher, consumer, relay, sweeper)]
        async with asyncio.timeout(10):
            await asyncio.gather(publisher.up.wait(), consumer.up.wait())
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            for loop in loops:
                with suppress(asyncio.CancelledError):
                    await loop


UNUSABLE = {
    "not JSON": ({"ce-specversion": "1.0", "ce-type": "io.tocsin.incident.triggered.v1", "ce-id": "x"}, b"{nonsense"),
    "not a CloudEvent": ({}, b'{"hello": "world"}'),
    "of a type that nobody knows": ({"ce-specversion": "1.0", "ce-type": "com.example.thing", "ce-id": "x"}, b"{}"),
    "empty": ({"ce-specversion": "1.0", "ce-type": "io.tocsin.incident.triggered.v1", "ce-id": "x"}, b""),
    "invalid UTF-8": (
        {"ce-specversion": "1.0", "ce-type": "io.tocsin.incident.triggered.v1", "ce-id": "x"}, b'{"id": "\xff"}',
    ),
    "an array 10,000 deep": (
        {"ce-specversion": "1.0", "ce-type": "io.tocsin.incident.triggered.v1", "ce-id": "x"}, b"[" * 10_000,
    ),
}  # fmt: skip


async def publish(url: str, headers: dict[str, str], body: bytes) -> None:
    """A message of some other service's making, on our exchange."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("tocsin.events")
        await exchange.publish(aio_pika.Message(body, headers=dict(headers)), "incident.triggered.p3")


@pytest.mark.parametrize("name", UNUSABLE)
async def test_an_unusable_message(name: str, world: World) -> None:
    """It is kept among the dead letters with its reason, and the next message is handled."""
    bench = Bench(world)
    headers, body = UNUSABLE[name]
    async with bench.running():
        await publish(bench.url, headers, body)
        incident = await world.report()
        await until(lambda: incident.id in bench.handled, "the good message is handled")

        async def buried() -> bool:
            return len(await letters.look(bench.url)) == 1

        await until(buried, "the bad message is among the dead letters")
        (letter,) = await letters.look(bench.url)
    assert letter.handler == "probe"
    assert letter.body == body
    assert len(letter.reason) > 10


async def test_a_handler_that_always_fails(world: World) -> None:
    """After its tries it is given up with reason and count; other incidents are handled; a replay gives it a new
    chance.
    """
    bench = Bench(world)
    async with bench.running():
        bad = await world.report("bad")
        bench.failing.add(bad.id)
        good = await world.report("good")
        await until(lambda: good.id in bench.handled, "the good incident is handled")

        async def buried() -> bool:
            return any(letter.gave_up for letter in await letters.look(bench.url))

        await until(buried, "the bad one is given up", within=20)
        (letter,) = await letters.look(bench.url)
        assert letter.attempts == 3
        assert letter.reason == "RuntimeError: this handler does not like this incident"
        remembered = await world.store.retries.get("probe", bad.id)
        assert remembered is not None
        assert remembered.next_at > world.store.clock.now(), "it goes on being tried, rarely"
        assert await world.store.retries.held_back("probe", [bad.id]) == {bad.id}

        bench.failing.clear()
        assert await dead_letters.replay(world.settings) == 1
        await until(lambda: bad.id in bench.handled, "the replayed one is handled")
        assert await letters.look(bench.url) == []
