"""Categorization and prioritization by people: what they say instead of the rules, and when the rules speak again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.category import Categorization
from shared.domain.commands import Command, Decide, Decision
from shared.domain.diagnosis import add_note
from shared.domain.escalation import page_delivered
from shared.domain.incident import ESCALATE, EscalationState, Incident, Prioritization
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


def silent(priority: Priority | None = Priority.P3) -> Incident:
    """A triggered incident of this priority whose only page went out to ann, and whose escalation is over."""
    given = plan(policy(["ann"]))
    paging = step_taken(at(Status.TRIGGERED, priority=priority), given).value
    (page,) = paging.pages
    told = page_delivered(page.id, "ann", "webhook", possible_repeat=False)(paging, WORKER, paging.updated_at).value
    over = step_taken(told, given).value
    assert (over.escalation.state, ESCALATE in over.timers) == (EscalationState.EXHAUSTED, False)
    return over


def again(priority: Priority, services: tuple[str, ...] = ("cart",)) -> Decide[Incident]:
    """Other services are hit than was thought, and triage says of them what it says."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        edited = edit({"service_ids": services})(incident, by(), now).value
        assert edited.prioritization is PENDING
        assert ESCALATE not in edited.timers
        return triage(assessed(priority), DATABASE, services)(edited, command, now)

    return decide


RANKING: dict[str, Callable[[Priority], Decide[Incident]]] = {
    "a person": lambda priority: override_priority(priority, WHY),
    "triage": again,
}


@pytest.mark.parametrize("who", RANKING)
@pytest.mark.parametrize("priority", [Priority.P1, Priority.P2])
def test_what_turns_out_to_be_more_urgent_is_paged_for_again(who: str, priority: Priority) -> None:
    """The escalation was over, nobody has it, and it is graver than they were told: a new cycle begins at once."""
    before = silent()
    after = RANKING[who](priority)(before, by("bob"), LATER).value
    assert (after.status, after.priority) == (Status.TRIGGERED, priority)
    assert (after.escalation.state, after.escalation.cycle) == (EscalationState.ARMED, before.escalation.cycle + 1)
    assert (after.escalation.step, after.escalation.told, after.timers[ESCALATE]) == (0, 0, LATER)
    paging = step_taken(after, plan(policy(["ann"]))).value
    assert [page.user_id for page in paging.pages] == ["ann"]


@pytest.mark.parametrize("who", RANKING)
@pytest.mark.parametrize("priority", [Priority.P3, Priority.P4, Priority.P5])
def test_what_is_no_more_urgent_stays_silent(who: str, priority: Priority) -> None:
    """They were told, and it is no worse than that."""
    before = silent()
    after = RANKING[who](priority)(before, by("bob"), LATER).value
    assert after.priority is priority
    assert (after.escalation, ESCALATE in after.timers) == (before.escalation, False)


@pytest.mark.parametrize("priority", list(Priority))
def test_late_triage_pages_again_if_it_is_graver_than_was_thought(priority: Priority) -> None:
    """Paged without a priority as a P3 would be, and over: P1 and P2 are news, the others are not."""
    before = silent(None)
    assert (before.priority, before.rank) == (None, 3)
    after = triage(assessed(priority), DATABASE)(before, WORKER, LATER).value
    assert after.timers.get(ESCALATE) == (LATER if priority in (Priority.P1, Priority.P2) else None)


@pytest.mark.parametrize("status", [status for status in OPEN if status is not Status.TRIGGERED])
@pytest.mark.parametrize("who", RANKING)
def test_what_somebody_has_wakes_nobody(who: str, status: Status) -> None:
    """Acknowledged means quiet, however grave it turns out to be."""
    after = RANKING[who](Priority.P1)(at(status, priority=Priority.P3), by("bob"), LATER).value
    assert (after.priority, ESCALATE in after.timers, after.pages) == (Priority.P1, False, ())
    assert after.escalation.state is EscalationState.STOPPED


def test_a_released_priority_that_is_graver_by_the_rules_pages_again() -> None:
    """A person lowered it, it fell silent, and triage says otherwise."""
    lowered = carried_out(override_priority(Priority.P4, WHY), silent()).value
    released = carried_out(release_priority, lowered).value
    assert ESCALATE not in released.timers
    assert triage(P1, DATABASE)(released, WORKER, LATER).value.timers[ESCALATE] == LATER


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


def test_a_long_description_leaves_room_for_what_is_found_later() -> None:
    """Put right at length, it is still found by what is noted afterwards."""
    told = " ".join(f"w{n}" for n in range(1_000))
    edited = carried_out(edit({"title": "Cable", "description": told}), triggered()).value
    noted = add_note("a squirrel ate it")(edited, by(), LATER).value
    assert {"checkout", "cable", "w0", "w199", "squirrel"} <= set(noted.words)
    assert "w200" not in noted.words


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
