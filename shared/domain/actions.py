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


def actions_of(incident: Incident, person: str | None = None) -> list[ActionState]:
    """Every action, the moves of the status first. person: the user who would act; None asks for anybody."""
    moves = [ActionState(action, move.requires, _move_block(incident, action)) for action, move in MOVES.items()]
    asks = [
        ActionState(action, ask.requires, _ask_block(incident, action) or _personal_block(incident, action, person))
        for action, ask in ASKS.items()
    ]
    return moves + asks


def _move_block(incident: Incident, action: Action) -> str | None:
    if incident.status not in MOVES[action].sources:
        return f"the incident is {incident.status}"
    if action is Action.CLOSE:
        return closure_gate(incident)
    if action is Action.MERGE and incident.merged_from:
        return "other incidents are merged into it"
    if action is Action.MERGE and incident.child_ids:
        return "it has children"
    return None


def _personal_block(incident: Incident, action: Action, person: str | None) -> str | None:
    """What only some people can do. Anybody may take another one out of the response, but that is no button."""
    if person is None:
        return None
    if action is Action.ANSWER_REQUEST and not any(asked.user_id == person for asked in incident.responder_requests):
        return "you were not asked to join"
    if action is Action.LEAVE and not incident.responder(person):
        return "you do not work on it"
    if action is Action.LEAVE and incident.assignee_id == person and incident.is_open:
        return "it is assigned to you: assign it to somebody first"
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
        case Action.SET_PARENT:
            return "it has children" if incident.child_ids else None
        case Action.COMPLETE_REVIEW:
            done = incident.review.state is ReviewState.COMPLETED
            return "the review is completed" if done else closure_gate(incident)
        case _:
            return None
