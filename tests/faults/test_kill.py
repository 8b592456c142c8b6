"""SIGKILL of workers between any two writes: everything still happens, and once."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from services.worker.relay import Relay
from shared.broker.publisher import Publisher
from shared.crashpoints import POINTS
from shared.domain.catalog import Step
from shared.domain.incident import Prioritization
from tests.support.receivers import Received, WebhookReceiver
from tests.support.world import ADA, BO, World, until

STORY = {
    "triggered": 1, "categorized": 1, "prioritized": 1, "escalated": 2, "notification.sent": 2,
}  # fmt: skip


async def organise(world: World, receiver: WebhookReceiver) -> None:
    """Ada is called first, Bo two seconds later; both through webhooks. The catalog's own facts are logged before."""
    await world.add_person(ADA, "Ada", "webhook", receiver.url + "/ada")
    await world.add_person(BO, "Bo", "webhook", receiver.url + "/bo")
    await world.add_service(1, (Step((ADA,), 2), Step((BO,), 600)))
    relay = Relay(world.store, Publisher(world.settings.amqp_url.get_secret_value(), ()), "test")
    catalog = await world.store.relay.full_outboxes(100)
    await relay.log(catalog)
    await world.store.relay.trim(catalog)
    await world.store.log.mark(await world.store.log.head())


async def assert_whole(world: World, receiver: WebhookReceiver, incident_ids: list[str]) -> None:
    """One notification id a step and person, the log contiguous and complete, everything prioritized."""
    told: dict[str, list[Received]] = {}
    for received in receiver.received:
        told.setdefault(received.id, []).append(received)
    steps = Counter(
        (first.body["data"]["incidentId"], first.body["data"]["step"], first.body["data"]["userId"])
        for first, *_ in told.values()
    )
    assert len(steps) == 2 * len(incident_ids), steps
    assert set(steps.values()) == {1}, "a step and person had more than one notification id"
    for repeats in told.values():
        unmarked = [one for one in repeats if not one.body["data"]["possibleRepeat"]]
        assert len(unmarked) <= 1, "a notification came twice without the mark"
    head = await world.store.log.head()
    rows = await world.store.log.after(0, head + 10)
    assert [row.position for row in rows] == list(range(1, head + 1))
    assert len({row.id for row in rows}) == head
    for incident_id in incident_ids:
        incident = await world.store.incidents.get(incident_id)
        assert incident.prioritization is Prioritization.COMPUTED
        assert not incident.pages
        assert Counter(row.type for row in rows if row.subject == incident_id) == STORY


async def all_told(world: World, incident_ids: list[str]) -> bool:
    """Whether the log has the delivery of both steps of every incident."""
    rows = await world.store.log.after(0, 10_000)
    sent = [row for row in rows if row.type == "notification.sent" and row.subject in incident_ids]
    return len(sent) >= 2 * len(incident_ids)


OUTSIDE = ("deadlines.after_write", "intake.after_keep", "intake.after_apply")
"""What the story of two pages, which a person reports, does not come by."""


@pytest.mark.parametrize("point", [point for point in POINTS if point not in OUTSIDE])
async def test_a_worker_killed_at(point: str, world: World, receiver: WebhookReceiver) -> None:
    """Wherever the worker dies first, the next one completes the story, each page under one id."""
    await killed_once(point, world, receiver)


LATER = [
    (point, visit)
    for point in POINTS
    if point not in OUTSIDE
    for visit in range(2, 11 if point.startswith("update.") else 7)
]


@pytest.mark.slow
@pytest.mark.parametrize(("point", "visit"), LATER)
async def test_a_worker_killed_later_at(point: str, visit: int, world: World, receiver: WebhookReceiver) -> None:
    """The same at every later visit of the point in the same story."""
    await killed_once(f"{point}:{visit}", world, receiver)


async def killed_once(crash_at: str, world: World, receiver: WebhookReceiver) -> None:
    """A worker that dies at that point (if the story visits it so often), and one that goes on."""
    await organise(world, receiver)
    doomed = world.start_worker(crash_at=crash_at)
    incident = await world.report()

    async def dead_or_done() -> bool:
        return doomed.poll() is not None or await all_told(world, [incident.id])

    await until(dead_or_done, f"the worker dies at {crash_at} or completes", within=20)
    assert doomed.poll() in (-9, None)
    if ":" not in crash_at:
        assert doomed.poll() == -9, "the first visit of every point must happen"
    world.start_worker()
    await until(lambda: all_told(world, [incident.id]), "both pages are told", within=30)
    await asyncio.sleep(0.3)
    await assert_whole(world, receiver, [incident.id])


async def test_two_workers_killed_in_turn(world: World, receiver: WebhookReceiver) -> None:
    """Two workers share the work; each dies in the middle, one after the other; the third finds all of it."""
    await organise(world, receiver)
    first = world.start_worker(crash_at="notification.after_claim")
    second = world.start_worker(crash_at="notification.after_send:2")
    incidents = [await world.report(f"Incident {n}") for n in range(6)]
    ids = [incident.id for incident in incidents]
    await until(lambda: first.poll() is not None, "the first worker dies", within=20)
    await until(lambda: second.poll() is not None, "the second worker dies", within=30)
    world.start_worker()
    world.start_worker()
    await until(lambda: all_told(world, ids), "all pages are told", within=40)
    await asyncio.sleep(0.3)
    await assert_whole(world, receiver, ids)


async def test_a_worker_killed_at_a_deadline(world: World, receiver: WebhookReceiver) -> None:
    """A clock that ran out is told once, although the worker died right after it had written that."""
    await organise(world, receiver)
    doomed = world.start_worker(crash_at="deadlines.after_write")
    incident = await world.report()
    await until(lambda: all_told(world, [incident.id]), "both pages are told", within=20)
    await world.store.clock.move(timedelta(minutes=20))
    await until(lambda: doomed.poll() is not None, "the worker dies at the deadline", within=20)
    world.start_worker()

    async def told() -> bool:
        rows = await world.store.log.timeline((incident.id,), 0, 100)
        return "sla.breached" in [row.type for row in rows]

    await until(told, "the clock that ran out is told", within=20)
    await asyncio.sleep(1)
    rows = await world.store.log.timeline((incident.id,), 0, 100)
    assert [row.type for row in rows].count("sla.breached") == 1
