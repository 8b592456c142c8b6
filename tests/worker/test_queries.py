"""Every query that the services ask regularly is served by an index: no collection scan, no sort in memory."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.commands import unchanged
from shared.domain.incident import TaskState
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority
from shared.store.client import connect, database
from shared.store.filters import BY_PRIORITY, EPOCH, LAST_CHANGED, NEWEST, Between, Filter, Order
from shared.store.received import Outcome, RawRow, State
from tests.support.world import ADA, World, by

ALL = (1, 2, 3, 4, 5, 6)
LATELY = Between(EPOCH, EPOCH + timedelta(days=40_000))
MANY = tuple(f"value-{n}" for n in range(30))

NARROWED = {
    "nothing": Filter(),
    "open": Filter(statuses=OPEN),
    "some open": Filter(statuses=(Status.TRIGGERED, Status.MITIGATED)),
    "some over": Filter(statuses=(Status.RESOLVED, Status.CLOSED, Status.TRIGGERED)),
    "no status": Filter(statuses=()),
    "priority": Filter(priorities=(Priority.P1, Priority.P2)),
    "service": Filter(service_ids=("service-checkout",)),
    "many services": Filter(service_ids=MANY),
    "team": Filter(team_ids=("team", "other")),
    "category": Filter(categories=("database", "network")),
    "assignee": Filter(assignee_ids=(ADA,)),
    "labels": Filter(labels=(("region", "eu"), ("cluster", "7"))),
    "breached": Filter(breached=True),
    "not breached": Filter(breached=False),
    "major": Filter(major=True),
    "created": Filter(created=LATELY),
    "many services, created": Filter(service_ids=MANY, created=LATELY),
    "updated": Filter(updated=LATELY),
    "resolved": Filter(resolved=LATELY),
    "text": Filter(words=("checkout", "down")),
    "text of the open": Filter(statuses=OPEN, words=("checkout", "down")),
    "everything": Filter(
        statuses=OPEN,
        priorities=(Priority.P1,),
        service_ids=("service-checkout",),
        team_ids=("team",),
        categories=("database",),
        assignee_ids=(ADA,),
        labels=(("region", "eu"),),
        breached=False,
        words=("checkout",),
        created=LATELY,
    ),
}


async def ask_for_lists(world: World) -> None:
    """Every sort of filter in every order, from both ends, from the beginning and from a place in the middle."""
    incidents = world.store.incidents
    for where, order in itertools.product(NARROWED.values(), (BY_PRIORITY, NEWEST, LAST_CHANGED)):
        for place, backwards in itertools.product((None, tuple(3 for _ in order.keys)), (False, True)):
            await incidents.page(where, order, place, 20, backwards=backwards)
    for where in NARROWED.values():
        await incidents.count(where, 100)
        await incidents.matching(where, 100)


async def ask_everything_else(world: World) -> None:
    """Each question of API, sweeps, ticker and relay once."""
    store, now = world.store, world.store.clock.now()
    incident = await world.report(key="report:-|disk", service_ids=())
    other = await world.report("Another", service_ids=())
    await store.incidents.update(incident.id, lambda value, command, at: _same(value), by(key="mark"))
    await store.incidents.unprioritized(ALL, None)
    await store.incidents.with_pages(ALL, None)
    await store.incidents.due(now, ALL, None)
    await store.incidents.holder("report:-|disk")
    await store.incidents.last_holder("report:-|disk")
    await store.incidents.recurrences(incident.id, 20)
    await store.incidents.by_number(incident.number)
    await store.retries.due("triage", ALL, now, 10)
    await store.retries.held_back("triage", [incident.id])
    await store.relay.full_outboxes(100)
    await store.log.head()
    await store.log.after(0, 10)
    await store.log.timeline((incident.id,), 0, 10)
    await store.log.timeline((incident.id, other.id, "item"), 0, 10)
    await store.log.known({"x"})
    await store.action_items.of_incident(incident.id)
    await store.action_items.waiting(incident.id)
    await store.action_items.page(ADA, (TaskState.OPEN, TaskState.DONE), None, 10)
    await store.action_items.page(None, None, "5", 10, backwards=True)
    await store.services.affected(("service-checkout",))
    await store.services.on_call(("service-checkout",))
    await store.organization.commanders()
    await store.users.by_email("nobody@example.org")
    await store.users.who_hear_majors(10)
    await store.users.many((ADA,))
    await store.tokens.by_digest("x")
    await store.integrations.by_digest("x")
    await store.integrations.by_publisher("x")
    now = store.clock.now()
    raw = [RawRow(f"{source}-{n}", source, now, b"{}", is_urgent=n == 0) for source in "ab" for n in range(3)]
    await store.received.keep(raw)
    assert await store.received.is_any_pending()
    for _ in range(2):
        batch = await store.received.take(10)
        await store.received.settle([Outcome(row.id, State.DONE) for row in batch.rows] if batch else [], now)
    await store.received.waiting(("x",))


def _same(value: Any) -> Any:
    return unchanged(value)


async def test_every_query_has_its_index(world: World) -> None:
    """The server's own profile of these questions shows index scans only, and no sort stage."""
    raw = connect(world.settings, "test")
    rows = database(raw, world.settings)
    try:
        for n in range(30):
            await world.report(f"incident {n}", service_ids=())
        await rows.command("profile", 2)
        await ask_for_lists(world)
        await ask_everything_else(world)
        await rows.command("profile", 0)
        seen = await rows["system.profile"].find({"op": {"$in": ["query", "command", "update"]}}).to_list(None)
    finally:
        raw.close()
    plans = [(row["ns"].partition(".")[2], row.get("planSummary", ""), row.get("hasSortStage", False)) for row in seen]
    assert len({collection for collection, _, _ in plans}) > 6
    wrong = [plan for plan in plans if "COLLSCAN" in plan[1] or plan[2]]
    assert wrong == []


@pytest.mark.parametrize("order", [BY_PRIORITY, NEWEST, LAST_CHANGED], ids=["priority", "newest", "last changed"])
async def test_a_page_reads_no_more_than_it_shows(world: World, order: Order) -> None:
    """However many incidents there are, and however deep the page is, the index leads straight to its rows."""
    for n in range(60):
        await world.report(f"incident {n}", service_ids=())
    where = Filter(statuses=OPEN)
    middle = (await world.store.incidents.page(where, order, None, 30))[-1]
    query = order.query(where, order.place(middle))
    cursor = world.store.incidents.collection.find(query).sort(order.sort()).limit(10).hint(order.index(where))
    stats = (await cursor.explain())["executionStats"]
    assert stats["nReturned"] == 10
    assert stats["totalDocsExamined"] <= 10 + len(order.keys)
    assert stats["totalKeysExamined"] <= 10 + 4 * len(order.keys)


async def test_filters_agree_with_their_meaning(world: World) -> None:
    """Whatever facet leads: the incidents found are those for which the filter holds."""
    made = [
        await world.report(
            f"Checkout {word}",
            service_ids=("service-checkout",) if n % 2 else (),
            team_ids=("team",) if n % 3 else (),
            labels={"region": "eu" if n % 2 else "us"},
        )
        for n, word in enumerate(("Ärger", "down", "slow", "down again"))
    ]
    cases: tuple[tuple[Filter, list[Any]], ...] = (
        (Filter(), made),
        (Filter(service_ids=("service-checkout",)), made[1::2]),
        (Filter(team_ids=("team",), labels=(("region", "eu"),)), [made[1]]),
        (Filter(words=("down",)), [made[1], made[3]]),
        (Filter(words=("down",), labels=(("region", "us"),)), []),
        (Filter(words=("arger",), statuses=OPEN), [made[0]]),
        (Filter(breached=True), []),
        (Filter(breached=False, service_ids=("service-checkout", "other")), made[1::2]),
        (Filter(created=Between(made[2].created_at, None)), made[2:]),
        (Filter(created=Between(None, made[2].created_at), statuses=OPEN), made[:2]),
        (Filter(statuses=(Status.CLOSED,)), []),
    )
    for order, (where, expected) in itertools.product((BY_PRIORITY, NEWEST, LAST_CHANGED), cases):
        found = await world.store.incidents.page(where, order, None, 50)
        assert {one.id for one in found} == {one.id for one in expected}, (order.name, where)
        assert await world.store.incidents.count(where, 50) == len(expected)
        assert [replace(one, words=()) for one in found] == found, "lists leave the words out"
