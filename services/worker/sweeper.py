"""The sweeper finds undone work by each handler's own query: what a lost message, a dead worker or an absent broker
left.

While the broker is away it is what keeps the chain going, and it looks more often.
"""

import asyncio
from functools import partial

from services.worker.handler import Deps, Handler, Work
from services.worker.runner import Runner
from services.worker.slots import Slots
from shared.broker.publisher import Publisher
from shared.domain.entry import UNRANKED
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.telemetry import SWEPT, logger

log = logger("sweeper")

AT_ONCE = 200
WITHOUT_BROKER = 0.5
WITHOUT_ROOM = 0.1


class Sweeper:
    """Sweeps one handler."""

    def __init__(self, handler: Handler, runner: Runner, deps: Deps, publisher: Publisher) -> None:
        self._handler = handler
        self._deps = deps
        self._publisher = publisher
        self._slots = Slots(runner, handler.prefetch)

    async def run(self) -> None:
        """Sweep until cancelled."""
        try:
            while True:
                had_room = await self._sweep_or_warn()
                await asyncio.sleep(self._pause(had_room))
        finally:
            await self._slots.end()

    async def _sweep_or_warn(self) -> bool:
        try:
            return await self.sweep()
        except (Unavailable, PyMongoError) as error:
            log.warning("a sweep failed", handler=self._handler.name, error=type(error).__name__)
            return True

    def _pause(self, had_room: bool) -> float:
        if not had_room:
            return WITHOUT_ROOM
        usual = self._deps.settings.sweep_every.total_seconds()
        return usual if self._publisher.up.is_set() else min(usual, WITHOUT_BROKER)

    async def sweep(self) -> bool:
        """One look: what is undone, and what is to be tried again. False when there was more than there is room for."""
        handler, retries, now = self._handler, self._deps.store.retries, self._deps.store.clock.now()
        had_room = True
        if handler.undone:
            undone = await handler.undone(self._deps.store, now, AT_ONCE)
            held_back = await retries.held_back(handler.name, [one.incident_id for one in undone])
            for one in undone:
                if one.incident_id not in held_back:
                    SWEPT.labels(handler.name).inc()
                    had_room &= self._slots.offer(handler, Work(one.incident_id, "sweep"), one.rank)
        for failed in await retries.due(handler.name, now, AT_ONCE):
            work = Work(failed.subject, failed.event_id)
            had_room &= self._slots.offer(handler, work, UNRANKED, partial(retries.forget, failed))
        return had_room
