"""The main job, end to end: separate processes, real servers, and only what users have."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aio_pika
import msgspec

from shared.domain.catalog import Step
from tests.support.receivers import WebhookReceiver
from tests.support.world import ADA, BO, World, until

EVENTS = """subscription($after: Cursor) { incidentEvents(after: $after) {
  __typename cursor type at incident { status priority version } ... on Changed { entry { id summary type } }
  ... on Entered { entry { id summary type } } } }"""

TIMELINE = """query($id: ID!) { incident(by: {id: $id}) { status priority explanation category
  timeline(first: 100) { nodes { id type summary actor { kind name } cursor } pageInfo { hasNextPage } } } }"""


@asynccontextmanager
async def independent_consumer(world: World) -> Any:
    """Somebody else's own queue on `tocsin.events`; the messages as they come."""
    heard: list[aio_pika.abc.AbstractIncomingMessage] = []
    connection = await aio_pika.connect(world.settings.amqp_url.get_secret_value())
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("tocsin.events", "topic", durable=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "incident.#")

        async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            heard.append(message)

        await queue.consume(hear, no_ack=True)
        yield heard


async def test_from_report_to_closure(world: World, receiver: WebhookReceiver) -> None:
    """One incident, reported, triaged, paged, escalated, acknowledged, mitigated, resolved and closed."""
    await world.add_person(ADA, "Ada", "webhook", receiver.url + "/ada")
    await world.add_person(BO, "Bo", "webhook", receiver.url + "/bo")
    await world.add_service(1, (Step((ADA,), 60), Step((BO,), 60)))
    client = await world.client()
    world.start_worker()
    service = (await client.ask("{ services { nodes { id name } } }"))["services"]["nodes"][0]["id"]

    async with independent_consumer(world) as heard, client.subscribe(EVENTS) as live:
        severity = [{"key": "severity", "value": "critical"}]
        incident = await client.report(serviceIds=[service], labels=severity)
        await until(lambda: receiver.received, "Ada is paged")
        page = receiver.received[0]
        assert page.body["data"]["title"] == f"[P1] INC-{incident['number']}: Checkout is down"
        assert page.body["data"]["step"] == 0

        await world.store.clock.move(timedelta(seconds=61))
        await until(lambda: len(receiver.received) == 2, "Bo is paged a minute later")
        assert receiver.received[1].body["data"]["step"] == 1

        result = await client.do("acknowledgeIncident", id=incident["id"], note="on it")
        assert result["changed"] and result["incident"]["status"] == "ACKNOWLEDGED"
        await world.store.clock.move(timedelta(minutes=20))
        await asyncio.sleep(2)
        assert len(receiver.received) == 2, "acknowledged means quiet"

        await client.do("investigateIncident", id=incident["id"])
        await client.do("addNote", id=incident["id"], text="the payment provider times out")
        await client.do("mitigateIncident", id=incident["id"], workaround="switched to the second provider")
        await client.do("resolveIncident", id=incident["id"], resolution="provider is back", fix="retry with backoff")
        closed = await client.do("closeIncident", id=incident["id"], insights="alert on the provider's status page")
        assert closed["incident"]["status"] == "CLOSED"

        expected = [
            "triggered", "prioritized", "categorized", "escalated", "notification.sent", "escalated",
            "notification.sent", "acknowledged", "investigating", "note_added", "mitigated", "resolved", "closed",
        ]  # fmt: skip
        await until(lambda: len(heard) == len(expected), "the broker has told all of it")
        await until(lambda: len(live.items()) == 1 + len(expected), "the subscription has shown all of it")

    assert live.items()[0]["__typename"] == "CaughtUp"
    assert [item["type"] for item in live.items()[1:]] == expected
    messages = [(str(message.headers["ce-type"]), message.routing_key) for message in heard]
    assert [kind for kind, _ in messages] == [f"io.tocsin.incident.{name}.v1" for name in expected]
    assert messages[0][1] == "incident.triggered.p2", "routed by the provisional priority until triage has spoken"
    assert {key.rpartition(".")[2] for _, key in messages[1:]} == {"p1"}
    assert all(message.headers["ce-subject"] == incident["id"] for message in heard)
    ids = [item["entry"]["id"] for item in live.items()[1:]]
    assert ids == [message.headers["ce-id"] for message in heard], "one id, wherever a fact is seen"
    positions = [msgspec.json.decode(message.body)["position"] for message in heard]
    assert positions == sorted(set(positions))

    shown = (await client.ask(TIMELINE, id=incident["id"]))["incident"]
    assert (shown["status"], shown["priority"], shown["explanation"]) == ("CLOSED", "P1", "tier 1 x critical")
    assert [node["type"] for node in shown["timeline"]["nodes"]] == expected
    summaries = [node["summary"] for node in shown["timeline"]["nodes"]]
    assert "P1 because tier 1 x critical" in summaries
    assert "paging Ada through webhook (step 1 of Web on-call)" in summaries
    assert "acknowledged by Ada" in summaries
