"""One clock for all processes: the database server's, carried forward monotonically.

Tests can move it: with `movable`, the offset that stands in the database is added, in every process.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.store.client import PyMongoError
from shared.telemetry import logger
from shared.wire import milliseconds

log = logger("clock")

OFFSET = "offset"
LARGEST_STEP_BACK = timedelta(seconds=5)


class Clock:
    """`now()` costs nothing; `run()` keeps it true."""

    def __init__(self, database: Any, *, movable: bool = False) -> None:
        self._database = database
        self._movable = movable
        self._base = datetime.now(UTC)  # noqa: TID251 - only until the first answer of the server
        self._read_at = time.monotonic()
        self._offset = timedelta()
        self._latest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Aware UTC with millisecond precision; never runs backwards."""
        carried = self._base + timedelta(seconds=time.monotonic() - self._read_at) + self._offset
        self._latest = max(self._latest, milliseconds(carried))
        return self._latest

    @staticmethod
    def monotonic() -> float:
        """Seconds that only differences mean something of."""
        return time.monotonic()

    async def read(self) -> None:
        """Ask the server once."""
        asked = time.monotonic()
        hello = await self._database.client.admin.command("hello")
        told = hello["localTime"].replace(tzinfo=UTC)
        if self._latest - told - self._offset > LARGEST_STEP_BACK:
            log.warning("the server's clock was set back; following it", seconds=(self._latest - told).total_seconds())
            self._latest = datetime.min.replace(tzinfo=UTC)
        self._base = told
        self._read_at = (asked + time.monotonic()) / 2
        if self._movable:
            kept = await self._database.clock.find_one({"_id": OFFSET})
            self._offset = timedelta(seconds=kept["seconds"]) if kept else timedelta()

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await asyncio.sleep(0.2 if self._movable else 10)
            try:
                await self.read()
            except PyMongoError as error:
                log.warning("the server's clock cannot be read", error=type(error).__name__)

    async def move(self, by: timedelta) -> None:
        """For tests: let all processes' time jump forward. They see it within a fifth of a second."""
        change = {"$inc": {"seconds": by.total_seconds()}}
        await self._database.clock.update_one({"_id": OFFSET}, change, upsert=True)
        await self.read()
