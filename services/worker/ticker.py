"""The ticker finds timers that have run out and calls the handlers that they belong to, the highest priority first."""

import asyncio

from services.worker.handler import Deps, Handler, Work
from services.worker.runner import Runner
from services.worker.slots import Slots
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.store.incidents import Undone
from shared.telemetry import logger

log = logger("ticker")

EVERY = 0.5
WITHOUT_ROOM = 0.05
AT_ONCE = 200
PLACES = 32


class Ticker:
    """Serves the timers of all handlers of this process with one query."""

    def __init__(self, runner: Runner, deps: Deps) -> None:
        self._deps = deps
        self._of_kind = {kind: handler for handler in runner.handlers.values() for kind in handler.timers}
        self._slots = Slots(runner, PLACES)

    async def run(self) -> None:
        """Tick until cancelled."""
        try:
            while self._of_kind:
                had_room = await self._tick_or_warn()
                await asyncio.sleep(EVERY if had_room else WITHOUT_ROOM)
        finally:
            await self._slots.end()

    async def _tick_or_warn(self) -> bool:
        try:
            return await self.tick()
        except (Unavailable, PyMongoError) as error:
            log.warning("the timers cannot be read", error=type(error).__name__)
            return True

    async def tick(self) -> bool:
        """One look. False when more was due than there is room for."""
        due = await self._deps.store.incidents.due(self._deps.store.clock.now(), AT_ONCE)
        had_room = len(due) < AT_ONCE
        for handler in set(self._of_kind.values()):
            theirs = [one for one in due if handler in self._handlers(one)]
            ids = [one.incident_id for one in theirs]
            held_back = await self._deps.store.retries.held_back(handler.name, ids) if ids else set()
            for one in theirs:
                if one.incident_id not in held_back:
                    had_room &= self._slots.offer(handler, Work(one.incident_id, "timer"), one.rank)
        return had_room

    def _handlers(self, due: Undone) -> set[Handler]:
        now = self._deps.store.clock.now()
        return {self._of_kind[kind] for kind, at in due.timers.items() if at <= now and kind in self._of_kind}
