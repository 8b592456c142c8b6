"""Which buttons a front-end shows for an incident, what each requires, and why one is blocked."""

from dataclasses import dataclass

from shared.domain.incident import Incident, MajorState, Prioritization, ReviewState
from shared.domain.lifecycle import ASKS, MOVES, Action, Status
from shared.domain.transitions import closure_gate


@dataclass(frozen=True, slots=True)
class ActionState:
    """`blocked_by` is None when the action would change something now. `requires` are the names of input fields."""

    action: Action
    requires: tuple[str, ...]
    blocked_by: str | None


def actions_of(incident: Incident) -> list[ActionState]:
    """Every action, the moves of the status first."""
    moves = [ActionState(action, move.requires, _move_block(incident, action)) for action, move in MOVES.items()]
    return moves + [ActionState(action, ask.requires, _ask_block(incident, action)) for action, ask in ASKS.items()]


def _move_block(incident: Incident, action: Action) -> str | None:
    if incident.status not in MOVES[action].sources:
        return f"the incident is {incident.status}"
    if action is Action.CLOSE:
        return closure_gate(incident)
    if action is Action.MERGE and incident.merged_from:
        return "other incidents are merged into it"
    return None


def _ask_block(incident: Incident, action: Action) -> str | None:
    if incident.status not in ASKS[action].statuses:
        if action is Action.HOLD and incident.status is Status.TRIGGERED:
            return "nobody has acknowledged it: on hold, it would be silent"
        return f"the incident is {incident.status}"
    match action:
        case Action.RELEASE_HOLD:
            return None if incident.hold else "it is not on hold"
        case Action.RELEASE_PRIORITY:
            overridden = incident.prioritization is Prioritization.OVERRIDDEN
            return None if overridden else "nobody has set the priority"
        case Action.RATE_WORKAROUND:
            return None if incident.workaround else "no workaround is recorded"
        case Action.PROPOSE_MAJOR if incident.major.state is MajorState.PROPOSED:
            return "it is proposed already"
        case Action.PROPOSE_MAJOR | Action.DECLARE_MAJOR:
            return "it is a major incident" if incident.major.state is MajorState.DECLARED else None
        case Action.STAND_DOWN_MAJOR:
            up = incident.major.state in (MajorState.PROPOSED, MajorState.DECLARED)
            return None if up else "it is no major incident"
        case Action.REVIEW:
            return "the review is completed" if incident.review.state is ReviewState.COMPLETED else None
        case _:
            return None
