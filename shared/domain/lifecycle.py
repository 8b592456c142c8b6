"""The incident's lifecycle: one table, from which checks, buttons and documentation are made.

An incident starts TRIGGERED. Someone acknowledges it, which stops the paging; they investigate; a workaround
makes it MITIGATED (service is restored, the cause is not removed); a fix makes it RESOLVED; a review ends in
CLOSED, which is final. CANCELED is for false alarms, MERGED for what turned out to be part of another
incident. Everything else (escalation, on hold, major incident, SLA) is an attribute beside the status, never
a status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where an incident stands."""

    TRIGGERED = "TRIGGERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    INVESTIGATING = "INVESTIGATING"
    MITIGATED = "MITIGATED"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    CANCELED = "CANCELED"
    MERGED = "MERGED"


class Action(StrEnum):
    """What can be asked of an incident's status."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    UNACKNOWLEDGE = "UNACKNOWLEDGE"
    INVESTIGATE = "INVESTIGATE"
    MITIGATE = "MITIGATE"
    RETRIGGER = "RETRIGGER"
    RESOLVE = "RESOLVE"
    REOPEN = "REOPEN"
    CLOSE = "CLOSE"
    CANCEL = "CANCEL"
    MERGE = "MERGE"


@dataclass(frozen=True, slots=True)
class Move:
    """An action's sources and target. `already` are the statuses in which what it asks for is so: nothing
    changes.
    """

    sources: tuple[Status, ...]
    target: Status
    already: tuple[Status, ...]
    requires: tuple[str, ...] = ()


OPEN = (Status.TRIGGERED, Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.MITIGATED)

MOVES: Mapping[Action, Move] = {
    Action.ACKNOWLEDGE: Move(
        (Status.TRIGGERED,), Status.ACKNOWLEDGED, already=(Status.ACKNOWLEDGED, Status.INVESTIGATING)
    ),
    Action.UNACKNOWLEDGE: Move((Status.ACKNOWLEDGED,), Status.TRIGGERED, already=(Status.TRIGGERED,)),
    Action.INVESTIGATE: Move(
        (Status.TRIGGERED, Status.ACKNOWLEDGED, Status.MITIGATED),
        Status.INVESTIGATING,
        already=(Status.INVESTIGATING,),
    ),
    Action.MITIGATE: Move(
        (Status.TRIGGERED, Status.ACKNOWLEDGED, Status.INVESTIGATING),
        Status.MITIGATED,
        already=(Status.MITIGATED,),
        requires=("workaround",),
    ),
    Action.RETRIGGER: Move((Status.MITIGATED,), Status.TRIGGERED, already=(Status.TRIGGERED,)),
    Action.RESOLVE: Move(OPEN, Status.RESOLVED, already=(Status.RESOLVED,)),
    Action.REOPEN: Move((Status.RESOLVED, Status.CANCELED), Status.TRIGGERED, already=OPEN),
    Action.CLOSE: Move((Status.RESOLVED,), Status.CLOSED, already=(Status.CLOSED,)),
    Action.CANCEL: Move((*OPEN, Status.RESOLVED), Status.CANCELED, already=(Status.CANCELED,), requires=("reason",)),
    Action.MERGE: Move((*OPEN, Status.RESOLVED), Status.MERGED, already=(), requires=("target",)),
}


def allowed(status: Status) -> tuple[Action, ...]:
    """The actions that would change an incident in `status`, in the table's order."""
    return tuple(action for action, move in MOVES.items() if status in move.sources)


def as_markdown() -> str:
    """The table for the documentation, a line an action."""
    lines = ["| action | from | to | requires |", "|---|---|---|---|"]
    for action, move in MOVES.items():
        sources = ", ".join(move.sources)
        lines.append(f"| {action} | {sources} | {move.target} | {', '.join(move.requires) or '-'} |")
    return "\n".join(lines) + "\n"
