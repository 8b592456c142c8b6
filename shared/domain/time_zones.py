"""Hours of the day where a person lives."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

SATURDAY = 5


class Hours(StrEnum):
    """What an interruption falls into: working hours are 8 to 18 from Monday to Friday, sleeping hours 22 to 8."""

    WORKING = "WORKING"
    WAKING = "WAKING"
    SLEEPING = "SLEEPING"


def is_time_zone(name: str) -> bool:
    """Whether IANA's data has a zone of this name."""
    return name in _names()


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def hours_at(at: datetime, time_zone: str) -> Hours:
    """Which hours the aware `at` is in, by the wall clock of that zone; an unknown zone counts as UTC."""
    local = at.astimezone(ZoneInfo(time_zone if is_time_zone(time_zone) else "UTC"))
    if not 8 <= local.hour < 22:
        return Hours.SLEEPING
    return Hours.WORKING if local.weekday() < SATURDAY and local.hour < 18 else Hours.WAKING
