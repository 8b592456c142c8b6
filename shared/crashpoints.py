"""Named points at which a test can have this process die as if by SIGKILL. Without the setting they do
nothing.

Each name stands between two writes (to MongoDB, to the broker, to a provider): the fault tests visit them
all.
"""

import os
import signal
from typing import Final

POINTS: Final = (
    "relay.before_log",
    "relay.after_log",
    "relay.after_trim",
    "relay.before_publish",
    "relay.after_publish",
    "relay.after_watermark",
    "runner.before_handle",
    "runner.after_handle",
    "update.before_write",
    "update.after_write",
    "intake.after_keep",
    "intake.after_apply",
    "triage.after_write",
    "escalation.after_write",
    "deadlines.after_write",
    "notification.after_claim",
    "notification.after_send",
    "notification.after_record",
    "notification.after_fact",
)

_armed: dict[str, int] = {}


def arm(specification: str) -> None:
    """`"<point>"` or `"<point>:<n>"`: die at the n-th visit. An unknown name raises ValueError."""
    point, _, visit = specification.partition(":")
    if point not in POINTS:
        raise ValueError(f"There is no crash point {point!r}; there are {', '.join(POINTS)}.")
    _armed[point] = int(visit or 1)


def reached(point: str) -> None:
    """Die here, if that was asked for."""
    if point not in _armed:
        return
    _armed[point] -= 1
    if _armed[point] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
