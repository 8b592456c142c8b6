"""Buttons and what is behind them: what a front-end is told it can ask for is what the decisions do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from shared.domain.actions import ActionState, actions_of
from shared.domain.commands import Command, Decide, Decision
from shared.domain.diagnosis import add_task
from shared.domain.errors import InvalidInput, InvalidTransition
from shared.domain.holds import hold
from shared.domain.incident import HoldReason, Incident, TaskSource
from shared.domain.lifecycle import ASKS, MOVES, Action, Status, allowed
from shared.domain.majors import declare_major, propose_major, stand_down_major
from shared.domain.priority import Priority
from shared.domain.relations import merge, set_parent, unmerge
from shared.domain.responders import assign
from shared.domain.review import complete_review
from shared.domain.transitions import mitigate
from shared.domain.triage import override_priority
from tests.domain.asks import ASKING, MAJOR, beside
from tests.domain.expected import ASKED_IN, allowed_from
from tests.domain.samples import LATER, NOW, at, by, reach, triggered
from tests.domain.test_lifecycle import DO

OUTSIDE = [
    pytest.param(name, status, id=f"{name}-{status}")
    for name, (action, _) in ASKING.items()
    for status in Status
    if status not in ASKED_IN[action]
]

EXTRAS: dict[str, Decide[Incident]] = {
    "on hold": hold(HoldReason.VENDOR, None, None),
    "proposed as major": propose_major(None),
    "declared major": declare_major("nobody can pay", MAJOR),
    "stood down": lambda incident, command, now: stand_down_major(None)(
        declare_major("nobody can pay", MAJOR)(incident, command, now).value, command, now
    ),
    "given to cid": assign("cid", reach()),
    "priority set by a person": override_priority(Priority.P1, "the board watches"),
    "with a workaround": mitigate("restarted it"),
    "with a review task": add_task("write the timeline", None, None, TaskSource.REVIEW),
    "reviewed": complete_review,
    "reviewed with a review task": lambda incident, command, now: add_task(
        "write the timeline", None, None, TaskSource.REVIEW
    )(complete_review(incident, command, now).value, command, now),
    "with another merged into it": beside(lambda here, there: merge((there,), here)),
    "with a child": beside(lambda here, there: set_parent(there, here)),
}


def lives() -> Iterator[tuple[str, Incident]]:
    """An incident in each status, and with each of the extras that the status allows."""
    for status in Status:
        plain = at(status)
        yield status, plain
        for name, decide in EXTRAS.items():
            try:
                yield f"{status} {name}", decide(plain, by(), NOW).value
            except (InvalidTransition, InvalidInput):
                continue


LIVES = dict(lives())


def shown(incident: Incident, action: Action) -> ActionState:
    """The button of that action."""
    return next(state for state in actions_of(incident) if state.action is action)


def changes(incident: Incident, decide: Decide[Incident]) -> bool:
    """Whether bob's ask changes the incident; False when it is refused, or so already."""
    try:
        return decide(incident, by("bob"), LATER).changed
    except (InvalidTransition, InvalidInput):
        return False


def taken_out(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """The incident is taken out of `i99`, into which it was merged."""
    target = replace(triggered(99), merged_from=(incident.id,))
    return unmerge(incident.id, target.id)({incident.id: incident, target.id: target}, command, now)[incident.id]


MOVING: dict[Action, Decide[Incident]] = DO | {
    Action.MERGE: beside(lambda here, there: merge((here,), there)),
    Action.UNMERGE: taken_out,
}


def test_everything_is_asked_for() -> None:
    """The tables of these tests leave no action of the domain out."""
    assert {action for action, _ in ASKING.values()} == set(ASKS) == set(ASKED_IN)
    assert set(MOVING) == set(MOVES)


@pytest.mark.parametrize("action", ASKED_IN)
def test_the_table_of_the_asks_agrees(action: Action) -> None:
    """The one value from which buttons are made allows each ask in the statuses that were designed."""
    assert set(ASKS[action].statuses) == ASKED_IN[action]


@pytest.mark.parametrize(("name", "status"), OUTSIDE)
def test_an_ask_outside_its_statuses_is_refused(name: str, status: Status) -> None:
    """The refusal names the action, the present status and the moves that are allowed now."""
    action, decide = ASKING[name]
    before = at(status)
    with pytest.raises(InvalidTransition) as refusal:
        decide(before, by("bob"), LATER)
    assert (refusal.value.action, refusal.value.status, refusal.value.value) == (action, status, before)
    assert set(refusal.value.allowed) == allowed_from(status)
    words = str(refusal.value)
    assert status in words
    assert all(other in words for other in allowed(status))


@pytest.mark.parametrize("life", LIVES)
def test_every_action_has_its_button(life: str) -> None:
    """Each action is listed once, the moves first, with the input that its table asks for."""
    states = actions_of(LIVES[life])
    assert [state.action for state in states] == [*MOVES, *ASKS]
    assert {state.action: state.requires for state in states} == {
        **{action: move.requires for action, move in MOVES.items()},
        **{action: ask.requires for action, ask in ASKS.items()},
    }
    assert all(state.blocked_by is None or state.blocked_by.strip() for state in states)


@pytest.mark.parametrize("action", MOVES)
def test_a_move_that_is_not_blocked_is_made(action: Action) -> None:
    """A move changes the incident exactly when its button is not blocked."""
    for life, incident in LIVES.items():
        made = changes(incident, MOVING[action])
        assert made is (shown(incident, action).blocked_by is None), life


@pytest.mark.parametrize("name", ASKING)
def test_an_ask_that_is_not_blocked_is_not_refused(name: str) -> None:
    """Whoever presses a button that is not blocked may have given a wrong input, but never asks in vain."""
    action, decide = ASKING[name]
    for life, incident in LIVES.items():
        if shown(incident, action).blocked_by is not None:
            continue
        try:
            decide(incident, by("bob"), LATER)
        except InvalidInput:
            assert name in NEEDING, f"{life}: the input is right"


NEEDING = {
    "accept_request",
    "decline_request",
    "set_roles",
    "update_task",
    "publish_draft",
    "correct",
    "rate_workaround",
}
"""These need something in the incident that not every one of these lives has."""


@pytest.mark.parametrize("name", ASKING)
def test_an_ask_that_is_blocked_changes_nothing(name: str) -> None:
    """Whoever asks all the same is refused, or is told that it is so: nothing is written, whoever it is."""
    action, decide = ASKING[name]
    for life, incident in LIVES.items():
        if shown(incident, action).blocked_by is None:
            continue
        for person in ("ann", "bob", "dan"):
            try:
                decision = decide(incident, by(person), LATER)
            except (InvalidTransition, InvalidInput):
                continue
            assert decision == Decision(incident, (), changed=False), f"{life} by {person}"


ALONE = (
    Action.RELEASE_HOLD,
    Action.RELEASE_PRIORITY,
    Action.PROPOSE_MAJOR,
    Action.DECLARE_MAJOR,
    Action.STAND_DOWN_MAJOR,
    Action.COMPLETE_REVIEW,
)
"""What the incident alone decides: neither who asks nor what they give makes a difference."""


@pytest.mark.parametrize("name", [name for name, (action, _) in ASKING.items() if action in ALONE])
def test_what_the_incident_alone_decides_is_done_unless_it_is_blocked(name: str) -> None:
    """Such a button changes the incident exactly when it is not blocked."""
    action, decide = ASKING[name]
    for life, incident in LIVES.items():
        assert changes(incident, decide) is (shown(incident, action).blocked_by is None), life


@pytest.mark.parametrize(
    ("life", "action", "why"),
    [
        ("TRIGGERED", Action.HOLD, "nobody has acknowledged it: on hold, it would be silent"),
        ("ACKNOWLEDGED", Action.RELEASE_HOLD, "it is not on hold"),
        ("ACKNOWLEDGED on hold", Action.RELEASE_HOLD, None),
        ("TRIGGERED", Action.RELEASE_PRIORITY, "nobody has set the priority"),
        ("TRIGGERED priority set by a person", Action.RELEASE_PRIORITY, None),
        ("TRIGGERED", Action.RATE_WORKAROUND, "no workaround is recorded"),
        ("MITIGATED", Action.RATE_WORKAROUND, None),
        ("TRIGGERED proposed as major", Action.PROPOSE_MAJOR, "it is proposed already"),
        ("TRIGGERED proposed as major", Action.DECLARE_MAJOR, None),
        ("TRIGGERED declared major", Action.PROPOSE_MAJOR, "it is a major incident"),
        ("TRIGGERED declared major", Action.DECLARE_MAJOR, "it is a major incident"),
        ("TRIGGERED declared major", Action.STAND_DOWN_MAJOR, None),
        ("TRIGGERED stood down", Action.DECLARE_MAJOR, None),
        ("TRIGGERED stood down", Action.STAND_DOWN_MAJOR, "it is no major incident"),
        ("RESOLVED", Action.CLOSE, None),
        ("RESOLVED with a review task", Action.CLOSE, "1 review task is open: write the timeline."),
        ("RESOLVED", Action.REVIEW, None),
        ("RESOLVED reviewed", Action.REVIEW, None),
        ("RESOLVED with a review task", Action.REVIEW, None),
        ("RESOLVED", Action.COMPLETE_REVIEW, None),
        ("RESOLVED reviewed", Action.COMPLETE_REVIEW, "the review is completed"),
        ("RESOLVED with a review task", Action.COMPLETE_REVIEW, "1 review task is open: write the timeline."),
        ("RESOLVED reviewed with a review task", Action.COMPLETE_REVIEW, "the review is completed"),
        ("RESOLVED reviewed with a review task", Action.CLOSE, "1 review task is open: write the timeline."),
        ("MITIGATED", Action.COMPLETE_REVIEW, "the incident is MITIGATED"),
        ("CLOSED", Action.REVIEW, "the incident is CLOSED"),
        ("TRIGGERED with another merged into it", Action.MERGE, "other incidents are merged into it"),
        ("TRIGGERED with a child", Action.MERGE, "it has children"),
        ("RESOLVED with a child", Action.MERGE, "it has children"),
        ("CLOSED", Action.ADD_NOTE, "the incident is CLOSED"),
        ("MERGED", Action.REOPEN, "the incident is MERGED"),
        ("MERGED", Action.UNMERGE, None),
    ],
)
def test_a_blocked_button_says_why(life: str, action: Action, why: str | None) -> None:
    """Where the status alone does not tell why an action is blocked, its reason does."""
    assert shown(LIVES[life], action).blocked_by == why
