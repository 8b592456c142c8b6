"""The post-incident review, what it keeps from being closed, and audited corrections of an incident's times."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.catalog import ClosurePolicy
from shared.domain.diagnosis import update_task
from shared.domain.errors import InvalidTransition
from shared.domain.incident import (
    Correctable,
    Correction,
    Incident,
    Major,
    MajorState,
    Review,
    ReviewState,
    Task,
    TaskSource,
    TaskState,
)
from shared.domain.lifecycle import Action, Status
from shared.domain.priority import Priority
from shared.domain.review import (
    FIELD_OF,
    LONGEST_FACTOR,
    LONGEST_REASON,
    MOST_CORRECTIONS,
    MOST_FACTORS,
    complete_review,
    correct_time,
    update_review,
)
from shared.domain.texts import LONGEST_AGO, LONGEST_TEXT
from shared.domain.transitions import acknowledge, close, mitigate, reopen, resolve
from tests.domain.samples import LATER, NOW, at, by, carried_out, is_so, issues, triggered

MINUTE = timedelta(minutes=1)
PARTS: dict[str, Any] = {
    "what_happened": "the disk was full",
    "contributing_factors": ("no alert", "no rotation"),
    "impact": "an hour without orders",
    "went_well": "the runbook",
    "went_badly": "the pager",
    "insights": "disks fill",
}
REVIEWED_P1 = ClosurePolicy(14, ("write the timeline", "invite everybody"), (Priority.P1,), review_majors=True)
DONE = tuple(Task(f"t{n}", "x", TaskSource.REVIEW, NOW, state) for n, state in enumerate(TaskState) if state != "OPEN")
WAITING = Task("t9", "write the timeline", TaskSource.REVIEW, NOW)
ELSEWHERE = Task("t8", "call the vendor", TaskSource.RESPONSE, NOW)

RESOLVED = at(Status.RESOLVED)


def with_tasks(*tasks: Task) -> Incident:
    """A resolved incident with these tasks."""
    return replace(RESOLVED, tasks=tasks)


def resolved_by(policy: ClosurePolicy, priority: Priority, major: MajorState = MajorState.NONE) -> list[str]:
    """The titles of the review tasks that a resolution under `policy` brings; each is told."""
    before = replace(at(Status.ACKNOWLEDGED, priority=priority), major=Major(major))
    decision = resolve(None, None, policy)(before, by("bob"), LATER)
    told = [fact for fact in decision.facts if isinstance(fact, facts.TaskAdded)]
    tasks = decision.value.tasks
    assert [(fact.task_id, fact.title, fact.source) for fact in told] == [
        (task.id, task.title, TaskSource.REVIEW) for task in tasks
    ]
    assert {task.owner_id for task in tasks} <= {"ann"}
    assert len({task.id for task in tasks}) == len(tasks)
    return [task.title for task in tasks]


# Written


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_review_is_written(part: str) -> None:
    """Only what is given changes, the fact has it as it is now, and the review is in progress."""
    decision = carried_out(update_review({part: PARTS[part]}), RESOLVED)
    assert decision.value.review == replace(Review(ReviewState.IN_PROGRESS), **{part: PARTS[part]})
    assert decision.facts == (facts.ReviewUpdated({part: PARTS[part]}),)
    is_so(update_review({part: PARTS[part]}), decision.value)


def test_the_review_is_written_part_by_part() -> None:
    """What was written before stays; only what differs is told, with what it says now, and what was taken away."""
    first = carried_out(update_review({"impact": "?", "insights": "disks fill"}), RESOLVED).value
    decision = carried_out(update_review(PARTS), first)
    assert decision.value.review == Review(ReviewState.IN_PROGRESS, **PARTS)
    assert decision.facts == (facts.ReviewUpdated({part: text for part, text in PARTS.items() if part != "insights"}),)
    assert decision.facts[0].data()["parts"]["contributing_factors"] == ("no alert", "no rotation")
    cleared = carried_out(update_review({"impact": None, "insights": "disks fill"}), decision.value)
    assert cleared.value.review.impact is None
    assert cleared.facts == (facts.ReviewUpdated({"impact": None}),)
    assert cleared.facts[0].data() == {"parts": {"impact": None}}


def test_a_completed_review_can_be_written_on() -> None:
    """Until the incident is closed: it stays completed, and what is added is told."""
    completed = carried_out(complete_review, RESOLVED).value
    decision = carried_out(update_review({"impact": "two hours"}), completed, now=LATER + MINUTE)
    assert decision.value.review == replace(completed.review, impact="two hours")
    assert decision.facts == (facts.ReviewUpdated({"impact": "two hours"}),)
    closed = close(None)(decision.value, by(), LATER + MINUTE).value
    with pytest.raises(InvalidTransition) as refusal:
        update_review({"impact": "three hours"})(closed, by(), LATER + MINUTE)
    assert (refusal.value.action, refusal.value.status) == (Action.REVIEW, Status.CLOSED)


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("what_happened", "whatHappened"),
        ("impact", "impact"),
        ("went_well", "wentWell"),
        ("went_badly", "wentBadly"),
        ("insights", "insights"),
    ],
)
@pytest.mark.parametrize(("text", "code"), [("x" * (LONGEST_TEXT + 1), "LENGTH"), ("nul \x00", "INVALID")])
def test_a_part_is_refused_under_the_name_of_the_input(part: str, path: str, text: str, code: str) -> None:
    """The path is what the caller wrote; the longest text is accepted."""
    assert issues(lambda: update_review({part: text})) == [(f"input.{path}", code)]
    update_review({part: "x" * LONGEST_TEXT})


@pytest.mark.parametrize(
    ("factors", "refused"),
    [
        (("a", "", "b", " "), [("1", "EMPTY"), ("3", "EMPTY")]),
        (("a" * 2_001, "a" * 2_000), [("0", "LENGTH")]),
    ],
)
def test_each_factor_is_checked(factors: tuple[str, ...], refused: list[tuple[str, str]]) -> None:
    """Each is named by its place, all of them at once."""
    expected = [(f"input.contributingFactors.{place}", code) for place, code in refused]
    assert issues(lambda: update_review({"contributing_factors": factors})) == expected


def test_factors_are_bounded() -> None:
    """Fifty of 2,000 characters are enough."""
    given: Mapping[str, Any] = {"contributing_factors": ("a",) * (MOST_FACTORS + 1)}
    assert issues(lambda: update_review(given)) == [("input.contributingFactors", "TOO_MANY")]
    update_review({"contributing_factors": ("a" * LONGEST_FACTOR,) * MOST_FACTORS})
    assert (MOST_FACTORS, LONGEST_FACTOR) == (50, 2_000)


# Completed, and what keeps it from that


@pytest.mark.parametrize("tasks", [(), DONE, (*DONE, ELSEWHERE)], ids=["no tasks", "done", "other tasks"])
def test_the_review_is_completed(tasks: tuple[Task, ...]) -> None:
    """Once its tasks are done, or given up; those of the response do not count."""
    decision = carried_out(complete_review, with_tasks(*tasks))
    assert decision.value.review == Review(ReviewState.COMPLETED, completed_at=LATER)
    assert decision.facts == (facts.ReviewCompleted(),)
    is_so(complete_review, decision.value)


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ((WAITING,), "1 review task is open: write the timeline."),
        (
            (*DONE, WAITING, replace(WAITING, id="t7", title="invite")),
            "2 review tasks are open: write the timeline, in",
        ),
    ],
)
def test_open_review_tasks_hold_back_review_and_closure(tasks: tuple[Task, ...], why: str) -> None:
    """The refusal says which are open, beside the status and the allowed moves; done, both go through. Writing does
    not wait for them.
    """
    before = with_tasks(*tasks)
    for decide in (complete_review, close(None)):
        with pytest.raises(InvalidTransition, match=why) as refusal:
            decide(before, by(), LATER)
        assert refusal.value.status is Status.RESOLVED
        assert refusal.value.action is (Action.COMPLETE_REVIEW if decide is complete_review else Action.CLOSE)
        assert {"REOPEN", "CANCEL"} <= set(refusal.value.allowed)
    ready = replace(before, tasks=tuple(replace(task, state=TaskState.DONE) for task in tasks))
    assert complete_review(ready, by(), LATER).value.review.state is ReviewState.COMPLETED
    assert close("disks fill")(ready, by(), LATER).value.status is Status.CLOSED
    assert carried_out(update_review({"impact": "?"}), before).value.review.impact == "?"


def test_a_closed_incident_keeps_its_review() -> None:
    """The last insights replace those of the review, and none leave them."""
    written = carried_out(update_review(PARTS), RESOLVED).value
    assert close(None)(written, by(), LATER).value.review.insights == "disks fill"
    assert close("rotate logs")(written, by(), LATER).value.review == replace(written.review, insights="rotate logs")


# The tasks that a policy asks for


@pytest.mark.parametrize("priority", list(Priority))
def test_a_policy_asks_for_reviews_by_priority(priority: Priority) -> None:
    """Only incidents of the named priorities get the tasks, each with an id and the owner's name."""
    expected = ["write the timeline", "invite everybody"] if priority is Priority.P1 else []
    assert resolved_by(REVIEWED_P1, priority) == expected
    assert resolved_by(ClosurePolicy(), priority) == []


@pytest.mark.parametrize(
    ("major", "asked"),
    [
        (MajorState.NONE, 0),
        (MajorState.PROPOSED, 0),
        (MajorState.DECLARED, 2),
        (MajorState.STOOD_DOWN, 2),
    ],
)
def test_a_policy_asks_for_the_review_of_majors(major: MajorState, asked: int) -> None:
    """Whatever their priority, if the policy says so, and also when they were stood down before."""
    assert len(resolved_by(REVIEWED_P1, Priority.P5, major)) == asked
    assert resolved_by(replace(REVIEWED_P1, review_majors=False), Priority.P5, major) == []


def test_a_second_resolution_does_not_ask_again() -> None:
    """Reopened and resolved once more: the tasks are there, done or not."""
    first = resolve(None, None, REVIEWED_P1)(at(Status.ACKNOWLEDGED, priority=Priority.P1), by(), NOW).value
    done = update_task(first.tasks[0].id, state=TaskState.DONE)(first, by(), NOW).value
    again = reopen("again")(done, by(), NOW).value
    second = resolve(None, None, REVIEWED_P1)(again, by(command_id="c2"), LATER).value
    assert second.tasks == done.tasks


# Corrections


def lived() -> Incident:
    """An incident that was triggered, acknowledged, mitigated and resolved, ten minutes each, since NOW."""
    incident = triggered(impact_began_at=NOW - 10 * MINUTE)
    for n, decide in enumerate((acknowledge, mitigate("restarted it"), resolve(None, None)), start=1):
        incident = decide(incident, by(), NOW + n * 10 * MINUTE).value
    return incident


LIVED = lived()
TIMES = {what: getattr(LIVED, name) for what, name in FIELD_OF.items()}


@pytest.mark.parametrize("what", list(Correctable))
def test_a_time_is_corrected_and_the_original_stays(what: Correctable) -> None:
    """The field holds what is true now; the correction holds what was recorded, by whom it was changed and why."""
    was, new = TIMES[what], TIMES[what] - MINUTE
    decision = carried_out(correct_time(what, new, "the graphs say so"), LIVED)
    assert getattr(decision.value, FIELD_OF[what]) == new
    assert decision.value.corrections == (Correction(what, was, new, LATER, "bob", "the graphs say so"),)
    assert decision.facts == (facts.TimeCorrected(what, new, "the graphs say so", was),)
    is_so(correct_time(what, new, "the graphs say so"), decision.value)


def test_a_second_correction_keeps_the_first_original() -> None:
    """However often it is corrected, what was recorded at first can be seen."""
    what = Correctable.ACKNOWLEDGED
    first = carried_out(correct_time(what, TIMES[what] - MINUTE, "x"), LIVED).value
    decision = carried_out(correct_time(what, TIMES[what] - 2 * MINUTE, "y"), first)
    assert [one.original for one in decision.value.corrections] == [TIMES[what], TIMES[what]]
    assert decision.facts == (facts.TimeCorrected(what, TIMES[what] - 2 * MINUTE, "y", TIMES[what] - MINUTE),)


def test_a_time_of_another_life_has_its_own_original() -> None:
    """Corrected, reopened, acknowledged anew and corrected again: the original is what was recorded this time."""
    what = Correctable.ACKNOWLEDGED
    first = carried_out(correct_time(what, TIMES[what] - MINUTE, "x"), LIVED).value
    again = acknowledge(reopen("again")(first, by(), LATER).value, by(), LATER + 9 * MINUTE).value
    second = correct_time(what, LATER + MINUTE, "y")(again, by(), LATER + 10 * MINUTE).value
    assert [one.original for one in second.corrections] == [TIMES[what], LATER + 9 * MINUTE]


def test_when_the_impact_began_can_be_said_afterwards() -> None:
    """It is the one time that may not have been recorded: then there is no original."""
    before = at(Status.CLOSED)
    assert before.impact_began_at is None
    decision = carried_out(correct_time(Correctable.IMPACT_BEGAN, NOW - MINUTE, "the graphs say so"), before)
    assert decision.value.impact_began_at == NOW - MINUTE
    assert [one.original for one in decision.value.corrections] == [None]


@pytest.mark.parametrize("what", [what for what in Correctable if what is not Correctable.IMPACT_BEGAN])
def test_what_has_not_happened_has_no_time(what: Correctable) -> None:
    """A time that was not recorded is refused under the field that names it."""
    before = replace(triggered(), triggered_at=None)  # type: ignore[arg-type]
    assert issues(lambda: correct_time(what, NOW, "x")(before, by(), LATER)) == [("input.what", "NOT_RECORDED")]


def moments() -> list[tuple[Correctable, datetime]]:
    """Each time with a moment before the one that it follows, and one after the one that it leads to."""
    order = list(FIELD_OF)
    early = [(what, TIMES[before] - MINUTE) for before, what in pairwise(order)]
    late = [(what, TIMES[after] + MINUTE) for what, after in pairwise(order)]
    return early + late


@pytest.mark.parametrize(("what", "moment"), moments())
def test_times_keep_their_order(what: Correctable, moment: datetime) -> None:
    """Nothing is acknowledged before it began, or resolved before it was mitigated; equal times are fine."""
    assert issues(lambda: correct_time(what, moment, "x")(LIVED, by(), LATER)) == [("input.at", "OUT_OF_ORDER")]
    order = list(FIELD_OF)
    neighbour = order[max(order.index(what) - 1, 0)]
    assert correct_time(what, TIMES[neighbour], "x")(LIVED, by(), LATER).value is not None


def test_the_future_is_refused() -> None:
    """A time lies in the past."""
    ask = correct_time(Correctable.RESOLVED, LATER + MINUTE, "x")
    assert issues(lambda: ask(LIVED, by(), LATER)) == [("input.at", "IN_THE_FUTURE")]


@pytest.mark.parametrize(
    ("reason", "code"),
    [("", "EMPTY"), (" ", "EMPTY"), ("x" * 2_001, "LENGTH"), ("nul \x00", "INVALID")],
)
def test_a_correction_says_why(reason: str, code: str) -> None:
    """It is audited: who, when, and why."""
    assert issues(lambda: correct_time(Correctable.RESOLVED, NOW, reason)) == [("input.reason", code)]
    correct_time(Correctable.RESOLVED, NOW, "x" * 2_000)
    assert LONGEST_REASON == 2_000


@pytest.mark.parametrize("corrected", [timedelta(0), timedelta(days=90)])
def test_a_time_of_long_ago_is_a_slip(corrected: timedelta) -> None:
    """400 days before it was logged and no more, however late it is corrected."""
    began, ask_at = NOW - LONGEST_AGO, LATER + corrected
    ask = correct_time(Correctable.IMPACT_BEGAN, began - timedelta(milliseconds=1), "x")
    assert issues(lambda: ask(LIVED, by(), ask_at)) == [("input.at", "TOO_LONG_AGO")]
    decision = carried_out(correct_time(Correctable.IMPACT_BEGAN, began, "x"), LIVED, now=ask_at)
    assert decision.value.impact_began_at == began
    assert timedelta(days=400) == LONGEST_AGO


def test_corrections_are_bounded() -> None:
    """No incident grows without end."""
    one = Correction(Correctable.RESOLVED, NOW, NOW, NOW, "ann", "x")
    full = replace(LIVED, corrections=(one,) * MOST_CORRECTIONS)
    ask = correct_time(Correctable.RESOLVED, TIMES[Correctable.RESOLVED] - MINUTE, "x")
    assert issues(lambda: ask(full, by(), LATER)) == [("input.what", "TOO_MANY")]
