"""Room for work that a query found: the most urgent first, each incident once at a time, nobody waiting for the
slowest.
"""

import asyncio
from collections.abc import Awaitable, Callable

from services.worker.handler import Handler, Work
from services.worker.runner import Runner

URGENT = 2
END_WITHIN = 10.0


class Slots:
    """`places` for all ranks, and as many again for P1 and P2 only: slow work of others cannot hold them up."""

    def __init__(self, runner: Runner, places: int) -> None:
        self._runner = runner
        self._places = places
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    def offer(
        self, handler: Handler, work: Work, rank: int, afterwards: Callable[[], Awaitable[None]] | None = None
    ) -> bool:
        """Begin the work, unless it is under way already. False when there is no room now."""
        key = (handler.name, work.incident_id)
        if key in self._running or self._runner.is_under_way(handler, work.incident_id):
            return True
        if len(self._running) >= self._places * (2 if rank <= URGENT else 1):
            return False
        task = asyncio.create_task(self._run(handler, work, afterwards))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))
        return True

    async def _run(self, handler: Handler, work: Work, afterwards: Callable[[], Awaitable[None]] | None) -> None:
        await self._runner.run(handler, work)
        if afterwards:
            await afterwards()

    async def end(self) -> None:
        """Let what was begun come to its end."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=END_WITHIN)
