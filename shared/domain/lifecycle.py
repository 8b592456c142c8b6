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
    """What can be asked of an incident: first the moves of its status, then what keeps the status."""

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
    UNMERGE = "UNMERGE"
    ADD_NOTE = "ADD_NOTE"
    EDIT = "EDIT"
    CATEGORIZE = "CATEGORIZE"
    OVERRIDE_PRIORITY = "OVERRIDE_PRIORITY"
    RELEASE_PRIORITY = "RELEASE_PRIORITY"
    ASSIGN = "ASSIGN"
    JOIN = "JOIN"
    LEAVE = "LEAVE"
    SET_ROLES = "SET_ROLES"
    REQUEST_RESPONDER = "REQUEST_RESPONDER"
    ANSWER_REQUEST = "ANSWER_REQUEST"
    DIAGNOSE = "DIAGNOSE"
    RATE_WORKAROUND = "RATE_WORKAROUND"
    RECORD_FIX = "RECORD_FIX"
    UPDATE_STATUS = "UPDATE_STATUS"
    HOLD = "HOLD"
    RELEASE_HOLD = "RELEASE_HOLD"
    PROPOSE_MAJOR = "PROPOSE_MAJOR"
    DECLARE_MAJOR = "DECLARE_MAJOR"
    STAND_DOWN_MAJOR = "STAND_DOWN_MAJOR"
    RELATE = "RELATE"
    SET_PARENT = "SET_PARENT"
    REVIEW = "REVIEW"
    COMPLETE_REVIEW = "COMPLETE_REVIEW"
    CORRECT_TIME = "CORRECT_TIME"


@dataclass(frozen=True, slots=True)
class Move:
    """An action's sources and target. `already` are the statuses in which what it asks for is so: nothing
    changes. No target: the status that it had before.
    """

    sources: tuple[Status, ...]
    target: Status | None
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
    Action.MERGE: Move((*OPEN, Status.RESOLVED), Status.MERGED, already=(), requires=("targetId",)),
    Action.UNMERGE: Move((Status.MERGED,), None, already=()),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """In which statuses something can be asked that keeps the status, and what it requires."""

    statuses: tuple[Status, ...]
    requires: tuple[str, ...] = ()


UNFROZEN = (*OPEN, Status.RESOLVED, Status.CANCELED)
OWNED = (Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.MITIGATED)
LIVE = (*OPEN, Status.RESOLVED)

ASKS: Mapping[Action, Ask] = {
    Action.ADD_NOTE: Ask(UNFROZEN, ("text",)),
    Action.EDIT: Ask(UNFROZEN),
    Action.CATEGORIZE: Ask(UNFROZEN, ("category",)),
    Action.OVERRIDE_PRIORITY: Ask(OPEN, ("priority", "reason")),
    Action.RELEASE_PRIORITY: Ask(OPEN),
    Action.ASSIGN: Ask(OPEN, ("userId",)),
    Action.JOIN: Ask(LIVE),
    Action.LEAVE: Ask(LIVE),
    Action.SET_ROLES: Ask(LIVE, ("userId", "roles")),
    Action.REQUEST_RESPONDER: Ask(OPEN, ("userId",)),
    Action.ANSWER_REQUEST: Ask(OPEN),
    Action.DIAGNOSE: Ask(UNFROZEN),
    Action.RATE_WORKAROUND: Ask(LIVE, ("worked",)),
    Action.RECORD_FIX: Ask(LIVE, ("fix",)),
    Action.UPDATE_STATUS: Ask(UNFROZEN, ("audience", "text")),
    # Nobody has a TRIGGERED incident: on hold, it would be silent.
    Action.HOLD: Ask(OWNED, ("reason",)),
    Action.RELEASE_HOLD: Ask(OPEN),
    Action.PROPOSE_MAJOR: Ask(OPEN),
    Action.DECLARE_MAJOR: Ask(OPEN, ("businessImpact",)),
    Action.STAND_DOWN_MAJOR: Ask(LIVE),
    Action.RELATE: Ask(UNFROZEN, ("otherId",)),
    Action.SET_PARENT: Ask(UNFROZEN),
    Action.REVIEW: Ask((Status.RESOLVED,)),
    Action.COMPLETE_REVIEW: Ask((Status.RESOLVED,)),
    Action.CORRECT_TIME: Ask((*UNFROZEN, Status.CLOSED), ("what", "at", "reason")),
}
"""What keeps the status. CLOSED is frozen but for corrections of its times, which show that they are corrections."""


def allowed(status: Status) -> tuple[Action, ...]:
    """The actions that would change an incident in `status`, in the table's order."""
    return tuple(action for action, move in MOVES.items() if status in move.sources)


def as_markdown() -> str:
    """The tables for the documentation, a line an action."""
    lines = ["| action | from | to | requires |", "|---|---|---|---|"]
    for action, move in MOVES.items():
        sources = ", ".join(move.sources)
        lines.append(f"| {action} | {sources} | {move.target or 'as before'} | {', '.join(move.requires) or '-'} |")
    lines += ["", "What keeps the status:", "", "| action | in | requires |", "|---|---|---|"]
    lines += [
        f"| {action} | {', '.join(ask.statuses)} | {', '.join(ask.requires) or '-'} |" for action, ask in ASKS.items()
    ]
    return "\n".join(lines) + "\n"
