"""The measures follow the log, through real processes; and what the database makes of them."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain import transitions
from shared.domain.catalog import Step
from shared.domain.commands import Decide
from shared.domain.incident import Correctable, Incident
from shared.domain.measures import Grouping, Interruptions, Measured, Spread
from shared.domain.relations import merge, unmerge
from shared.domain.review import correct_time
from shared.store.client import connect, database
from shared.store.measures import Figures, Noted, Where
from tests.support.world import ADA, ROOT, World, by, until

MINUTE = timedelta(minutes=1)
BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
ONE = Measured(
    triggered_at=BEGIN,
    week="2026-W48",
    service_ids=("checkout",),
    team_ids=("web",),
    priority="P1",
    category="database",
    detect=None,
    acknowledge=60.0,
    restore=600.0,
    resolve=1200.0,
    reopened=0,
    resolved=True,
    self_resolved=False,
    interruptions=Interruptions(1, 0, 2),
)
WEEKS = Where(BEGIN - timedelta(weeks=8), BEGIN + timedelta(weeks=5))


@asynccontextmanager
async def raw(world: World) -> AsyncIterator[Any]:
    """The database itself."""
    connection = connect(world.settings, "test")
    try:
        yield database(connection, world.settings)
    finally:
        connection.close()


async def rows(world: World) -> list[dict[str, Any]]:
    """The rows as they are kept."""
    async with raw(world) as kept:
        return list(await kept.measures.find().sort("_id", 1).to_list(None))


async def do(world: World, incident: Incident, *decisions: Decide[Incident]) -> None:
    """Carry these out, five minutes apart."""
    for decide in decisions:
        await world.store.clock.move(5 * MINUTE)
        await world.store.incidents.update(incident.id, decide, by())


async def all_together(world: World) -> Figures:
    """The figures of all incidents, once the projector has read what was written until now."""

    async def is_followed() -> bool:
        outboxes = await world.store.relay.full_outboxes(1)
        return not outboxes and await world.store.measures.watermark() == await world.store.log.head()

    await until(is_followed, "the measures have followed the log", within=30)
    now = world.store.clock.now()
    (found,) = await world.store.measures.figures(Where(now - timedelta(days=300), now + MINUTE), None)
    return found


def minutes(found: Spread) -> list[int]:
    """Its median in whole minutes; nothing when there is none."""
    return [] if found.p50 is None else [round(found.p50 / 60)]


async def test_an_incident_and_its_measures(world: World) -> None:
    """A row appears, follows corrections and reopenings, and is the same when the log is read from its beginning."""
    await world.add_person(ADA, "Ada", "log", "terminal")
    await world.add_service(1, (Step((ADA,), 60),))
    world.start_worker()
    incident = await world.report()

    async def paged() -> bool:
        kinds = {entry.type for entry in await world.store.log.after(0, 500)}
        return "notification.sent" in kinds

    await until(paged, "Ada is paged")
    await do(world, incident, transitions.acknowledge, transitions.mitigate("restarted"))
    found = await all_together(world)
    assert (found.count, found.resolved, minutes(found.acknowledge), minutes(found.restore)) == (1, 0, [5], [10])
    assert sum((found.interruptions.working, found.interruptions.waking, found.interruptions.sleeping)) > 0
    await do(world, incident, transitions.resolve(None, None))
    found = await all_together(world)
    assert (found.resolved, minutes(found.detect), minutes(found.resolve)) == (1, [], [15])
    began = incident.triggered_at - 20 * MINUTE
    await do(world, incident, correct_time(Correctable.IMPACT_BEGAN, began, "customers told us"))
    found = await all_together(world)
    assert (minutes(found.detect), minutes(found.restore)) == ([20], [30])
    await do(world, incident, transitions.reopen("it came back"), transitions.acknowledge)
    found = await all_together(world)
    assert (found.reopened, found.was_over, found.resolved, found.resolve.n) == (1, 1, 0, 0)
    await do(world, incident, transitions.resolve(None, None))
    found = await all_together(world)
    assert (minutes(found.acknowledge), minutes(found.restore), minutes(found.resolve)) == ([5], [40], [25])

    before = await rows(world)
    async with raw(world) as kept:
        await kept.measures.delete_many({})
    await world.store.measures.begin_again()
    assert await all_together(world) == found
    assert await rows(world) == before
    await world.store.measures.begin_again()
    assert await all_together(world) == found, "with the rows in place as well"


async def test_rebuilding_from_the_command_line(world: World) -> None:
    """`tocsin rebuild-measures` has a worker derive the same rows from the log once more, whatever became of them."""
    world.start_worker()
    resolved, canceled, other = [await world.report(title, service_ids=()) for title in ("a", "b", "c")]
    await do(
        world, resolved, transitions.acknowledge, transitions.mitigate("restarted"), transitions.resolve(None, None)
    )
    await do(world, canceled, transitions.cancel("a drill"))
    found, before = await all_together(world), await rows(world)
    assert (found.count, found.resolved, minutes(found.resolve)) == (2, 1, [15])
    async with raw(world) as kept:
        await kept.measures.delete_one({"_id": other.id})
        await kept.measures.update_one({"_id": resolved.id}, {"$set": {"resolve": 7.0, "priority": "P9"}})
    assert (await all_together(world)).count == 1
    command = [sys.executable, "-c", "from services.cli.app import main; main()", "rebuild-measures"]
    done = await asyncio.to_thread(
        lambda: subprocess.run(
            command, cwd=ROOT, env=world.environment(), capture_output=True, text=True, check=False, timeout=30
        )
    )
    assert (done.returncode, done.stdout.split(";")[0]) == (0, "a worker makes the measures anew"), done.stderr
    assert await all_together(world) == found
    assert await rows(world) == before


async def test_what_is_left_out(world: World) -> None:
    """Canceled and merged incidents are, for as long as they are that."""
    world.start_worker()
    canceled, source, target = [await world.report(title, service_ids=()) for title in ("a", "b", "c")]
    assert (await all_together(world)).count == 3
    await do(world, canceled, transitions.cancel("a drill"))
    ids = (source.id, target.id)
    await world.store.incidents.update_together(ids, merge((source.id,), target.id), by())
    assert (await all_together(world)).count == 1
    await do(world, canceled, transitions.reopen("it was none"))
    await world.store.incidents.update_together(ids, unmerge(source.id, target.id), by())
    assert (await all_together(world)).count == 3


async def test_two_workers(world: World) -> None:
    """One of them projects; when it ends, the other goes on."""
    first = world.start_worker()
    await world.report("one", service_ids=())
    assert (await all_together(world)).count == 1
    world.start_worker()
    first.terminate()
    first.wait()
    await world.report("two", service_ids=())
    assert (await all_together(world)).count == 2


async def test_an_older_row_replaces_no_newer_one(world: World) -> None:
    """Whoever has read less of the log comes too late, also with an incident that is left out by now."""
    measures = world.store.measures
    steps: list[tuple[int, Measured | None, int]] = [
        (5, ONE, 1),
        (3, None, 1),
        (5, replace(ONE, priority="P2"), 1),
        (7, None, 0),
        (6, ONE, 0),
        (8, ONE, 1),
    ]
    for position, measured, count in steps:
        await measures.note([Noted("i", position, measured)])
        (found,) = await measures.figures(WEEKS, None)
        assert found.count == count, position


async def test_the_watermark(world: World) -> None:
    """It rises only from where it was read."""
    measures = world.store.measures
    assert await measures.watermark() == 0
    await measures.advance(7, 9)
    assert await measures.watermark() == 0
    await measures.advance(0, 5)
    await measures.advance(0, 3)
    assert await measures.watermark() == 5
    await measures.begin_again()
    await measures.advance(5, 9)
    assert await measures.watermark() == 0


MADE = [
    ONE,
    replace(ONE, service_ids=("checkout", "cart"), priority="P2", restore=300.0, reopened=2),
    replace(ONE, service_ids=(), team_ids=(), priority=None, category=None, restore=None, resolve=None, resolved=False),
    replace(ONE, team_ids=("web", "data"), self_resolved=True, acknowledge=None, resolve=30.0),
    replace(ONE, triggered_at=BEGIN - timedelta(weeks=7), week="2026-W41", restore=900.0),
    replace(ONE, triggered_at=BEGIN - timedelta(weeks=9), week="2026-W39", restore=900.0),
]
GROUPS: list[tuple[Grouping | None, dict[str, Any], dict[str | None, int]]] = [
    (None, {}, {None: 5}),
    (Grouping.SERVICE, {}, {"checkout": 4, "cart": 1, None: 1}),
    (Grouping.SERVICE, {"service_ids": ("cart",)}, {"cart": 1}),
    (Grouping.TEAM, {"service_ids": ("checkout",)}, {"web": 4, "data": 1}),
    (Grouping.TEAM, {"team_ids": ("data",)}, {"data": 1}),
    (Grouping.PRIORITY, {}, {"P1": 3, "P2": 1, None: 1}),
    (Grouping.PRIORITY, {"priorities": ("P2", "P3")}, {"P2": 1}),
    (Grouping.CATEGORY, {"categories": ("database",)}, {"database": 4}),
    (Grouping.WEEK, {"team_ids": ("web",)}, {"2026-W48": 3, "2026-W41": 1}),
    (None, {"service_ids": ("nothing",)}, {None: 0}),
    (Grouping.SERVICE, {"service_ids": ()}, {}),
]


async def test_groups(world: World) -> None:
    """Every grouping with the filters that it meets; figures that can be reckoned by hand."""
    await world.store.measures.note([Noted(str(n), n, measured) for n, measured in enumerate(MADE)])
    for grouping, filters, expected in GROUPS:
        found = await world.store.measures.figures(replace(WEEKS, **filters), grouping)
        assert {one.key: one.count for one in found} == expected, (grouping, filters)
    (whole,) = await world.store.measures.figures(WEEKS, None)
    assert (whole.resolved, whole.reopened, whole.was_over, whole.self_resolved) == (4, 1, 4, 1)
    assert whole.interruptions == Interruptions(5, 0, 10)
    assert whole.restore == Spread(3, 600.0, 600.0, 900.0), "without the one that resolved itself"
    assert (whole.resolve.n, whole.self_resolve) == (2 + 1, Spread(1, 30.0, 30.0, 30.0))


FILTERS: list[dict[str, Any]] = [{}, {"service_ids": ("checkout",)}, {"team_ids": ("web",)}, {"priorities": ("P1",)}]


@pytest.mark.parametrize("grouping", [None, *Grouping])
async def test_figures_are_served_by_an_index(world: World, grouping: Grouping | None) -> None:
    """The server's own profile shows index scans only, and reads no row outside the range."""
    await world.store.measures.note([Noted(str(n), n, measured) for n, measured in enumerate(MADE)])
    async with raw(world) as kept:
        await kept.command("profile", 2)
        for filters in FILTERS:
            await world.store.measures.figures(replace(WEEKS, **filters), grouping)
        await kept.command("profile", 0)
        seen = await kept["system.profile"].find({"command.aggregate": "measures"}).to_list(None)
    assert len(seen) == len(FILTERS) * 13
    assert all("IXSCAN" in row["planSummary"] and row["docsExamined"] <= 5 for row in seen), seen
