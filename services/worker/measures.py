"""The projector of measures: it follows the log, and writes each incident that was touched down anew.

One worker does it at a time. The lease only saves double work: rows made from less of the log never replace
others, and the watermark rises only from where it was read.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from shared.domain.entry import Entry
from shared.domain.errors import Unavailable
from shared.domain.facts import NotificationSent
from shared.domain.measures import Measured, counts, measure
from shared.store.client import PyMongoError
from shared.store.documents import Unreadable
from shared.store.measures import Noted
from shared.store.store import Store
from shared.telemetry import logger

log = logger("measures")

EVERY = 2.0
AT_ONCE = 500
HISTORIES = 20
LEASE_NAME = "measures"


class Projector:
    """The projector of this process; it does nothing while another process holds the lease."""

    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner

    async def run(self) -> None:
        """Follow the log until cancelled."""
        try:
            while True:
                if not await self._goes_on():
                    await asyncio.sleep(EVERY)
        finally:
            with suppress(Exception):
                await self._store.relay.release_lease(self._owner, LEASE_NAME)

    async def _goes_on(self) -> bool:
        try:
            return await self.advance()
        except (Unavailable, PyMongoError) as error:
            log.warning("the measures cannot be brought up to date", error=type(error).__name__)
            return False

    async def advance(self) -> bool:
        """One batch of the log. Whether there may be more at once."""
        begin = await self._store.measures.watermark()
        # The lease is a write: it is asked for only when there is work.
        if begin >= await self._store.log.head():
            return False
        if not await self._store.relay.hold_lease(self._owner, LEASE_NAME):
            return False
        rows = await self._store.log.after(begin, AT_ONCE)
        touched = list(dict.fromkeys(row.subject for row in rows if row.aggregate == "incident" and counts(row)))
        for first in range(0, len(touched), HISTORIES):
            await self._note(touched[first : first + HISTORIES])
        if rows:
            await self._store.measures.advance(begin, rows[-1].position or begin)
        return len(rows) == AT_ONCE

    async def _note(self, incident_ids: Sequence[str]) -> None:
        histories = [history async for history in self._store.log.histories(incident_ids)]
        zones = await self._zones(histories)
        await self._store.measures.note([_noted(history, zones) for history in histories])

    async def _zones(self, histories: Sequence[Sequence[Entry]]) -> dict[str, str]:
        """Where the people live who were interrupted, as far as that is known."""
        sent = (entry for history in histories for entry in history if entry.type == NotificationSent.name)
        users = tuple(dict.fromkeys(str(entry.data.get("user_id")) for entry in sent))
        try:
            return {key: user.time_zone for key, user in (await self._store.users.many(users)).items()}
        except Unreadable as error:
            log.warning("interruptions count by UTC: a user cannot be read", what=str(error))
            return {}


def _noted(history: Sequence[Entry], zones: dict[str, str]) -> Noted:
    last = history[-1]
    return Noted(last.subject, last.position or 0, _measured(history, zones))


def _measured(history: Sequence[Entry], zones: dict[str, str]) -> Measured | None:
    """None also for a log that nobody foresaw: figures that lack an incident are no reason to stop paging."""
    try:
        return measure(history, zones)
    except Exception:
        log.exception("an incident cannot be measured", incident=history[-1].subject)
        return None
