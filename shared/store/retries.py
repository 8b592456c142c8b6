"""What the runner remembers of work that failed: how often, why, and when to try again. One row a handler and
subject.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.store.client import ASCENDING, IndexModel

COLLECTION = "retries"

INDEXES = {
    COLLECTION: [
        IndexModel(  # due()
            [("handler", ASCENDING), ("rank", ASCENDING), ("next_at", ASCENDING)], name="due"
        )
    ]
}


@dataclass(frozen=True, slots=True)
class Failed:
    """A handler's failures with one subject, and when it is tried again. `rank` is the incident's."""

    handler: str
    subject: str
    attempts: int
    first_at: datetime
    next_at: datetime
    reason: str
    event_id: str
    rank: int


class Retries:
    """The rows."""

    def __init__(self, database: Any) -> None:
        self._rows = database[COLLECTION]

    async def get(self, handler: str, subject: str) -> Failed | None:
        """What is known of this pair."""
        row = await self._rows.find_one({"_id": f"{handler}:{subject}"})
        return _failed(row) if row else None

    async def put(self, failed: Failed) -> None:
        """Remember it."""
        row = {
            "handler": failed.handler,
            "subject": failed.subject,
            "attempts": failed.attempts,
            "first_at": failed.first_at,
            "reason": failed.reason,
            "event_id": failed.event_id,
            "rank": failed.rank,
            "next_at": failed.next_at,
        }
        await self._rows.replace_one({"_id": f"{failed.handler}:{failed.subject}"}, row, upsert=True)

    async def afresh(self, handler: str, subject: str, now: datetime) -> None:
        """Let the next sweep try it, with all its tries before it."""
        change = {"$set": {"attempts": 0, "next_at": now}}
        await self._rows.update_one({"_id": f"{handler}:{subject}"}, change)

    async def forget(self, failed: Failed) -> None:
        """It went well at last, unless it has failed again meanwhile."""
        await self._rows.delete_one({"_id": f"{failed.handler}:{failed.subject}", "attempts": failed.attempts})

    async def due(self, handler: str, ranks: Sequence[int], now: datetime, limit: int) -> list[Failed]:
        """What is to be tried again now, of incidents of these ranks."""
        query = {"handler": handler, "rank": {"$in": list(ranks)}, "next_at": {"$lte": now}}
        cursor = self._rows.find(query).sort([("rank", 1), ("next_at", 1)]).limit(limit)
        return [_failed(row) for row in await cursor.to_list(limit)]

    async def held_back(self, handler: str, subjects: list[str]) -> set[str]:
        """Which of `subjects` a sweep must leave alone: they wait for their retry."""
        query = {"_id": {"$in": [f"{handler}:{subject}" for subject in subjects]}}
        rows = await self._rows.find(query, {"subject": 1}).to_list(None)
        return {row["subject"] for row in rows}


def _failed(row: dict[str, Any]) -> Failed:
    return Failed(
        row["handler"],
        row["subject"],
        row["attempts"],
        row["first_at"],
        row["next_at"],
        row["reason"],
        row["event_id"],
        row["rank"],
    )
