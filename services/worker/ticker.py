"""The ticker finds timers that have run out and calls the handlers that they belong to, the highest priority first."""

import asyncio
from collections.abc import Sequence

from services.worker.handler import Deps, Handler, Work
from services.worker.runner import Runner
from services.worker.slots import Slots
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.store.incidents import Undone
from shared.telemetry import logger

log = logger("ticker")

EVERY = 0.5
PLACES = 32


class Ticker:
    """Serves the timers of all handlers of this process, for incidents of some ranks, with one query."""

    def __init__(self, runner: Runner, ranks: tuple[int, ...], deps: Deps) -> None:
        self._deps = deps
        self._ranks = ranks
        self._of_kind = {kind: handler for handler in runner.handlers.values() for kind in handler.timers}
        self._slots = Slots(runner, PLACES)

    async def run(self) -> None:
        """Tick until cancelled."""
        try:
            while self._of_kind:
                try:
                    await self.tick()
                except (Unavailable, PyMongoError) as error:
                    log.warning("the timers cannot be read", error=type(error).__name__)
                await asyncio.sleep(EVERY)
        finally:
            await self._slots.end()

    async def tick(self) -> None:
        """One pass over all that is due."""
        last: Undone | None = None
        while page := await self._deps.store.incidents.due(self._deps.store.clock.now(), self._ranks, last):
            for handler in set(self._of_kind.values()):
                await self._call(handler, [one for one in page if handler in self._handlers(one)])
            last = page[-1]

    async def _call(self, handler: Handler, due: Sequence[Undone]) -> None:
        ids = [one.incident_id for one in due]
        held_back = await self._deps.store.retries.held_back(handler.name, ids) if ids else set()
        for one in due:
            if one.incident_id not in held_back:
                await self._slots.offer(handler, Work(one.incident_id, "timer", one.rank))

    def _handlers(self, due: Undone) -> set[Handler]:
        now = self._deps.store.clock.now()
        return {self._of_kind[kind] for kind, at in due.timers.items() if at <= now and kind in self._of_kind}
