"""Every query that the services ask regularly is served by an index: no collection scan, no sort in memory."""

from typing import Any

from shared.domain.commands import unchanged
from shared.domain.lifecycle import OPEN
from shared.store.client import connect, database
from shared.store.incidents import BY_PRIORITY, NEWEST, Filter
from tests.support.world import ADA, World, by

ALL = (1, 2, 3, 4, 5, 6)


async def ask_everything(world: World) -> None:
    """Each question of API, sweeps, ticker and relay once."""
    store, now = world.store, world.store.clock.now()
    incident = await world.report(key="report:-|disk", service_ids=())
    await store.incidents.update(incident.id, lambda value, command, at: _same(value), by(key="mark"))
    await store.incidents.unprioritized(ALL, None)
    await store.incidents.with_pages(ALL, None)
    await store.incidents.due(now, ALL, None)
    await store.incidents.holder("report:-|disk")
    await store.incidents.by_number(incident.number)
    for order in (BY_PRIORITY, NEWEST, NEWEST.reversed()):
        await store.incidents.page(Filter(), order, None, 20)
        await store.incidents.page(Filter(statuses=OPEN), order, tuple(3 for _ in order.keys), 20)
    await store.incidents.page(Filter(service_ids=("service-checkout",)), BY_PRIORITY, None, 20)
    await store.retries.due("triage", ALL, now, 10)
    await store.retries.held_back("triage", [incident.id])
    await store.relay.full_outboxes(100)
    await store.log.head()
    await store.log.after(0, 10)
    await store.log.timeline(incident.id, 0, 10)
    await store.log.known({"x"})
    await store.services.affected(("service-checkout",))
    await store.services.on_call(("service-checkout",))
    await store.users.by_email("nobody@example.org")
    await store.users.many((ADA,))
    await store.tokens.by_digest("x")


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
        await ask_everything(world)
        await rows.command("profile", 0)
        seen = await rows["system.profile"].find({"op": {"$in": ["query", "command", "update"]}}).to_list(None)
    finally:
        raw.close()
    plans = [(row["ns"].partition(".")[2], row.get("planSummary", ""), row.get("hasSortStage", False)) for row in seen]
    assert len({collection for collection, _, _ in plans}) > 6
    wrong = [plan for plan in plans if "COLLSCAN" in plan[1] or plan[2]]
    assert wrong == []
