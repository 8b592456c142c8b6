"""The live end of the log: one tail a process, followed by any number of subscriptions.

The broker's queue is only a doorbell. What a follower gets is the log, in order, from its own position, with
nothing left
out: from the tail's memory when it is recent, from the database when it is not. A slow follower holds nobody
up and costs no memory, because nothing is queued for it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress

from shared.broker.consumer import Doorbell
from shared.domain.entry import Entry
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError
from shared.store.log import Log
from shared.telemetry import LOG_POSITION, logger
from shared.wire import Undecodable, decode_entry

log = logger("live")

REMEMBERED = 2000
AT_ONCE = 500
LOOK_EVERY = 1.0


class LogTail:
    """What this process knows of the log's end. `run` keeps it up to date; `follow` is for subscriptions."""

    def __init__(self, rows: Log, amqp_url: str) -> None:
        self._rows = rows
        self._doorbell = Doorbell(amqp_url, self._ring, self._look_now)
        self._recent: deque[Entry] = deque(maxlen=REMEMBERED)
        self._news = asyncio.Event()
        self._look = asyncio.Event()
        self.head = 0
        self.closed = False

    @property
    def is_listening(self) -> bool:
        """Whether the doorbell is connected; without it news are up to a second old."""
        return self._doorbell.up.is_set()

    async def start(self) -> None:
        """Read where the log ends now."""
        self.head = await self._rows.head()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._doorbell.run())
            loops.create_task(self._read_forever())

    def close(self) -> None:
        """End all followers, because the process is about to stop."""
        self.closed = True
        self._announce()

    def _ring(self, body: bytes) -> None:
        try:
            entry = decode_entry(body)
        except Undecodable:
            return
        if entry.position == self.head + 1:
            self._take([entry])
        elif (entry.position or 0) > self.head:
            self._look_now()

    def _look_now(self) -> None:
        self._look.set()

    def _take(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.position == self.head + 1:
                self._recent.append(entry)
                self.head += 1
        LOG_POSITION.set(self.head)
        self._announce()

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _read_forever(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._look.wait()
            self._look.clear()
            try:
                while rows := await self._rows.after(self.head, AT_ONCE):
                    self._take(rows)
            except (PyMongoError, Unavailable) as error:
                log.warning("the log cannot be read", error=type(error).__name__)

    async def follow(self, position: int) -> AsyncIterator[list[Entry]]:
        """The rows after `position` in order, in batches, for ever; an empty batch about once a second when
        there are none.

        Ends when the process stops. Raises Unavailable while the database does not answer.
        """
        while not self.closed:
            news = self._news
            batch = await self._after(position)
            if batch:
                position = batch[-1].position or position
                yield batch
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await news.wait()
                continue
            yield []

    async def _after(self, position: int) -> list[Entry]:
        if position >= self.head:
            return []
        first = self._recent[0].position if self._recent else None
        if first is not None and first <= position + 1:
            begin = position + 1 - first
            return [self._recent[n] for n in range(begin, min(begin + AT_ONCE, len(self._recent)))]
        return await self._rows.after(position, AT_ONCE)
