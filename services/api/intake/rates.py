"""How fast each source may send: a bucket of tokens, one an event, that fills at a steady rate."""

import time
from collections.abc import Callable

BURST = 60
"""Seconds' worth of events that may come at once."""

MOST_SOURCES = 10_000


class Rates:
    """The buckets of all sources of this process. `per_second` 0: no limit."""

    def __init__(self, per_second: float, burst: float | None = None, now: Callable[[], float] = time.monotonic):
        self._rate = per_second
        self._most = per_second * BURST if burst is None else burst
        self._now = now
        self._full_at: dict[str, float] = {}

    def wait(self, source: str) -> float:
        """0 when an event of this source may pass, and is counted; else the seconds after which one may."""
        if not self._rate:
            return 0.0
        now = self._now()
        full_at = max(self._full_at.get(source, now), now) + 1 / self._rate
        over = full_at - now - self._most / self._rate
        if over > 0:
            return over
        if len(self._full_at) >= MOST_SOURCES:
            self._full_at = {name: at for name, at in self._full_at.items() if at > now}
        self._full_at[source] = full_at
        return 0.0
