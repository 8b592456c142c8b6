"""`POST /v2/enqueue` on real processes: what a monitor sends becomes incidents that page, and end by its word."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import aio_pika
import httpx2
import pytest
import pytest_asyncio

from shared.broker.intake import user_of
from shared.domain.catalog import Step
from shared.domain.commands import identity
from shared.domain.events import Reason
from shared.domain.incident import Incident
from shared.domain.integrations import Format, Integration, IntegrationKey, OnResolve
from shared.domain.lifecycle import Status
from shared.domain.priority import Severity
from shared.store.filters import Filter
from shared.store.received import Outcome, State
from tests.support.receivers import WebhookReceiver
from tests.support.world import ADA, World, by, until


class Monitor:
    """A source of events that has the key of an integration."""

    def __init__(self, world: World, key: str, integration_id: str) -> None:
        self.world = world
        self.key = key
        self.integration_id = integration_id

    async def post(self, body: Any, **more: Any) -> httpx2.Response:
        """Send a body, as JSON unless it is bytes."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        async with httpx2.AsyncClient(base_url=self.world.api_url or "", timeout=20) as http:
            return await http.post("/v2/enqueue", **content, **more)

    async def send(self, action: str, key: str | None = None, **payload: Any) -> dict[str, Any]:
        """An event that is accepted, at the latest when the broker is there; the answer."""
        body: dict[str, Any] = {"routing_key": self.key, "event_action": action}
        if key:
            body["dedup_key"] = key
        if action == "trigger":
            payload = {"summary": "Disk full on db1", "source": "db1", "severity": "critical"} | payload
        if payload:
            body["payload"] = payload

        async def taken() -> httpx2.Response | None:
            answer = await self.post(body)
            return answer if answer.status_code != 503 else None

        answer = await until(taken, "the event is taken in")
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def incident(self, key: str) -> Incident | None:
        """What holds the key now."""
        holder = await self.world.store.incidents.holder(f"{self.integration_id}|{key}")
        return holder.value if holder else None

    async def becomes(self, key: str, status: Status) -> Incident:
        """The key's incident, once it has that status."""

        async def there() -> Incident | None:
            found = await self.incident(key)
            return found if found and found.status is status else None

        found: Incident = await until(there, f"{key} is {status}")
        return found


async def monitor_of(world: World, **settings: Any) -> Monitor:
    """A monitor whose events are about the service checkout."""

    def make(key: IntegrationKey) -> Integration:
        said = {"service_id": "service-checkout", **settings}
        return Integration(f"monitor-{len(said)}", "Monitor", Format.PAGERDUTY, key.created_at, keys=(key,), **said)

    issued = await world.store.integrations.issue(make, by())
    return Monitor(world, issued.key or "", issued.result.value.id)


@pytest_asyncio.fixture
async def monitor(world: World, receiver: WebhookReceiver) -> AsyncIterator[Monitor]:
    """A running Tocsin that pages Ada, and a monitor."""
    await world.add_person(ADA, "Ada", "webhook", receiver.url)
    await world.add_service(1, (Step((ADA,), 60),))
    world.start_worker()
    world.api_url = await world.start_api()
    yield await monitor_of(world)


async def test_from_trigger_to_resolve(monitor: Monitor, receiver: WebhookReceiver) -> None:
    """It pages once, counts repeats, and ends by the source's word; acknowledged by a source is not by a human."""
    assert await monitor.send("trigger", "disk") == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "disk",
    }
    await until(lambda: receiver.received, "Ada is paged")
    incident = await monitor.becomes("disk", Status.TRIGGERED)
    assert (incident.title, incident.source, incident.severity) == ("Disk full on db1", "db1", Severity.CRITICAL)
    assert (incident.service_ids, incident.reporter.id) == (("service-checkout",), monitor.integration_id)
    for _ in range(3):
        await monitor.send("trigger", "disk")

    async def repeats() -> bool:
        found = await monitor.incident("disk")
        return bool(found and found.repeats == 3)

    await until(repeats, "the repeats are counted")
    await monitor.send("acknowledge", "disk")
    acknowledged = await monitor.becomes("disk", Status.ACKNOWLEDGED)
    assert (acknowledged.responders, acknowledged.alerts[0].events) == ((), 4)
    await monitor.send("resolve", "disk")
    resolved = await monitor.becomes("disk", Status.RESOLVED)
    assert not resolved.firing
    await monitor.send("trigger", "disk")
    again = await monitor.becomes("disk", Status.TRIGGERED)
    assert (again.id, again.reopen_count) == (incident.id, 1)
    await until(lambda: len(receiver.received) == 2, "Ada is paged again")


async def test_a_key_is_made_for_what_has_none(monitor: Monitor) -> None:
    """The same alert has the same key, and its answer says which; another one has another."""
    first, second = await monitor.send("trigger"), await monitor.send("trigger")
    other = await monitor.send("trigger", source="db2")
    assert first == second != other
    assert first["dedup_key"].startswith("auto:1:")
    await monitor.becomes(first["dedup_key"], Status.TRIGGERED)
    await monitor.send("resolve", first["dedup_key"])
    await monitor.becomes(first["dedup_key"], Status.RESOLVED)


async def test_a_worse_severity_is_weighed_again(monitor: Monitor) -> None:
    """It raises the priority; a lower one changes nothing."""
    await monitor.send("trigger", "disk", severity="info")

    async def rank(wanted: int) -> bool:
        found = await monitor.incident("disk")
        return bool(found and found.priority and found.rank == wanted)

    await until(lambda: rank(3), "tier 1 and info are P3")
    await monitor.send("trigger", "disk", severity="critical")
    await until(lambda: rank(1), "critical is P1")
    await monitor.send("trigger", "disk", severity="info")
    await asyncio.sleep(0.3)
    assert await rank(1)


async def test_a_resolution_before_its_trigger(monitor: Monitor, receiver: WebhookReceiver) -> None:
    """By the source's clock the trigger is older: the incident is logged and over, and nobody is woken."""
    now = monitor.world.store.clock.now()
    said = {"summary": "x", "source": "db1", "severity": "critical"}
    await monitor.send("resolve", "late", timestamp=now.isoformat(), **said)
    await asyncio.sleep(0.3)
    assert await monitor.incident("late") is None
    await monitor.send("trigger", "late", timestamp=(now - timedelta(minutes=1)).isoformat())
    incident = await monitor.becomes("late", Status.RESOLVED)
    await monitor.send("trigger", "late", timestamp=(now - timedelta(seconds=30)).isoformat())
    await asyncio.sleep(3)
    present = await monitor.incident("late")
    assert present and (present.id, present.status) == (incident.id, Status.RESOLVED)
    assert receiver.received == []


@pytest.mark.parametrize("follows", [OnResolve.NOTHING, OnResolve.UNATTENDED, OnResolve.DELAYED])
async def test_what_a_resolution_may_do(
    world: World, receiver: WebhookReceiver, monitor: Monitor, follows: OnResolve
) -> None:
    """As the integration is set: never, only while no person has acted, or after a delay."""
    other = await monitor_of(world, on_resolve=follows, resolve_delay_seconds=60)
    await other.send("trigger", "disk")
    incident = await other.becomes("disk", Status.TRIGGERED)
    await other.send("resolve", "disk")
    if follows is OnResolve.UNATTENDED:
        await other.becomes("disk", Status.RESOLVED)
        return

    async def is_over() -> bool:
        found = await other.incident("disk")
        return bool(found and not found.firing)

    await until(is_over, "the alert is over")
    assert (await world.store.incidents.get(incident.id)).status is Status.TRIGGERED
    await world.store.clock.move(timedelta(seconds=61))
    if follows is OnResolve.DELAYED:
        await other.becomes("disk", Status.RESOLVED)
    else:
        await asyncio.sleep(2)
        assert (await world.store.incidents.get(incident.id)).status is Status.TRIGGERED


GOOD = {"event_action": "trigger", "payload": {"summary": "x", "source": "y", "severity": "error"}}
BAD: dict[str, tuple[Any, str]] = {
    "no JSON": (b"{", "not JSON"),
    "no UTF-8": (b'{"a": "\xff"}', "not JSON"),
    "no object": (b"[]", "not a JSON object"),
    "too deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "deeper than 64"),
    "a huge number": (b'{"a": 1e400}', "not JSON"),
    "no key": (GOOD, "'routing_key' is missing"),
    "an unknown key": ({**GOOD, "routing_key": "0" * 32}, "'routing_key' is not the key"),
    "a key with NUL": ({**GOOD, "routing_key": "\0"}, "'routing_key' is not the key"),
    "no action": ({"routing_key": None, "payload": GOOD["payload"]}, "'event_action' is missing"),
    "an unknown action": ({**GOOD, "routing_key": None, "event_action": "explode"}, "must be one of trigger"),
    "an action that is a list": ({**GOOD, "routing_key": None, "event_action": ["trigger"]}, "must be one of trigger"),
    "no payload": ({"routing_key": None, "event_action": "trigger"}, "'payload' is missing"),
    "an empty payload": ({"routing_key": None, "event_action": "trigger", "payload": {}}, "'payload.summary'"),
    "a wrong severity": (
        {**GOOD, "routing_key": None, "payload": {**GOOD["payload"], "severity": "bad"}},  # type: ignore[dict-item]
        "'payload.severity' must be one of critical",
    ),
    "a long dedup key": ({**GOOD, "routing_key": None, "dedup_key": "x" * 256}, "more than 255"),
    "a resolve without a key": ({"routing_key": None, "event_action": "resolve"}, "'dedup_key' is missing"),
}


async def test_bad_events(monitor: Monitor) -> None:
    """400 with every error, in PagerDuty's form; each is kept with its reason, and none has become an incident."""
    for name, (body, message) in BAD.items():
        if isinstance(body, dict) and "routing_key" in body and body["routing_key"] is None:
            body = {**body, "routing_key": monitor.key}
        answer = await monitor.post(body)
        assert answer.status_code == 400, name
        said = answer.json()
        assert (said["status"], said["message"]) == ("invalid event", "Event object is invalid"), name
        assert any(message in error for error in said["errors"]), (name, said)
    too_large = await monitor.post(b" " * 512_001)
    assert too_large.status_code == 413
    rows = monitor.world.store.received

    async def kept() -> Counter[str] | None:
        documents = await rows._rows.find({"state": State.REFUSED}).to_list(None)
        return Counter(one["reason"] for one in documents) if len(documents) == len(BAD) + 1 else None

    strays = sum(not isinstance(body, dict) or bool(body.get("routing_key", "")) for body, _ in BAD.values())
    reasons = await until(kept, "all are kept")
    assert reasons == {Reason.UNKNOWN_KEY: strays + 2, Reason.WRONG_SHAPE: len(BAD) + 1 - strays - 2}
    assert await monitor.world.store.incidents.count(Filter(), 10) == 0


async def test_ugly_events_are_kept(monitor: Monitor) -> None:
    """An alert is not lost for a strange label, a loose time or a long summary."""
    odd = {"$where": "1", "a.b": {"c": [1, 2]}, "nul\0": "x\0y", "": "nameless", "none": None}
    payload = {
        "summary": "s" * 3000,
        "source": "db1",
        "severity": "WARNING",
        "timestamp": "2015-07-17T08:42:58.315+0000",
        "custom_details": odd,
    }
    links = [{"href": "javascript:alert(1)"}, {"href": "https://wiki.test/x", "text": "wiki"}, 7]
    said = {"routing_key": monitor.key, "dedup_key": "odd", "links": links, "client_url": 5, "payload": payload}
    twice = b'{"event_action": "resolve", "event_action": "trigger", ' + json.dumps(said).encode()[1:]
    await monitor.send("trigger", "before")
    answer = await monitor.post(twice)
    assert answer.status_code == 202, answer.text
    incident = await monitor.becomes("odd", Status.TRIGGERED)
    assert len(incident.title) == 500
    assert incident.labels == {"_where": "1", "a_b": '{"c":[1,2]}', "nul\ufffd": "x\ufffdy"}
    assert [link.url for link in incident.links] == ["https://wiki.test/x"]
    assert (incident.severity, incident.impact_began_at) == (Severity.WARNING, None), "a time of 2015 is not believed"


async def test_a_revoked_or_replaced_key(monitor: Monitor) -> None:
    """A key that was rotated works while the two overlap; other formats' keys are no keys here."""
    store = monitor.world.store
    issued = await store.integrations.rotate(monitor.integration_id, timedelta(hours=1), by())
    await monitor.send("trigger", "old key")
    fresh = Monitor(monitor.world, issued.key or "", monitor.integration_id)
    await fresh.send("trigger", "new key")
    for name in ("old key", "new key"):
        await fresh.becomes(name, Status.TRIGGERED)


async def test_without_a_broker_nothing_is_accepted(world: World) -> None:
    """503 with a time to try again: a 202 would be a lie."""
    closed = world.settings.amqp_url.get_secret_value().rpartition("@")[0] + "@127.0.0.1:1/none"
    world.api_url = await world.start_api(TOCSIN_AMQP_URL=closed)
    await world.add_service(1, (Step((ADA,), 60),))
    monitor = await monitor_of(world)
    body = {**GOOD, "routing_key": monitor.key}
    answer = await monitor.post(body)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize("point", ["intake.after_keep", "intake.after_apply", "update.after_write"])
async def test_a_worker_that_dies(world: World, point: str) -> None:
    """What it had kept or applied is neither lost nor counted twice by the next one."""
    await world.add_person(ADA, "Ada", "log", "terminal")
    await world.add_service(1, (Step((ADA,), 60),))
    world.api_url = await world.start_api()
    monitor = await monitor_of(world)
    for n in range(3):
        for _ in range(4):
            await monitor.send("trigger", f"disk {n}")
    first = world.start_worker(crash_at=point)
    await until(lambda: first.poll() is not None, f"the worker dies at {point}", within=20)
    world.start_worker()

    async def all_counted() -> bool:
        found = [await monitor.incident(f"disk {n}") for n in range(3)]
        return all(one is not None and one.repeats == 3 for one in found) and not (
            await world.store.received.is_any_pending()
        )

    await until(all_counted, "each is one incident with three repeats", within=20)
    assert await world.store.incidents.count(Filter(), 10) == 3


async def test_what_cannot_be_read_is_kept(world: World) -> None:
    """A message of nobody's stays with the reason."""
    world.start_worker()
    url = world.settings.amqp_url.get_secret_value()

    async def declared() -> bool:
        try:
            connection = await aio_pika.connect(url)
        except OSError:
            return False
        async with connection:
            channel = await connection.channel(on_return_raises=True)
            try:
                exchange = await channel.get_exchange("tocsin.intake")
                await exchange.publish(aio_pika.Message(b"{}", message_id="m1"), "x.critical")
            except aio_pika.exceptions.AMQPError:
                return False
            return True

    await until(declared, "the intake is there")
    name = identity("event", "", "m1")

    async def refused() -> Any:
        found = await world.store.received.find(name)
        return found if found and found[1].state is State.REFUSED else None

    row, outcome = await until(refused, "it is refused")
    assert (row.body, outcome.reason) == (b"{}", "UNKNOWN_KEY")
    assert isinstance(row.at, datetime)


async def test_what_nobody_foresaw(monitor: Monitor) -> None:
    """An incident that cannot be read keeps its own events, with the reason, and no others."""
    # The second is said by a relay that was already watching when the document came.
    monitor.world.expected_errors += ["events could not be applied", "a document cannot be read"]
    broken = {"_id": "broken", "rev": 1, "number": 1, "open_keys": [f"{monitor.integration_id}|bad"]}
    await monitor.world.store.incidents.collection.insert_one(broken)
    await monitor.send("trigger", "bad")
    await monitor.send("trigger", "good")
    await monitor.becomes("good", Status.TRIGGERED)

    async def refused() -> Any:
        return await monitor.world.store.received._rows.find_one({"state": State.REFUSED})

    kept = await until(refused, "the other one is refused")
    assert (kept["reason"], b"bad" in kept["body"]) == ("REFUSED", True)
    assert not await monitor.world.store.received.is_any_pending()


async def test_what_is_too_large_is_cut(world: World) -> None:
    """A message that no document could hold is refused as too large; the ones behind it are taken in."""
    world.start_worker()
    world.api_url = await world.start_api()
    monitor = await monitor_of(world, service_id=None)
    url = world.settings.amqp_url.get_secret_value()
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("tocsin.intake")
        large = aio_pika.Message(
            b"[" * 20_000_000,
            message_id="large",
            headers={"tocsin-integration": monitor.integration_id},
            user_id=user_of(url),
        )
        await exchange.publish(large, f"{monitor.integration_id}.none")
    await monitor.send("trigger", "behind", severity="info")
    await monitor.becomes("behind", Status.TRIGGERED)
    name = identity("event", monitor.integration_id, "large")

    async def settled() -> Outcome | None:
        found = await world.store.received.find(name)
        return found[1] if found and found[1].state is not State.PENDING else None

    row = await until(settled, "the large one is seen to")
    assert (row.state, row.reason) == (State.REFUSED, "TOO_LARGE")
