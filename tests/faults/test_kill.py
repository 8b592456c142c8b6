"""SIGKILL of workers between any two writes: everything still happens, and once."""

import asyncio
from collections import Counter

import pytest

from shared.crashpoints import POINTS
from shared.domain.catalog import Step
from shared.domain.incident import Prioritization
from tests.support.receivers import Received, WebhookReceiver
from tests.support.world import ADA, BO, World, until


async def organise(world: World, receiver: WebhookReceiver) -> None:
    """Ada is called first, Bo two seconds later; both through webhooks."""
    await world.add_person(ADA, "Ada", "webhook", receiver.url + "/ada")
    await world.add_person(BO, "Bo", "webhook", receiver.url + "/bo")
    await world.add_service(1, (Step((ADA,), 2), Step((BO,), 600)))


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
    for incident_id in incident_ids:
        incident = await world.store.incidents.get(incident_id)
        assert incident.prioritization is Prioritization.COMPUTED
        assert not incident.pages
    head = await world.store.log.head()
    rows = await world.store.log.after(0, head + 10)
    assert [row.position for row in rows] == list(range(1, head + 1))
    assert len({row.id for row in rows}) == head
    for incident_id in incident_ids:
        types = Counter(row.type for row in rows if row.subject == incident_id)
        assert types == {
            "triggered": 1, "categorized": 1, "prioritized": 1, "escalated": 2, "notification.sent": 2,
        }, types  # fmt: skip


async def all_told(world: World, incident_ids: list[str]) -> bool:
    """Whether the log has the delivery of both steps of every incident."""
    rows = await world.store.log.after(0, 10_000)
    sent = [row for row in rows if row.type == "notification.sent" and row.subject in incident_ids]
    return len(sent) >= 2 * len(incident_ids)


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_killed_at(point: str, world: World, receiver: WebhookReceiver) -> None:
    """Wherever the worker dies, the next one completes the story, each page under one id."""
    await organise(world, receiver)
    doomed = world.start_worker(crash_at=point)
    incident = await world.report()
    await until(lambda: doomed.poll() is not None, f"the worker dies at {point}", within=20)
    assert doomed.returncode == -9
    world.start_worker()
    await until(lambda: all_told(world, [incident.id]), "both pages are told", within=30)
    await asyncio.sleep(0.3)
    await assert_whole(world, receiver, [incident.id])
