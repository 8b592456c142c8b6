"""The relay: from the documents' outboxes to the log, and from the log to the broker.

Two loops. The first appends full outboxes to the log in one contiguous order and trims them. The second
publishes the log's rows behind the watermark, each document's in order, each confirmed. With the broker away
the first goes on: timelines, live views and the other workers' sweeps miss nothing. One relay works at a
time; the lease only saves double work, the log's unique indexes keep it right.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count, takewhile

from shared.broker.publisher import Publisher, PublishFailed
from shared.crashpoints import reached
from shared.domain.entry import Entry
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.store.log import PositionTaken
from shared.store.relay import LEASE
from shared.store.store import Store
from shared.telemetry import FACTS_PUBLISHED, FACTS_RELAYED, LOG_POSITION, logger

log = logger("relay")

AT_ONCE = 200
POLL = 0.5
MARK_EVERY = 0.2
LONGEST_QUEUE = 400


class Relay:
    """The relay of this process; it does nothing while another process holds the lease."""

    def __init__(self, store: Store, publisher: Publisher, owner: str) -> None:
        self._store = store
        self._publisher = publisher
        self._owner = owner
        self._nudged = asyncio.Event()
        self._logged: list[Entry] = []
        self._to_publish = asyncio.Event()
        self._published = 0
        self._head = 0
        self._room = asyncio.Event()

    def nudge(self) -> None:
        """Look at the outboxes now."""
        self._nudged.set()

    async def run(self) -> None:
        """Take the lease when it is free, relay while it is held, until cancelled; then give it up."""
        waking = asyncio.create_task(self._wake())
        try:
            while True:
                if await self._holds():
                    await self._hold()
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
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._log_forever())
            loops.create_task(self._publish_forever())
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
        while True:
            self._nudged.clear()
            full = await self.log_once()
            await self._wait_for_room()
            if full < AT_ONCE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._nudged.wait(), POLL)

    async def log_once(self) -> int:
        """Log what waits in up to AT_ONCE documents, the highest priority first; how many they were."""
        outboxes = await self._store.relay.full_outboxes(AT_ONCE)
        entries = [entry for outbox in outboxes for entry in outbox.entries]
        if not outboxes:
            return 0
        reached("relay.before_log")
        placed = await self._store.log.append(self._head, entries)
        reached("relay.after_log")
        self._head = max(self._head, max((entry.position or 0 for entry in placed), default=0))
        LOG_POSITION.set(self._head)
        self._hand_over(placed)
        await self._store.relay.trim(outboxes)
        reached("relay.after_trim")
        for entry in placed:
            FACTS_RELAYED.labels(entry.aggregate, entry.type).inc()
        return len(outboxes)

    def _hand_over(self, placed: Sequence[Entry]) -> None:
        self._logged += [entry for entry in placed if (entry.position or 0) > self._published]
        self._to_publish.set()

    async def _wait_for_room(self) -> None:
        """Do not log far ahead of publishing: what waits there cannot be overtaken by a higher priority."""
        while len(self._logged) > LONGEST_QUEUE and self._publisher.up.is_set():
            self._room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), POLL)
        if not self._publisher.up.is_set():
            self._logged = []

    async def _publish_forever(self) -> None:
        while True:
            if not self._publisher.up.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._publisher.up.wait(), POLL)
                continue
            rows = await self._next_rows()
            if not rows:
                self._to_publish.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._to_publish.wait(), POLL)
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

    async def _mark_forever(self) -> None:
        marked = self._published
        while True:
            await asyncio.sleep(MARK_EVERY)
            if self._published > marked:
                marked = self._published
                await self._store.log.mark(marked)
                reached("relay.after_watermark")

    async def _wake(self) -> None:
        """Nudge when any process has filled an outbox. Only an optimisation: the poll finds it too."""
        while True:
            with suppress(PyMongoError):
                async for _ in self._store.relay.wakes():
                    self.nudge()
            await asyncio.sleep(1)


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
