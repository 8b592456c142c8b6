"""Reports, their repeats, and triage: what is taken in, what is refused, and what one key leads to."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.commands import Command, Decision
from shared.domain.diagnosis import add_note
from shared.domain.errors import InvalidInput
from shared.domain.incident import ESCALATE, EscalationState, Incident, Prioritization
from shared.domain.lifecycle import Status
from shared.domain.priority import Level, Severity
from shared.domain.reports import (
    LONGEST_LABEL,
    LONGEST_LABEL_KEY,
    MOST_LABELS,
    REPEATS_TOLD_EVERY,
    Report,
    refuse_bad_report,
    repeat,
    report,
)
from shared.domain.texts import LONGEST_AGO, LONGEST_TEXT, LONGEST_TITLE
from shared.domain.transitions import acknowledge
from shared.domain.triage import triage
from tests.domain.samples import (
    DATABASE,
    KEY,
    LATER,
    NOW,
    P1,
    PATHS,
    WORKER,
    at,
    by,
    names,
    plan,
    policy,
    source,
    step_taken,
    triggered,
)

WINDOW = timedelta(minutes=30)
SECOND = timedelta(seconds=1)


def again(incident: Incident, now: datetime, command: Command | None = None) -> Decision[Incident]:
    """What the same key brings once more."""
    return repeat(KEY, WINDOW)(incident, command or source(), now)


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({"title": ""}, "title", "EMPTY"),
        ({"title": " \n"}, "title", "EMPTY"),
        ({"title": "x" * (LONGEST_TITLE + 1)}, "title", "LENGTH"),
        ({"title": "nul \x00"}, "title", "INVALID"),
        ({"title": "half a pair \ud83d"}, "title", "INVALID"),
        ({"description": "x" * (LONGEST_TEXT + 1)}, "description", "LENGTH"),
        ({"description": "nul \x00"}, "description", "INVALID"),
        ({"description": "half a pair \ud83d"}, "description", "INVALID"),
        ({"labels": {str(n): "x" for n in range(MOST_LABELS + 1)}}, "labels", "TOO_MANY"),
        ({"labels": {"": "x"}}, "labels", "INVALID"),
        ({"labels": {"$set": "x"}}, "labels", "INVALID"),
        ({"labels": {"a.b": "x"}}, "labels", "INVALID"),
        ({"labels": {"x" * (LONGEST_LABEL_KEY + 1): "x"}}, "labels", "INVALID"),
        ({"labels": {"nul \x00": "x"}}, "labels", "INVALID"),
        ({"labels": {"half a pair \ud83d": "x"}}, "labels", "INVALID"),
        ({"labels": {"k": "x" * (LONGEST_LABEL + 1)}}, "labels", "LENGTH"),
        ({"labels": {"k": "nul \x00"}}, "labels", "INVALID"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_a_bad_report_is_refused_under_its_field(said: dict[str, Any], field: str, code: str) -> None:
    """What cannot be kept (empty, too long, unstorable) is refused with its path and a kind of its own."""
    with pytest.raises(InvalidInput) as refusal:
        report("i1", 1, Report(**{"title": "Down", **said}), by(), NOW)
    assert [(issue.path, issue.code) for issue in refusal.value.issues] == [(("input", field), code)]


def test_every_issue_of_a_report_is_told_at_once() -> None:
    """Three mistakes are three issues of one refusal."""
    bad = Report(title="", description="\x00", labels={"$x": "y"})
    with pytest.raises(InvalidInput) as refusal:
        refuse_bad_report(bad, NOW)
    assert [issue.path[1] for issue in refusal.value.issues] == ["title", "description", "labels"]
    assert all(issue.message in str(refusal.value) for issue in refusal.value.issues)


def test_the_limits_themselves_are_accepted() -> None:
    """The longest title, description, label, label key and number of labels are within their limits."""
    labels = {f"{n:02}".rjust(LONGEST_LABEL_KEY, "k"): "x" * LONGEST_LABEL for n in range(MOST_LABELS)}
    assert {len(key) for key in labels} == {LONGEST_LABEL_KEY} == {100}
    refuse_bad_report(Report("x" * LONGEST_TITLE, "x" * LONGEST_TEXT, labels=labels), NOW)


def test_what_began_is_past_and_not_long_ago() -> None:
    """Tomorrow and the year before last are slips; 400 days are not."""
    for began, code in ((NOW + SECOND, "IN_THE_FUTURE"), (NOW - LONGEST_AGO - SECOND, "TOO_LONG_AGO")):
        with pytest.raises(InvalidInput) as refusal:
            refuse_bad_report(Report("Down", impact_began_at=began), NOW)
        assert [(issue.path, issue.code) for issue in refusal.value.issues] == [(("input", "impactBeganAt"), code)]
    for began in (NOW, NOW - LONGEST_AGO):
        refuse_bad_report(Report("Down", impact_began_at=began), NOW)


def test_a_long_description_leaves_room_for_what_is_found_later() -> None:
    """It is found by its title, by what the description begins with, and by every later note."""
    told = " ".join(f"w{n}" for n in range(1_000))
    incident = triggered(description=told)
    assert {"checkout", "down", "w0"} <= set(incident.words)
    noted = add_note("a squirrel ate the cable")(incident, by(), LATER).value
    assert {"squirrel", "ate", "the", "cable"} <= set(noted.words)


def test_any_language_is_accepted() -> None:
    """Emoji, right-to-left text and line breaks are a title like any other."""
    refuse_bad_report(Report("🔥 الدفع معطل\nПлатежи", labels={"équipe": "支付"}), NOW)


@pytest.mark.parametrize(
    ("said", "provisional"),
    [
        ({}, 3),
        ({"severity": Severity.CRITICAL}, 2),
        ({"severity": Severity.INFO}, 4),
        ({"stated_impact": Level.HIGH, "stated_urgency": Level.HIGH}, 1),
        ({"stated_impact": Level.LOW, "severity": Severity.INFO}, 5),
    ],
)
def test_until_triage_the_raw_input_ranks_it(said: dict[str, Any], provisional: int) -> None:
    """A critical report does not wait among the P5s: the matrix of the raw input routes it meanwhile."""
    decision = report("i1", 1, Report("Down", **said), by(), NOW)
    assert decision.value.rank == provisional
    assert decision.facts == (facts.Triggered(1, "Down", f"P{provisional}", (), said.get("severity")),)


def test_a_report_without_key_holds_none() -> None:
    """What has no dedup key can have no repeats."""
    assert triggered(key=None).open_keys == ()


@pytest.mark.parametrize("status", [Status.TRIGGERED, Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.MITIGATED])
def test_a_repeat_of_an_open_incident_is_counted(status: Status) -> None:
    """Same incident, same status, same version: it is only counted."""
    before = at(status)
    decision = again(before, LATER)
    assert not decision.changed
    assert decision.value.repeats == 1
    assert (decision.value.status, decision.value.version) == (status, before.version)
    assert decision.facts == (facts.AlertDeduplicated(KEY, 1),)


def test_a_storm_of_repeats_makes_a_fact_in_ten_seconds() -> None:
    """Every repeat is counted; the facts are few, and their counts add up to what was told."""
    incident, told = triggered(), []
    for n in range(61):
        decision = again(incident, NOW + n * SECOND)
        told += [(n, fact.count) for fact in decision.facts if isinstance(fact, facts.AlertDeduplicated)]
        incident = decision.value
    assert timedelta(seconds=10) == REPEATS_TOLD_EVERY
    assert told == [(0, 1), *((n, 10) for n in range(10, 61, 10))]
    assert (incident.repeats, incident.repeats_untold) == (61, 0)


@pytest.mark.parametrize("command", [by("bob"), source()], ids=["person", "source"])
@pytest.mark.parametrize("after", [timedelta(), WINDOW])
def test_a_repeat_inside_the_reopen_window_reopens(after: timedelta, command: Command) -> None:
    """Resolved a short while ago: the same incident pages again, in a new cycle, with all its keys, and says why."""
    before = replace(at(Status.RESOLVED), keys=("let go", KEY))
    decision = again(before, NOW + after, command)
    assert decision.changed
    assert decision.value.status is Status.TRIGGERED
    assert (decision.value.reopen_count, decision.value.escalation.cycle) == (1, before.escalation.cycle + 1)
    assert decision.value.version == before.version + 1
    assert decision.value.open_keys == ("let go", KEY)
    assert decision.value.timers == {ESCALATE: NOW + after}
    assert decision.facts == (facts.Reopened(1, f"the key {KEY} came again"),)


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (Status.RESOLVED, WINDOW + timedelta(milliseconds=1)),
        (Status.CLOSED, timedelta()),
        (Status.CANCELED, timedelta()),
    ],
)
def test_a_later_repeat_frees_the_key(status: Status, after: timedelta) -> None:
    """Nothing else changes, a fact says why, and a new incident can have the key."""
    before = replace(at(status), open_keys=("other", KEY))
    decision = again(before, NOW + after)
    why = f"the incident is {status} for longer than it can be reopened by a key"
    freed = replace(before, open_keys=("other",), updated_at=NOW + after)
    assert decision == Decision(freed, (facts.KeyReleased(KEY, why),), changed=False)


@pytest.mark.parametrize("status", list(Status))
def test_a_repeat_that_comes_too_late_for_its_holder_changes_nothing(status: Status) -> None:
    """The key went to another incident between the look-up and the write: nothing is counted or told here."""
    before = replace(at(status), open_keys=("other",))
    assert again(before, LATER) == Decision(before, (), changed=False)


def test_triage_gives_priority_and_category() -> None:
    """Both facts come from one write, the highest rank counts from now on, and no version is raised."""
    before = triggered()
    decision = triage(P1, DATABASE)(before, WORKER, LATER)
    after = decision.value
    assert (after.priority, after.impact, after.urgency) == (P1.priority, P1.impact, P1.urgency)
    assert (after.rank, after.explanation) == (1, "tier 1 x critical")
    assert (after.category, after.prioritization) == ("database", Prioritization.COMPUTED)
    assert (after.status, after.version) == (before.status, before.version)
    assert after.timers[ESCALATE] == LATER
    assert decision.facts == (
        facts.Prioritized("P1", "HIGH", "HIGH", "tier 1 x critical"),
        facts.Categorized("database", None, "it mentions 'mongodb'"),
    )


@pytest.mark.parametrize("held", [Prioritization.COMPUTED, Prioritization.OVERRIDDEN])
def test_triage_speaks_once(held: Prioritization) -> None:
    """A lost and repeated message changes no priority, least of all a person's."""
    before = replace(triggered(), prioritization=held)
    assert triage(P1, DATABASE)(before, WORKER, LATER) == Decision(before, (), changed=False)


@pytest.mark.parametrize("status", [status for status in PATHS if status is not Status.TRIGGERED])
def test_late_triage_wakes_nobody(status: Status) -> None:
    """Somebody was faster than triage: the incident gets its priority, and nobody is called."""
    before = at(status)
    after = triage(P1, DATABASE)(before, WORKER, LATER).value
    assert after.priority is P1.priority
    assert ESCALATE not in after.timers
    assert after.pages == before.pages


def test_triage_after_the_first_page_leaves_the_escalation_alone() -> None:
    """The first step went out without a priority: the second keeps its time."""
    paging = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value
    assert paging.escalation.state is EscalationState.RUNNING
    assert triage(P1, DATABASE)(paging, WORKER, LATER).value.timers[ESCALATE] == paging.timers[ESCALATE]


def test_a_repeat_after_an_acknowledgement_pages_nobody() -> None:
    """Whoever took it knows: a repeat arms no timer."""
    taken = acknowledge(triggered(), by(), NOW).value
    decision = again(taken, LATER)
    assert decision.value.timers == {}
    assert names(decision.facts) == ["alert.deduplicated"]
