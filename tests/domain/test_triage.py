"""Categorization and prioritization by people: what they say instead of the rules, and when the rules speak again."""

from dataclasses import replace
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.category import Categorization
from shared.domain.commands import Decision
from shared.domain.incident import ESCALATE, EscalationState, Prioritization
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority
from shared.domain.texts import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE
from shared.domain.triage import (
    BY_PERSON,
    LONGEST_CATEGORY,
    correct_category,
    edit,
    override_priority,
    release_priority,
    triage,
)
from tests.domain.samples import (
    DATABASE,
    LATER,
    NOW,
    P1,
    WORKER,
    assessed,
    at,
    by,
    carried_out,
    is_so,
    issues,
    names,
    plan,
    policy,
    step_taken,
    triggered,
)

WHY = "the board watches"
TRIAGED = at(Status.ACKNOWLEDGED, priority=Priority.P3)
OVERRIDDEN, COMPUTED, PENDING = Prioritization.OVERRIDDEN, Prioritization.COMPUTED, Prioritization.PENDING

set_p1 = override_priority(Priority.P1, WHY)


# Priority


@pytest.mark.parametrize("status", OPEN)
def test_a_person_sets_the_priority(status: Status) -> None:
    """It counts from now on, with the reason in the place of an explanation, and the fact knows the last one."""
    decision = carried_out(set_p1, at(status, priority=Priority.P3))
    after = decision.value
    assert (after.priority, after.rank, after.prioritization, after.explanation) == (Priority.P1, 1, OVERRIDDEN, WHY)
    assert decision.facts == (facts.PriorityOverridden(Priority.P1, Priority.P3, WHY),)
    is_so(set_p1, after)


def test_the_priority_that_was_computed_can_be_set() -> None:
    """Then it is a person's: triage does not say otherwise any more."""
    after = carried_out(override_priority(Priority.P3, WHY), TRIAGED).value
    assert after.prioritization is OVERRIDDEN
    assert triage(P1, DATABASE)(after, WORKER, LATER) == Decision(after, (), changed=False)


def test_a_person_can_be_faster_than_triage() -> None:
    """The first page goes now, and the category is what the rules say, because triage will not speak."""
    decision = carried_out(set_p1, triggered())
    assert decision.value.timers[ESCALATE] == LATER
    assert decision.value.category == "software"
    assert names(decision.facts) == ["priority_overridden", "categorized"]


def test_a_page_that_has_gone_is_not_hurried() -> None:
    """The escalation runs: another priority leaves its next step where it is."""
    paging = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value
    assert paging.escalation.state is EscalationState.RUNNING
    assert carried_out(set_p1, paging).value.timers[ESCALATE] == paging.timers[ESCALATE]


def test_a_released_priority_stays_until_triage_has_spoken() -> None:
    """There is always one; then the rules count again."""
    decision = carried_out(release_priority, carried_out(set_p1, TRIAGED).value)
    released = decision.value
    assert (released.priority, released.prioritization) == (Priority.P1, PENDING)
    assert decision.facts == (facts.PriorityReleased(Priority.P1),)
    spoken = triage(assessed(Priority.P4), DATABASE)(released, WORKER, LATER).value
    assert (spoken.priority, spoken.prioritization) == (Priority.P4, COMPUTED)


@pytest.mark.parametrize("held", [PENDING, COMPUTED])
def test_what_no_person_set_is_not_released(held: Prioritization) -> None:
    """It is the rules' already."""
    is_so(release_priority, replace(TRIAGED, prioritization=held))


@pytest.mark.parametrize(
    ("reason", "code"),
    [("", "EMPTY"), ("  ", "EMPTY"), ("x" * (LONGEST_TEXT + 1), "LENGTH"), ("nul \x00", "INVALID")],
)
def test_a_priority_is_set_for_a_reason(reason: str, code: str) -> None:
    """Whoever reads it later wants to know why."""
    assert issues(lambda: override_priority(Priority.P1, reason)) == [("input.reason", code)]


# Category


@pytest.mark.parametrize("subcategory", [None, "dns"])
def test_a_person_corrects_the_category(subcategory: str | None) -> None:
    """It is theirs from then on: triage gives a priority and leaves the category alone."""
    decision = carried_out(correct_category("network", subcategory), triggered())
    after = decision.value
    assert (after.category, after.subcategory, after.category_corrected) == ("network", subcategory, True)
    assert decision.facts == (facts.Categorized("network", subcategory, BY_PERSON),)
    is_so(correct_category("network", subcategory), after)
    spoken = triage(P1, DATABASE)(after, WORKER, LATER)
    assert (spoken.value.category, names(spoken.facts)) == ("network", ["prioritized"])


def test_the_category_of_the_rules_can_be_confirmed() -> None:
    """Saying what the rules said makes it a person's."""
    assert carried_out(correct_category("database", None), TRIAGED).value.category_corrected


@pytest.mark.parametrize(
    ("category", "subcategory", "refused"),
    [
        ("", None, [("input.category", "EMPTY")]),
        ("x" * (LONGEST_CATEGORY + 1), None, [("input.category", "LENGTH")]),
        (" ", "x" * (LONGEST_CATEGORY + 1), [("input.category", "EMPTY"), ("input.subcategory", "LENGTH")]),
    ],
)
def test_a_bad_category_is_refused(category: str, subcategory: str | None, refused: list[tuple[str, str]]) -> None:
    """Every issue at once, under its field."""
    assert issues(lambda: correct_category(category, subcategory)) == refused


# What was known at first


@pytest.mark.parametrize(
    ("given", "before"),
    [
        ({"title": "Checkout is slow"}, {"title": "Checkout is down"}),
        ({"description": "p99"}, {"description": None}),
        ({"environment": "staging"}, {"environment": None}),
        ({"title": "Checkout is down", "description": "p99"}, {"description": None}),
    ],
)
def test_what_was_known_at_first_is_put_right(given: dict[str, Any], before: dict[str, Any]) -> None:
    """Only what differs is changed and told, before and after; the old words still find it."""
    decision = carried_out(edit(given), TRIAGED)
    after = {name: getattr(decision.value, name) for name in before}
    assert decision.facts == (facts.Edited(before, after),)
    assert {"checkout", "down"} <= set(decision.value.words)
    assert decision.value.prioritization is COMPUTED
    is_so(edit(given), decision.value)


@pytest.mark.parametrize(
    ("held", "status", "expected"),
    [
        (COMPUTED, Status.ACKNOWLEDGED, PENDING),
        (OVERRIDDEN, Status.ACKNOWLEDGED, OVERRIDDEN),
        (COMPUTED, Status.RESOLVED, COMPUTED),
    ],
)
def test_other_services_are_other_evidence(held: Prioritization, status: Status, expected: Prioritization) -> None:
    """Triage speaks again of an open incident, unless a person did; until then the priority stays."""
    before = replace(at(status, priority=Priority.P3), prioritization=held)
    after = carried_out(edit({"service_ids": ("cart",), "team_ids": ("shop",)}), before).value
    assert (after.service_ids, after.team_ids) == (("cart",), ("shop",))
    assert (after.prioritization, after.priority) == (expected, Priority.P3)


def test_triage_of_other_services_does_not_count() -> None:
    """They were changed while triage looked at the old ones: it has to look again."""
    edited = carried_out(edit({"service_ids": ("cart",)}), TRIAGED).value
    late = triage(P1, Categorization("network", None, "x"), ("checkout",))
    assert late(edited, WORKER, LATER) == Decision(edited, (), changed=False)
    assert triage(P1, DATABASE, ("cart",))(edited, WORKER, LATER).value.priority is Priority.P1


def test_every_issue_of_an_edit_is_told_at_once() -> None:
    """Title, description and environment are checked together; what is not given is not missed."""
    bad = {"title": None, "description": "nul \x00", "environment": "x" * (LONGEST_NAME + 1)}
    assert issues(lambda: edit(bad)) == [
        ("input.title", "EMPTY"),
        ("input.description", "INVALID"),
        ("input.environment", "LENGTH"),
    ]
    assert issues(lambda: edit({"title": "x" * (LONGEST_TITLE + 1)})) == [("input.title", "LENGTH")]
    assert edit({})(TRIAGED, by(), NOW) == Decision(TRIAGED, (), changed=False)
