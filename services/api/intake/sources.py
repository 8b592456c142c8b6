"""Who sends an event: the integration of a key, from the database or from what it said a moment ago."""

import time

from shared.domain.integrations import Integration
from shared.store.clock import Clock
from shared.store.integrations import Integrations
from shared.store.tokens import digest_of

TRUSTED_FOR = 5.0
MOST_TRUSTED = 10_000


class Sources:
    """The integrations by their keys. A key that was rotated out or revoked loses its power within TRUSTED_FOR."""

    def __init__(self, integrations: Integrations, clock: Clock) -> None:
        self._integrations = integrations
        self._clock = clock
        self._trusted: dict[str, tuple[Integration | None, float]] = {}

    async def by_key(self, text: str) -> Integration | None:
        """The integration that may use this key now. Raises Unavailable."""
        digest = digest_of(text)
        known, until = self._trusted.get(digest, (None, 0.0))
        if time.monotonic() < until:
            return known
        found = await self._integrations.by_digest(digest)
        now = self._clock.now()
        if found and (found.revoked_at or not any(key.digest == digest and key.holds(now) for key in found.keys)):
            found = None
        if len(self._trusted) >= MOST_TRUSTED:
            self._trusted.clear()
        self._trusted[digest] = (found, time.monotonic() + TRUSTED_FOR)
        return found
