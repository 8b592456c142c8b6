"""Investigation and diagnosis: notes, findings, root cause, tasks, links, the workaround's worth and the fix."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.commands import Decide
from shared.domain.diagnosis import (
    LONGEST_FINDING,
    MOST_FINDINGS,
    MOST_LINKS,
    MOST_TASKS,
    add_finding,
    add_link,
    add_note,
    add_task,
    rate_workaround,
    record_fix,
    remove_link,
    set_root_cause,
    update_task,
)
from shared.domain.incident import Finding, Incident, Link, LinkKind, Task, TaskSource, TaskState
from shared.domain.lifecycle import Status
from shared.domain.texts import LONGEST_TEXT, LONGEST_TITLE, LONGEST_URL
from shared.domain.transitions import mitigate, resolve
from tests.domain.samples import LATER, NOW, at, by, carried_out, is_so, issues, triggered

URL = "https://wiki.test/disks"
TOMORROW = NOW + timedelta(days=1)
INVESTIGATED = at(Status.INVESTIGATING)

TEXTS: dict[str, tuple[Callable[[str], Decide[Incident]], int]] = {
    "text": (add_finding, LONGEST_FINDING),
    "rootCause": (set_root_cause, LONGEST_TEXT),
    "fix": (record_fix, LONGEST_TEXT),
    "title": (lambda text: add_task(text, None, None), LONGEST_TITLE),
}
"""The field under which each text is refused, who takes it, and how long it may be."""


def with_task(**fields: Any) -> Incident:
    """An incident under investigation with one task, `t1`."""
    task = Task("t1", "call the vendor", TaskSource.RESPONSE, NOW)
    return replace(INVESTIGATED, tasks=(replace(task, **fields),))


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize(("text", "code"), [("", "EMPTY"), (" \n", "EMPTY"), ("nul \x00", "INVALID"), (None, "LENGTH")])
def test_texts_are_checked(field: str, text: str | None, code: str) -> None:
    """Empty, unstorable and too long are refused under the field's name; the longest is accepted."""
    ask, longest = TEXTS[field]
    assert issues(lambda: ask("x" * (longest + 1) if text is None else text)) == [(f"input.{field}", code)]
    ask("x" * longest)


def test_what_is_written_down_can_be_found() -> None:
    """Notes, findings, causes and fixes bring their words into the search."""
    incident = INVESTIGATED
    for decide in (add_note("Smoke"), add_finding("fan"), set_root_cause("dust"), record_fix("vacuum")):
        incident = carried_out(decide, incident).value
    assert {"smoke", "fan", "dust", "vacuum", "checkout"} <= set(incident.words)


def test_a_finding_is_kept_with_who_and_when() -> None:
    """Every finding is one of its own, even if the same was found before."""
    decision = carried_out(add_finding("the disk is full"), INVESTIGATED)
    (finding,) = decision.value.findings
    assert finding == Finding(finding.id, "the disk is full", LATER, "bob")
    assert decision.facts == (facts.FindingAdded(finding.id, "the disk is full"),)
    again = carried_out(add_finding("the disk is full"), decision.value, by("bob", command_id="c2")).value
    assert len({one.id for one in again.findings}) == 2


def test_a_command_that_is_decided_again_adds_the_same() -> None:
    """A retried command gives what it adds the same id, so that nobody sees two."""
    first, second = (add_task("call", None, None)(INVESTIGATED, by(), now).value.tasks[0] for now in (NOW, LATER))
    assert first.id == second.id


AGAIN = {
    "finding": add_finding("the disk is full"),
    "another finding": add_finding("the fan is off"),
    "task": add_task("call", None, None),
    "task for the review": add_task("call", "cid", TOMORROW, TaskSource.REVIEW),
}


@pytest.mark.parametrize("what", AGAIN)
def test_the_same_command_adds_nothing_twice(what: str) -> None:
    """A command that is carried out once more, later, finds that it is so; another command adds another one."""
    once = carried_out(AGAIN[what], INVESTIGATED).value
    is_so(AGAIN[what], once, now=LATER + timedelta(hours=1))
    twice = carried_out(AGAIN[what], once, by("bob", command_id="c2")).value
    assert len(twice.findings) + len(twice.tasks) == 2
    is_so(AGAIN[what], twice)


@pytest.mark.parametrize("what", ["finding", "task"])
def test_what_is_there_is_there_though_there_is_room_for_no_more(what: str) -> None:
    """The last one that went in, asked for again: it is so, and nothing is refused."""
    once = carried_out(AGAIN[what], INVESTIGATED).value
    full = replace(
        once,
        findings=(*once.findings, *(Finding(f"f{n}", "x", NOW, "ann") for n in range(MOST_FINDINGS))),
        tasks=(*once.tasks, *(Task(f"t{n}", "x", TaskSource.RESPONSE, NOW) for n in range(MOST_TASKS))),
    )
    is_so(AGAIN[what], full)
    assert issues(lambda: AGAIN[what](full, by(command_id="c2"), LATER)) == [("input", "TOO_MANY")]


def test_the_root_cause_is_replaced_and_the_fact_knows_the_last() -> None:
    """What is believed now counts; the timeline shows what was believed before."""
    first = carried_out(set_root_cause("a full disk"), INVESTIGATED).value
    decision = carried_out(set_root_cause("no log rotation"), first)
    assert decision.value.root_cause == "no log rotation"
    assert decision.facts == (facts.RootCauseSet("no log rotation", "a full disk"),)
    is_so(set_root_cause("no log rotation"), decision.value)


@pytest.mark.parametrize("worked", [True, False])
def test_the_workaround_is_rated(worked: bool) -> None:
    """It did work, or did not; saying so twice changes nothing, and minds can be changed."""
    before = at(Status.MITIGATED)
    decision = carried_out(rate_workaround(worked=worked), before)
    assert decision.value.workaround_worked is worked
    assert decision.facts == (facts.WorkaroundRated(worked),)
    is_so(rate_workaround(worked=worked), decision.value)
    assert carried_out(rate_workaround(worked=not worked), decision.value).value.workaround_worked is not worked


def test_another_workaround_has_not_been_rated() -> None:
    """What was said of the last one does not count for the next."""
    rated = carried_out(rate_workaround(worked=False), at(Status.MITIGATED)).value
    investigated = replace(rated, status=Status.INVESTIGATING)
    assert carried_out(mitigate("restarted it twice"), investigated).value.workaround_worked is None


def test_without_a_workaround_there_is_nothing_to_rate() -> None:
    """It is refused, and nothing is guessed."""
    assert issues(lambda: rate_workaround(worked=True)(INVESTIGATED, by(), LATER)) == [("input.id", "NO_WORKAROUND")]


def test_a_fix_is_recorded_before_or_after_the_resolution() -> None:
    """The permanent fix stands apart from the workaround, and a resolution without one keeps it."""
    decision = carried_out(record_fix("a bigger disk"), INVESTIGATED)
    assert (decision.value.fix, decision.value.workaround) == ("a bigger disk", None)
    assert decision.facts == (facts.FixRecorded("a bigger disk"),)
    is_so(record_fix("a bigger disk"), decision.value)
    resolved = resolve(None, None)(decision.value, by(), LATER).value
    assert resolved.fix == "a bigger disk"
    later = carried_out(record_fix("log rotation"), resolved)
    assert later.facts == (facts.FixRecorded("log rotation", "a bigger disk"),)


# Links


@pytest.mark.parametrize("kind", list(LinkKind))
def test_a_link_is_added_once(kind: LinkKind) -> None:
    """The same address of the same kind is there already; of another kind it is another link."""
    decision = carried_out(add_link(kind, URL, "Disks"), INVESTIGATED)
    (link,) = decision.value.links
    assert link == Link(link.id, kind, URL, "Disks")
    assert decision.facts == (facts.LinkAdded(link.id, kind, URL, "Disks"),)
    is_so(add_link(kind, URL, None), decision.value)
    other = next(one for one in LinkKind if one is not kind)
    both = carried_out(add_link(other, URL, None), decision.value, by("bob", command_id="c2")).value
    assert [one.kind for one in both.links] == [kind, other]


def test_a_link_is_removed() -> None:
    """The timeline keeps what it was; removing what is not there changes nothing."""
    kept, gone = Link("l1", LinkKind.LINK, URL), Link("l2", LinkKind.CHANGE, f"{URL}/2")
    decision = carried_out(remove_link("l2"), replace(INVESTIGATED, links=(kept, gone)))
    assert decision.value.links == (kept,)
    assert decision.facts == (facts.LinkRemoved("l2", LinkKind.CHANGE, f"{URL}/2"),)
    is_so(remove_link("l2"), decision.value)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "EMPTY"),
        ("wiki.test/disks", "INVALID"),
        ("javascript:alert(1)", "INVALID"),
        ("ftp://files.test", "INVALID"),
        ("https://", "INVALID"),
        ("https://[::1", "INVALID"),
        ("https://wiki.test/a b", "INVALID"),
        ("https://wiki.test/\n", "INVALID"),
        ("https://wiki.test/" + "x" * LONGEST_URL, "LENGTH"),
    ],
)
def test_an_address_that_is_no_link_is_refused(url: str, code: str) -> None:
    """People follow links: only http and https, with a host and without line breaks."""
    assert issues(lambda: add_link(LinkKind.LINK, url, None)) == [("input.url", code)]


def test_every_issue_of_a_link_is_told() -> None:
    """Address and title are checked together."""
    title = "x" * (LONGEST_TITLE + 1)
    assert issues(lambda: add_link(LinkKind.LINK, "", title)) == [("input.url", "EMPTY"), ("input.title", "LENGTH")]


# Tasks


@pytest.mark.parametrize("source", list(TaskSource))
def test_a_task_is_added(source: TaskSource) -> None:
    """With its owner and due date if it has them, for the response or for the review."""
    decision = carried_out(add_task("call the vendor", "cid", TOMORROW, source), INVESTIGATED)
    (task,) = decision.value.tasks
    assert task == Task(task.id, "call the vendor", source, LATER, TaskState.OPEN, "cid", TOMORROW)
    assert decision.facts == (facts.TaskAdded(task.id, "call the vendor", source, "cid", TOMORROW),)


@pytest.mark.parametrize(("state", "reason"), [(TaskState.DONE, None), (TaskState.NOT_DOING, "too late")])
def test_a_task_ends(state: TaskState, reason: str | None) -> None:
    """Done, or given up with a reason: when is written down, and the fact says it."""
    decision = carried_out(update_task("t1", state=state, reason=reason), with_task())
    (task,) = decision.value.tasks
    assert (task.state, task.done_at) == (state, LATER)
    assert decision.facts == (facts.TaskUpdated("t1", "call the vendor", state, None, None, reason),)
    is_so(update_task("t1", state=state, reason=reason), decision.value, now=LATER + timedelta(hours=1))


def test_a_task_is_opened_again() -> None:
    """What was done was not: it has no end any more."""
    decision = carried_out(update_task("t1", state=TaskState.OPEN), with_task(state=TaskState.DONE, done_at=NOW))
    (task,) = decision.value.tasks
    assert (task.state, task.done_at) == (TaskState.OPEN, None)


def test_a_task_is_given_to_somebody() -> None:
    """Owner and due date change alone; the other tasks stay as they are."""
    before = with_task()
    before = replace(before, tasks=(*before.tasks, replace(before.tasks[0], id="t2")))
    decision = carried_out(update_task("t1", owner_id="cid", due_at=TOMORROW), before)
    first, second = decision.value.tasks
    assert (first.owner_id, first.due_at, first.state) == ("cid", TOMORROW, TaskState.OPEN)
    assert second == before.tasks[1]
    is_so(update_task("t1"), decision.value)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_giving_up_needs_a_reason(reason: str | None) -> None:
    """NOT_DOING without one is refused; DONE needs none."""
    assert issues(lambda: update_task("t1", state=TaskState.NOT_DOING, reason=reason)) == [("input.reason", "EMPTY")]
    update_task("t1", state=TaskState.DONE, reason=reason)


def test_a_task_that_is_not_there_is_refused() -> None:
    """Under the field that names it."""
    ask = update_task("t2", state=TaskState.DONE)
    assert issues(lambda: ask(with_task(), by(), LATER)) == [("input.taskId", "NOT_FOUND")]


FULL: dict[str, tuple[Incident, Decide[Incident]]] = {
    "findings": (
        replace(INVESTIGATED, findings=(Finding("f", "x", NOW, "ann"),) * MOST_FINDINGS),
        add_finding("one more"),
    ),
    "links": (
        replace(INVESTIGATED, links=(Link("l", LinkKind.LINK, URL),) * MOST_LINKS),
        add_link(LinkKind.LINK, f"{URL}/2", None),
    ),
    "tasks": (with_task(), add_task("one more", None, None)),
}


@pytest.mark.parametrize("what", FULL)
def test_what_is_collected_is_bounded(what: str) -> None:
    """No incident grows without end."""
    full, decide = FULL[what]
    if what == "tasks":
        full = replace(full, tasks=full.tasks * MOST_TASKS)
    assert issues(lambda: decide(full, by(), LATER)) == [("input", "TOO_MANY")]


def test_the_bounds_are_what_was_designed() -> None:
    """A hundred findings of 4,000 characters: a document has room for them, and for all the rest."""
    assert (MOST_FINDINGS, LONGEST_FINDING) == (100, 4_000)
    assert (MOST_LINKS, MOST_TASKS) == (100, 200)
    room = replace(INVESTIGATED, findings=(Finding("f", "x", NOW, "ann"),) * (MOST_FINDINGS - 1))
    assert len(carried_out(add_finding("x" * LONGEST_FINDING), room).value.findings) == MOST_FINDINGS


def test_a_task_gives_up_its_owner_and_its_date() -> None:
    """None takes an owner or a date away; what is not said stays."""
    incident = add_task("look", "bob", LATER)(triggered(), by(), NOW).value
    (task,) = incident.tasks
    freed = update_task(task.id, owner_id=None)(incident, by(), NOW).value.tasks[0]
    assert (freed.owner_id, freed.due_at) == (None, LATER)
    undated = update_task(task.id, due_at=None)(incident, by(), NOW).value.tasks[0]
    assert (undated.owner_id, undated.due_at) == ("bob", None)
