"""Integrations: found by the hash of a key that they show, or by the broker user that they publish as."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.domain.commands import Command, Decision
from shared.domain.integrations import Integration, IntegrationKey, create_integration, rotate_key
from shared.store.client import ASCENDING, IndexModel
from shared.store.clock import Clock
from shared.store.tokens import digest_of
from shared.store.update import Aggregates, Kind, Result

INTEGRATIONS: Kind[Integration] = Kind("integration", "integration", "integrations", Integration)

KEY_BYTES = 16
"""32 hexadecimal characters, as sources have a place for that were made for PagerDuty's routing keys."""

INDEXES = {
    INTEGRATIONS.collection: [
        IndexModel(  # by_digest()
            [("keys.digest", ASCENDING)],
            name="keys_digest",
            unique=True,
            partialFilterExpression={"keys.digest": {"$exists": True}},
        ),
        IndexModel(  # by_publisher()
            [("publisher", ASCENDING)],
            name="publisher",
            unique=True,
            partialFilterExpression={"publisher": {"$exists": True}},
        ),
    ]
}


@dataclass(frozen=True, slots=True)
class Issued:
    """What became of a command that makes a key. `key` is its text, told this once; None when the command had been
    carried out before.
    """

    result: Result[Integration]
    key: str | None


class Integrations(Aggregates[Integration]):
    """All integrations, revoked ones included."""

    def __init__(self, database: Any, clock: Clock) -> None:
        super().__init__(database, clock, INTEGRATIONS)

    async def by_digest(self, digest: str) -> Integration | None:
        """The integration one of whose keys has this SHA-256 (hexadecimal), expired keys included."""
        return await self._one({"keys.digest": digest})

    async def by_publisher(self, name: str) -> Integration | None:
        """The integration that publishes as this broker user."""
        return await self._one({"publisher": name})

    async def issue(self, make: Callable[[IntegrationKey], Integration], command: Command) -> Issued:
        """The integration that `make` makes of its first key. Raises what `create` raises, and InvalidInput."""
        text = secrets.token_hex(KEY_BYTES)

        def decide(now: datetime) -> Decision[Integration]:
            return create_integration(make(IntegrationKey(digest_of(text), now)))

        return _issued(await self.create(decide, command), text)

    async def rotate(self, key: str, overlap: timedelta, command: Command) -> Issued:
        """A new key; the one before goes on working for `overlap`. Raises what `update` raises, and InvalidInput."""
        text = secrets.token_hex(KEY_BYTES)
        return _issued(await self.update(key, rotate_key(digest_of(text), overlap), command), text)

    async def _one(self, query: dict[str, Any]) -> Integration | None:
        document = await self._ask(self.collection.find_one(query))
        return self.loaded(document).value if document else None


def _issued(result: Result[Integration], text: str) -> Issued:
    """What is kept decides, not `replayed`: a write in doubt that had happened is answered as a replay."""
    kept = any(key.digest == digest_of(text) for key in result.value.keys)
    return Issued(result, text if kept else None)
