"""The relay: from the documents' outboxes to the log, and from the log to the broker.

Two loops. The first appends full outboxes to the log in one contiguous order and trims them. The second
publishes the log's rows behind the watermark, each document's in order, each confirmed. With the broker away
the first goes on: timelines, live views and the other workers' sweeps miss nothing. One relay works at a
time; the lease only saves double work, the log's unique indexes keep it right.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count, takewhile

from shared.broker.publisher import Publisher, PublishFailed
from shared.crashpoints import reached
from shared.domain.entry import Entry
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.store.log import PositionTaken
from shared.store.outbox import Outbox
from shared.store.relay import LEASE, Written
from shared.store.store import Store
from shared.telemetry import FACTS_PUBLISHED, FACTS_RELAYED, LOG_POSITION, logger

log = logger("relay")

AT_ONCE = 200
POLL = 0.5
MARK_EVERY = 0.2
TRIM_EVERY = 0.1
LONGEST_QUEUE = 400
REMEMBERED = 10_000


class Relay:
    """The relay of this process; it does nothing while another process holds the lease."""

    def __init__(self, store: Store, publisher: Publisher, owner: str) -> None:
        self._store = store
        self._publisher = publisher
        self._owner = owner
        self._filled: dict[tuple[str, str], Outbox] = {}
        self._to_trim: dict[tuple[str, str], Outbox] = {}
        self._told = asyncio.Event()
        self._holding = False
        self._logged_revs: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._logged: list[Entry] = []
        self._to_publish = asyncio.Event()
        self._published = 0
        self._head = 0
        self._room = asyncio.Event()

    def tell(self, outbox: Outbox) -> None:
        """An outbox was filled, by this process or another: it need not be looked for."""
        place = (outbox.collection, outbox.key)
        known = self._filled.get(place)
        if self._holding and len(self._filled) < REMEMBERED and (known is None or known.rev < outbox.rev):
            self._filled[place] = outbox
            self._told.set()

    async def run(self) -> None:
        """Take the lease when it is free, relay while it is held, until cancelled; then give it up."""
        waking = asyncio.create_task(self._wake())
        try:
            while True:
                if await self._holds():
                    self._holding = True
                    await self._hold()
                    self._holding = False
                    self._filled.clear()
                await asyncio.sleep(1)
        finally:
            waking.cancel()
            with suppress(Exception):
                await self._store.relay.release_lease(self._owner)

    async def _hold(self) -> None:
        """Relay until the lease is lost, another relay shows itself, or the database fails."""
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._renew())
                loops.create_task(self._work())
        except* (PyMongoError, Unavailable) as group:
            log.warning("the relay pauses, the database fails", error=type(group.exceptions[0]).__name__)
        except* (PositionTaken, _LeaseLost):
            log.info("another relay is at work; this one steps back")

    async def _work(self) -> None:
        self._head = await self._store.log.head()
        self._published = await self._store.log.watermark()
        self._logged = []
        self._logged_revs.clear()
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._log_forever())
            loops.create_task(self._publish_forever())
            loops.create_task(self._trim_forever())
            loops.create_task(self._mark_forever())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(1)
            if not await self._holds():
                raise _LeaseLost

    async def _holds(self) -> bool:
        try:
            async with asyncio.timeout(LEASE.total_seconds() * 0.6):
                return await self._store.relay.hold_lease(self._owner)
        except (PyMongoError, TimeoutError):
            return False

    async def _log_forever(self) -> None:
        """Log what is told at once, and look for what nobody told every POLL seconds."""
        look_at = 0.0
        while True:
            looking = time.monotonic() >= look_at
            found = await self._store.relay.full_outboxes(AT_ONCE) if looking else self._take_told()
            fresh = await self.log(found) if found else 0
            if looking:
                look_at = time.monotonic() + (TRIM_EVERY if len(found) == AT_ONCE else POLL)
            if fresh:
                await self._wait_for_room()
            elif not self._filled:
                self._told.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, look_at - time.monotonic())):
                        await self._told.wait()

    def _take_told(self) -> list[Outbox]:
        told = sorted(self._filled.values(), key=lambda outbox: outbox.rank)[:AT_ONCE]
        for outbox in told:
            del self._filled[outbox.collection, outbox.key]
        return told

    async def log(self, outboxes: Sequence[Outbox]) -> int:
        """Append what is not in the log yet, and hand it to the publishing loop. How many entries."""
        entries = [entry for outbox in outboxes for entry in outbox.entries if not self._is_logged(outbox, entry)]
        if entries:
            reached("relay.before_log")
            placed = await self._store.log.append(self._head, entries)
            reached("relay.after_log")
            self._head = max(self._head, max(entry.position or 0 for entry in placed))
            LOG_POSITION.set(self._head)
            self._hand_over(placed)
        for outbox in outboxes:
            self._remember(outbox)
            self._to_trim[outbox.collection, outbox.key] = outbox
        for entry in entries:
            FACTS_RELAYED.labels(entry.aggregate, entry.type).inc()
        return len(entries)

    def _is_logged(self, outbox: Outbox, entry: Entry) -> bool:
        return entry.rev <= self._logged_revs.get((outbox.collection, outbox.key), 0)

    def _remember(self, outbox: Outbox) -> None:
        """What was logged lately: a hint that comes late must not be logged (and refused) again."""
        place = (outbox.collection, outbox.key)
        self._logged_revs[place] = max(outbox.rev, self._logged_revs.pop(place, 0))
        if len(self._logged_revs) > REMEMBERED:
            self._logged_revs.popitem(last=False)

    def _hand_over(self, placed: Sequence[Entry]) -> None:
        self._logged += [entry for entry in placed if (entry.position or 0) > self._published]
        self._to_publish.set()

    async def _wait_for_room(self) -> None:
        """Do not log far ahead of publishing: what waits there cannot be overtaken by a higher priority."""
        while len(self._logged) > LONGEST_QUEUE and self._publisher.up.is_set():
            self._room.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._room.wait()
        if not self._publisher.up.is_set():
            self._logged = []

    async def _publish_forever(self) -> None:
        while True:
            if not self._publisher.up.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._publisher.up.wait()
                continue
            rows = await self._next_rows()
            if not rows:
                self._to_publish.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._to_publish.wait()
                continue
            await self._publish(rows)
            self._room.set()

    async def _next_rows(self) -> list[Entry]:
        """The rows right behind the last published one: those just logged if they follow, otherwise from the
        log.
        """
        waiting = [entry for entry in self._logged if (entry.position or 0) > self._published]
        rows = _following(self._published, waiting)[:AT_ONCE]
        self._logged = waiting[len(rows) :] if rows else []
        if rows:
            return rows
        if self._published < self._head:
            return await self._store.log.after(self._published, AT_ONCE)
        return []

    async def _publish(self, rows: Sequence[Entry]) -> None:
        reached("relay.before_publish")
        chains = [self._publish_chain(chain) for chain in _chains(rows)]
        failures = [failure for failure in await asyncio.gather(*chains) if failure]
        if failures:
            log.warning("publishing failed; it is tried again", error=str(failures[0]))
            self._logged = []
            await asyncio.sleep(0.5)
            return
        reached("relay.after_publish")
        self._published = max(self._published, rows[-1].position or 0)
        FACTS_PUBLISHED.inc(len(rows))

    async def _publish_chain(self, chain: Iterable[Entry]) -> PublishFailed | None:
        """One document's rows, each after the confirm of the one before, so that their order holds."""
        try:
            for entry in chain:
                await self._publisher.publish(entry)
        except PublishFailed as failure:
            return failure
        return None

    async def _trim_forever(self) -> None:
        """Trim a moment later, and many at once: on the way of a page each trim would cost a journal flush."""
        while True:
            await asyncio.sleep(TRIM_EVERY)
            if self._to_trim:
                outboxes, self._to_trim = list(self._to_trim.values()), {}
                await self._store.relay.trim(outboxes)
                reached("relay.after_trim")

    async def _mark_forever(self) -> None:
        marked = self._published
        while True:
            await asyncio.sleep(MARK_EVERY)
            if self._published > marked:
                marked = self._published
                await self._store.log.mark(marked)
                reached("relay.after_watermark")

    async def _wake(self) -> None:
        """Hear of every outbox that any process fills. Only an optimisation: the poll finds it too."""
        while True:
            with suppress(PyMongoError):
                async for written in self._store.relay.written():
                    await self._hear(written)
            await asyncio.sleep(1)

    async def _hear(self, written: Written) -> None:
        place = (written.collection, written.key)
        told = self._filled.get(place)
        known = max(self._logged_revs.get(place, 0), told.rev if told else 0)
        if not self._holding or written.rev <= known:
            return
        outbox = written.outbox or await self._store.relay.outbox(written.collection, written.key)
        if outbox and outbox.entries:
            self.tell(outbox)


class _LeaseLost(Exception):
    pass


def _following(position: int, entries: Sequence[Entry]) -> list[Entry]:
    """The first of `entries` as far as they follow `position` without a gap."""
    expected = count(position + 1)
    return list(takewhile(lambda entry: entry.position == next(expected), entries))


def _chains(rows: Sequence[Entry]) -> list[list[Entry]]:
    chains: dict[str, list[Entry]] = {}
    for row in rows:
        chains.setdefault(row.subject, []).append(row)
    return list(chains.values())
