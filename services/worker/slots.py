"""Room for work that a query found: bounded, and each incident once at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from services.worker.handler import Handler, Work
from services.worker.runner import Runner
from shared.store.client import PyMongoError
from shared.telemetry import logger

log = logger("slots")

END_WITHIN = 10.0
HIGH, NORMAL = (1, 2), (3, 4, 5, 6)
"""The ranks that have loops and places of their own: slow work on P3 to P5 cannot hold up P1 and P2."""


class Slots:
    """Up to `places` works at once."""

    def __init__(self, runner: Runner, places: int) -> None:
        self._runner = runner
        self._free = asyncio.Semaphore(places)
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def offer(
        self, handler: Handler, work: Work, afterwards: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Begin the work as soon as there is a place, unless it is under way already."""
        key = (handler.name, work.incident_id)
        if key in self._running or self._runner.is_under_way(handler, work.incident_id):
            return
        await self._free.acquire()
        task = asyncio.create_task(self._run(handler, work, afterwards))
        self._running[key] = task
        task.add_done_callback(lambda _: self._leave(key))

    def _leave(self, key: tuple[str, str]) -> None:
        self._running.pop(key, None)
        self._free.release()

    async def _run(self, handler: Handler, work: Work, afterwards: Callable[[], Awaitable[None]] | None) -> None:
        try:
            await self._runner.run(handler, work)
            if afterwards:
                await afterwards()
        except PyMongoError as error:
            log.warning("work that was found will be found again", handler=handler.name, error=type(error).__name__)

    async def end(self) -> None:
        """Let what was begun come to its end."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=END_WITHIN)
