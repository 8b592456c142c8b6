"""The sweeper finds undone work by each handler's own query: what lost messages and dead workers left behind.

While the broker is away it is what keeps the chain going, and it looks more often.
"""

import asyncio
from functools import partial

from services.worker.handler import SWEEP, Deps, Handler, Work
from services.worker.runner import Runner
from services.worker.slots import Slots
from shared.broker.publisher import Publisher
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.store.incidents import Undone
from shared.telemetry import SWEPT, logger

log = logger("sweeper")

RETRIES_AT_ONCE = 200
WITHOUT_BROKER = 0.5


class Sweeper:
    """Sweeps one handler's work on incidents of some ranks."""

    def __init__(
        self, handler: Handler, ranks: tuple[int, ...], runner: Runner, deps: Deps, publisher: Publisher
    ) -> None:
        self._handler = handler
        self._ranks = ranks
        self._deps = deps
        self._publisher = publisher
        self._slots = Slots(runner, handler.prefetch)

    async def run(self) -> None:
        """Sweep until cancelled."""
        try:
            while True:
                try:
                    await self.sweep()
                except (Unavailable, PyMongoError) as error:
                    log.warning("a sweep failed", handler=self._handler.name, error=type(error).__name__)
                await asyncio.sleep(self._pause())
        finally:
            await self._slots.end()

    def _pause(self) -> float:
        usual = self._deps.settings.sweep_every.total_seconds()
        return usual if self._publisher.up.is_set() else min(usual, WITHOUT_BROKER)

    async def sweep(self) -> None:
        """One pass: what is to be tried again, then everything undone, page by page, the most urgent first."""
        handler, retries = self._handler, self._deps.store.retries
        for failed in await retries.due(handler.name, self._ranks, self._deps.store.clock.now(), RETRIES_AT_ONCE):
            work = Work(failed.subject, failed.event_id, failed.rank)
            await self._slots.offer(handler, work, partial(retries.forget, failed))
        last: Undone | None = None
        while handler.undone and (page := await handler.undone(self._deps.store, self._ranks, last)):
            held_back = await retries.held_back(handler.name, [one.incident_id for one in page])
            for one in page:
                if one.incident_id not in held_back:
                    SWEPT.labels(handler.name).inc()
                    await self._slots.offer(handler, Work(one.incident_id, SWEEP, one.rank))
            last = page[-1]
