"""What the store remembers of commands that may come again, and which of two incidents keeps a dedup key."""

from datetime import timedelta

import pytest

from shared.domain.diagnosis import add_note
from shared.domain.errors import KeyReused
from shared.domain.incident import Incident
from shared.domain.lifecycle import Status
from shared.domain.relations import merge, unmerge
from shared.domain.reports import Report
from shared.domain.transitions import acknowledge, cancel, close, reopen, resolve
from shared.store.incidents import Reported
from shared.store.update import MOST_PASSING, MOST_REMEMBERED, REMEMBERED_FOR
from tests.support.world import World, by

KEY = "report:-|disk"
WINDOW = timedelta(minutes=30)
note = add_note("it smells of smoke")


async def marks(world: World, incident: Incident) -> list[bool]:
    """Of each command that the incident's document remembers: whether it has an idempotency key."""
    loaded = await world.store.incidents.find(incident.id)
    assert loaded is not None
    return [mark.get("keyed", False) for mark in loaded.document["applied"]]


async def reported(world: World, idempotency_key: str | None = None, digest: str = "") -> Reported:
    """A report with the dedup key KEY."""
    command = by(key=idempotency_key, digest=digest)
    return await world.store.report(Report("disk full", key=KEY), command, WINDOW, None)


async def end(world: World, incident: Incident) -> None:
    """Resolve and close it: its key is free."""
    for decide in (resolve(None, None), close(None)):
        await world.store.incidents.update(incident.id, decide, by())


async def test_a_hundred_passing_commands_crowd_out_no_key(world: World) -> None:
    """What a caller may ask for again all day is remembered, whatever is done in between; both kinds are bounded."""
    incident = await world.report(service_ids=())
    keyed = by(key="once")
    first = await world.store.incidents.update(incident.id, note, keyed)
    for _ in range(100):
        await world.store.incidents.update(incident.id, note, by())
    assert await marks(world, incident) == [True, *[False] * MOST_PASSING]
    again = await world.store.incidents.update(incident.id, note, keyed)
    assert (first.changed, first.replayed, again.changed, again.replayed) == (True, False, True, True)
    assert again.value.version == incident.version + 101
    for n in range(MOST_REMEMBERED):
        await world.store.incidents.update(incident.id, note, by(key=f"more-{n}"))
    assert await marks(world, incident) == [*[True] * MOST_REMEMBERED, *[False] * MOST_PASSING]
    assert (MOST_REMEMBERED, MOST_PASSING) == (64, 64)


async def test_a_command_is_remembered_for_a_day(world: World) -> None:
    """Also one that changed nothing; after a day the next write forgets it."""
    incident = await world.report(service_ids=())
    await world.store.incidents.update(incident.id, acknowledge, by())
    so = await world.store.incidents.update(incident.id, acknowledge, by(key="so"))
    assert not so.changed
    assert await marks(world, incident) == [True, False]
    await world.store.clock.move(REMEMBERED_FOR - timedelta(minutes=1))
    again = await world.store.incidents.update(incident.id, acknowledge, by(key="so"))
    assert (again.changed, again.replayed) == (False, True)
    await world.store.clock.move(timedelta(minutes=2))
    await world.store.incidents.update(incident.id, note, by())
    assert await marks(world, incident) == [False]


async def test_a_repeat_that_comes_again_is_its_own_success(world: World) -> None:
    """A keyed report that an open incident took in is answered from that one, whoever holds the dedup key by now."""
    incident = (await reported(world)).result.value
    first = await reported(world, "alert-7")
    assert (first.deduplicated, first.result.replayed, first.result.value.repeats) == (True, False, 1)
    assert (await reported(world)).result.value.repeats == 2
    for over in (False, True):
        if over:
            await end(world, incident)
            assert (await reported(world)).result.value.id != incident.id
        again = await reported(world, "alert-7")
        assert (again.deduplicated, again.result.replayed, again.result.changed) == (True, True, False)
        assert (again.result.value.id, again.result.value.repeats) == (incident.id, 2)
    with pytest.raises(KeyReused):
        await reported(world, "alert-7", digest="another report")


async def test_a_repeat_whose_answer_was_lost_is_counted_once(world: World) -> None:
    """It was counted, and the process died before it noted which incident that was: the holder knows the command."""
    incident = (await reported(world)).result.value
    command = by(key="alert-7")
    await world.store.incidents.report(Report("disk full", key=KEY), command, WINDOW)
    again = await world.store.report(Report("disk full", key=KEY), command, WINDOW, None)
    assert (again.deduplicated, again.result.replayed) == (True, True)
    assert (await world.store.incidents.get(incident.id)).repeats == 1


async def test_a_reopened_incident_leaves_a_key_with_its_holder(world: World) -> None:
    """Canceled, its key went to a new incident: it is reopened without that one, and repeats reach the new one."""
    one = await world.report(service_ids=(), key=KEY)
    other = await world.report("another", service_ids=(), key=f"{KEY}2")
    both = (one.id, other.id)
    await world.store.incidents.update_together(both, merge((other.id,), one.id), by())
    await world.store.incidents.update(one.id, cancel("a drill"), by())
    holder = await world.report("no drill", service_ids=(), key=KEY)
    assert holder.id not in both
    result = await world.store.incidents.update(one.id, reopen("it was none"), by())
    assert result.changed
    present = await world.store.incidents.get(one.id)
    assert (present, present.status) == (result.value, Status.TRIGGERED)
    assert (present.open_keys, present.keys) == ((f"{KEY}2",), (KEY, f"{KEY}2"))
    assert (await reported(world)).result.value.id == holder.id
    assert (await world.store.incidents.get(holder.id)).repeats == 1


async def test_an_unmerged_incident_leaves_a_key_with_its_holder(world: World) -> None:
    """The target let the key go and a third incident took it: the source is back without it, in one transaction."""
    source, target = [await world.report(service_ids=(), key=f"{KEY}{n}") for n in ("", "2")]
    both = (source.id, target.id)
    await world.store.incidents.update_together(both, merge((source.id,), target.id), by())
    await world.store.incidents.update(target.id, resolve(None, None), by())
    await world.store.clock.move(2 * WINDOW)
    third = (await reported(world)).result.value
    assert third.id not in both
    back, left = await world.store.incidents.update_together(both, unmerge(source.id, target.id), by())
    assert (back.value.status, back.value.open_keys, back.value.keys) == (Status.TRIGGERED, (), (KEY,))
    assert [await world.store.incidents.get(key) for key in both] == [back.value, left.value]
    assert (await world.store.incidents.get(third.id)).open_keys == (KEY,)
