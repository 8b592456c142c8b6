"""Action items: what is to be done so that an incident does not come again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.action_items import ActionItem, create_action_item, update_action_item
from shared.domain.commands import Decision
from shared.domain.incident import TaskState
from shared.domain.texts import LONGEST_TEXT, LONGEST_TITLE
from tests.domain.samples import LATER, NOW, by, issues

TOMORROW = NOW + timedelta(days=1)
ITEM = ActionItem("a1", "i1", "rotate the logs", NOW, NOW)


def test_an_item_is_created() -> None:
    """With its incident, owner and due date, which its fact names."""
    item = replace(ITEM, owner_id="cid", due_at=TOMORROW)
    fact = facts.ActionItemAdded("i1", "rotate the logs", "cid", TOMORROW)
    assert create_action_item(item) == Decision(item, (fact,))
    assert (fact.aggregate, fact.name) == ("action_item", "created")


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"title": ""}, [("input.title", "EMPTY")]),
        ({"title": " \n"}, [("input.title", "EMPTY")]),
        ({"title": "x" * (LONGEST_TITLE + 1)}, [("input.title", "LENGTH")]),
        ({"description": "x" * (LONGEST_TEXT + 1)}, [("input.description", "LENGTH")]),
        (
            {"title": "nul \x00", "description": "nul \x00"},
            [("input.title", "INVALID"), ("input.description", "INVALID")],
        ),
    ],
    ids=["empty", "blank", "long title", "long description", "both"],
)
def test_a_bad_item_is_refused(fields: dict[str, Any], refused: list[tuple[str, str]]) -> None:
    """Every issue at once, under its field."""
    assert issues(lambda: create_action_item(replace(ITEM, **fields))) == refused


@pytest.mark.parametrize(("state", "reason"), [(TaskState.DONE, None), (TaskState.NOT_DOING, "too dear")])
def test_an_item_ends(state: TaskState, reason: str | None) -> None:
    """Done, or given up with a reason; ending twice changes nothing."""
    decide = update_action_item(state=state, reason=reason)
    decision = decide(ITEM, by("bob"), LATER)
    assert decision.value == replace(ITEM, state=state, ended_at=LATER, updated_at=LATER, version=2)
    assert decision.facts == (facts.ActionItemUpdated(ITEM.incident_id, "rotate the logs", state, None, None, reason),)
    assert decide(decision.value, by("bob"), TOMORROW) == Decision(decision.value, (), changed=False)


def test_an_item_is_opened_again() -> None:
    """It has no end any more."""
    done = replace(ITEM, state=TaskState.DONE, ended_at=NOW)
    assert update_action_item(state=TaskState.OPEN)(done, by(), LATER).value == replace(
        ITEM, updated_at=LATER, version=2
    )


def test_an_item_is_given_to_somebody() -> None:
    """Owner and due date change alone; what is not given stays."""
    decision = update_action_item(owner_id="cid", due_at=TOMORROW)(ITEM, by(), LATER)
    assert (decision.value.owner_id, decision.value.due_at, decision.value.state) == ("cid", TOMORROW, TaskState.OPEN)
    assert decision.facts == (
        facts.ActionItemUpdated(ITEM.incident_id, "rotate the logs", TaskState.OPEN, "cid", TOMORROW),
    )
    later = update_action_item(state=TaskState.DONE)(decision.value, by(), TOMORROW).value
    assert (later.owner_id, later.due_at, later.version) == ("cid", TOMORROW, 3)


@pytest.mark.parametrize("reason", [None, "", " "])
def test_giving_up_needs_a_reason(reason: str | None) -> None:
    """NOT_DOING without one is refused."""
    assert issues(lambda: update_action_item(state=TaskState.NOT_DOING, reason=reason)) == [("input.reason", "EMPTY")]
