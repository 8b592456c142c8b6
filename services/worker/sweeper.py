"""The sweeper finds undone work by each handler's own query: what a lost message, a dead worker or an absent
broker left.

While the broker is away it is what keeps the chain going, and it looks more often.
"""

import asyncio

from services.worker.handler import Deps, Handler, Work
from services.worker.runner import Runner
from shared.broker.publisher import Publisher
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.telemetry import SWEPT, logger

log = logger("sweeper")

AT_ONCE = 200
WITHOUT_BROKER = 0.5


class Sweeper:
    """Sweeps one handler."""

    def __init__(self, handler: Handler, runner: Runner, deps: Deps, publisher: Publisher) -> None:
        self._handler = handler
        self._runner = runner
        self._deps = deps
        self._publisher = publisher
        self._at_work = asyncio.Semaphore(handler.prefetch)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except (Unavailable, PyMongoError) as error:
                log.warning("a sweep failed", handler=self._handler.name, error=type(error).__name__)
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        usual = self._deps.settings.sweep_every.total_seconds()
        return usual if self._publisher.up.is_set() else min(usual, WITHOUT_BROKER)

    async def sweep(self) -> None:
        """One look: what is undone, and what is to be tried again."""
        now = self._deps.store.clock.now()
        works: list[Work] = []
        if self._handler.undone:
            undone = await self._handler.undone(self._deps.store, now, AT_ONCE)
            ids = [loaded.value.id for loaded in undone]
            held_back = await self._deps.store.retries.held_back(self._handler.name, ids)
            works += [Work(one.value.id, "sweep", one) for one in undone if one.value.id not in held_back]
        for failed in await self._deps.store.retries.due(self._handler.name, now, AT_ONCE):
            works.append(Work(failed.subject, failed.event_id))
        await asyncio.gather(*(self._one(work) for work in works))
        await self._forget(works)

    async def _one(self, work: Work) -> None:
        if self._runner.is_under_way(self._handler, work.incident_id):
            return
        SWEPT.labels(self._handler.name).inc()
        async with self._at_work:
            await self._runner.run(self._handler, work)

    async def _forget(self, works: list[Work]) -> None:
        """A retry that went well leaves its row behind with an old time: take it away."""
        retried = [work for work in works if work.cause != "sweep"]
        for work in retried:
            row = await self._deps.store.retries.get(self._handler.name, work.incident_id)
            if row and row.next_at and row.next_at <= self._deps.store.clock.now():
                await self._deps.store.retries.forget(self._handler.name, work.incident_id)
