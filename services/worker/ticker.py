"""The ticker finds timers that have run out and calls the handlers that they belong to, the highest priority
first.
"""

import asyncio

from services.worker.handler import Deps, Handler, Work
from services.worker.runner import Runner
from shared.domain.errors import Unavailable
from shared.domain.incident import Incident
from shared.store.client import PyMongoError
from shared.telemetry import logger

log = logger("ticker")

EVERY = 0.5
AT_ONCE = 200
AT_WORK = 32


class Ticker:
    """Serves the timers of all handlers of this process with one query."""

    def __init__(self, runner: Runner, deps: Deps) -> None:
        self._runner = runner
        self._deps = deps
        self._of_kind = {kind: handler for handler in runner.handlers.values() for kind in handler.timers}
        self._at_work = asyncio.Semaphore(AT_WORK)

    async def run(self) -> None:
        """Tick until cancelled."""
        while self._of_kind:
            try:
                found = await self.tick()
            except (Unavailable, PyMongoError) as error:
                log.warning("the timers cannot be read", error=type(error).__name__)
                found = 0
            await asyncio.sleep(0 if found == AT_ONCE else EVERY)

    async def tick(self) -> int:
        """One look; how many incidents were due."""
        now = self._deps.store.clock.now()
        due = await self._deps.store.incidents.due(now, AT_ONCE)
        works = [
            (handler, Work(loaded.value.id, "timer", loaded))
            for loaded in due
            for handler in self._handlers(loaded.value)
            if not self._runner.is_under_way(handler, loaded.value.id)
        ]
        for name in {handler.name for handler, _ in works}:
            ids = [work.incident_id for handler, work in works if handler.name == name]
            held_back = await self._deps.store.retries.held_back(name, ids)
            works = [pair for pair in works if pair[0].name != name or pair[1].incident_id not in held_back]
        await asyncio.gather(*(self._one(handler, work) for handler, work in works))
        return len(works)

    def _handlers(self, incident: Incident) -> set[Handler]:
        now = self._deps.store.clock.now()
        return {self._of_kind[kind] for kind, at in incident.timers.items() if at <= now and kind in self._of_kind}

    async def _one(self, handler: Handler, work: Work) -> None:
        async with self._at_work:
            await self._runner.run(handler, work)
