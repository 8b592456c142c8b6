"""RabbitMQ is gone: everything is later, nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest

from services.cli.stack.launcher import Stack
from shared.domain.catalog import Step
from tests.support.receivers import WebhookReceiver
from tests.support.world import ADA, World, new_world, until


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers of this module's own, because it stops one of them."""
    data: Path = tmp_path_factory.mktemp("own-stack")
    with Stack(data, lambda what, seconds: None) as running:
        yield running


async def test_a_report_leads_to_its_page(own_stack: Stack, receiver: WebhookReceiver) -> None:
    """With the broker stopped a report is accepted, triaged and paged; back again, it hears every fact once."""
    own_stack.add_vhosts(["broker-down"])
    async with new_world(own_stack.servers, "broker-down") as world:
        await _without_broker(world, own_stack, receiver)


async def bind(world: World) -> None:
    """Somebody else's durable queue for all incidents' facts."""
    async with await aio_pika.connect(world.settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        events = await channel.declare_exchange("tocsin.events", "topic", durable=True)
        queue = await channel.declare_queue("theirs", durable=True)
        await queue.bind(events, "incident.#")


async def heard(world: World) -> list[str]:
    """The ids in that queue, in order; they are taken out of it."""
    ids = []
    async with await aio_pika.connect(world.settings.amqp_url.get_secret_value()) as connection:
        queue = await (await connection.channel()).get_queue("theirs")
        while message := await queue.get(fail=False, no_ack=True):
            ids.append(str(message.headers["ce-id"]))
    return ids


async def _without_broker(world: World, stack: Stack, receiver: WebhookReceiver) -> None:
    await bind(world)
    await world.add_person(ADA, "Ada", "webhook", receiver.url)
    await world.add_service(1, (Step((ADA,), 600),))
    client = await world.client()
    world.start_worker()
    service = (await client.ask("{ services { nodes { id } } }"))["services"]["nodes"][0]["id"]
    await client.report("before", serviceIds=[service])
    await until(lambda: len(receiver.received) == 1, "the page arrives with the broker up")

    stack.stop_broker()
    async with client.subscribe("subscription { incidentEvents { type incident { title } } }") as live:
        await client.report("meanwhile", serviceIds=[service])
        await until(lambda: len(receiver.received) == 2, "the page arrives with the broker down", within=20)
        await until(
            lambda: [item["type"] for item in live.items()][-1:] == ["notification.sent"],
            "the live view shows it with the broker down",
        )
    assert (await client.http.get("/readyz")).status_code == 200
    head = await world.store.log.head()

    stack.start_broker()

    async def published() -> bool:
        return await world.store.log.watermark() >= head

    await until(published, "what was logged meanwhile is published", within=30)
    await client.report("after", serviceIds=[service])
    await until(lambda: len(receiver.received) == 3, "the page arrives with the broker back")
    assert len({received.id for received in receiver.received}) == 3

    async def all_logged() -> bool:
        rows = await world.store.log.after(0, 1000)
        return [row.type for row in rows].count("notification.sent") == 3

    await until(all_logged, "the last page's fact is logged too")
    logged = [row.id for row in await world.store.log.after(0, 1000) if row.aggregate == "incident"]

    async def all_published() -> bool:
        return await world.store.log.watermark() >= await world.store.log.head()

    await until(all_published, "everything is published")
    told = await heard(world)
    assert set(told) == set(logged), "every fact reached the broker"
    for subject in {entry.rpartition(":")[0].rpartition(":")[0] for entry in logged}:
        theirs = [entry for entry in dict.fromkeys(told) if entry.startswith(subject)]
        assert theirs == [entry for entry in logged if entry.startswith(subject)], "in order, for each incident"
