"""The lifecycle: every action in every status against the design's table, and what each move brings."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain import facts
from shared.domain.catalog import ClosurePolicy
from shared.domain.changes import expecting
from shared.domain.commands import Command, Decide, Decision
from shared.domain.diagnosis import add_note
from shared.domain.errors import Conflict, InvalidInput, InvalidTransition
from shared.domain.incident import ESCALATE, EscalationState, Incident, Prioritization, Responder
from shared.domain.lifecycle import ASKS, MOVES, Action, Status, allowed, as_markdown
from shared.domain.reports import FIRST_PAGE_WITHIN
from shared.domain.summaries import summarize
from shared.domain.texts import LONGEST_TEXT
from shared.domain.transitions import (
    acknowledge,
    cancel,
    close,
    investigate,
    mitigate,
    reopen,
    resolve,
    retrigger,
    unacknowledge,
)
from shared.domain.triage import triage
from tests.domain.expected import BEFORE, EXPECTED, REFUSED, SAME, allowed_from
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
    rows,
    source,
    step_taken,
    triggered,
)

NEVER = ClosurePolicy(auto_close_days=None)
"""Resolved incidents stay so until somebody closes them."""

DO: dict[Action, Decide[Incident]] = {
    Action.ACKNOWLEDGE: acknowledge,
    Action.UNACKNOWLEDGE: unacknowledge,
    Action.INVESTIGATE: investigate,
    Action.MITIGATE: mitigate("restarted it"),
    Action.RETRIGGER: retrigger("the alert fires again"),
    Action.RESOLVE: resolve("it was full", "a bigger disk"),
    Action.REOPEN: reopen("it came back"),
    Action.CLOSE: close("buy disks"),
    Action.CANCEL: cancel("a drill"),
}
"""How each move is asked for. MERGE and UNMERGE are decided over two incidents: see test_relations."""

FACT_OF = {
    Action.ACKNOWLEDGE: "acknowledged",
    Action.UNACKNOWLEDGE: "unacknowledged",
    Action.INVESTIGATE: "investigating",
    Action.MITIGATE: "mitigated",
    Action.RETRIGGER: "retriggered",
    Action.RESOLVE: "resolved",
    Action.REOPEN: "reopened",
    Action.CLOSE: "closed",
    Action.CANCEL: "canceled",
}

QUIETING = {
    "acknowledge": acknowledge,
    "investigate": investigate,
    "mitigate": DO[Action.MITIGATE],
    "resolve": DO[Action.RESOLVE],
    "cancel": DO[Action.CANCEL],
}
"""What stops the paging of a triggered incident."""

REACHABLE = [(status, action) for status, action in EXPECTED if action in DO]
MOVING = [pair for pair in REACHABLE if EXPECTED[pair] not in (SAME, REFUSED)]
STAYING = [pair for pair in REACHABLE if EXPECTED[pair] == SAME]
REFUSING = [pair for pair in REACHABLE if EXPECTED[pair] == REFUSED]


def being_paged() -> Incident:
    """A triggered incident whose first step has called ann and bob, and none of them was reached yet."""
    return step_taken(triggered(), plan(policy(["ann", "bob"], ["cid"]))).value


def test_the_expectation_covers_every_pair() -> None:
    """The table of this test names each status with each move; every other action keeps the status."""
    assert set(EXPECTED) == {(status, action) for status in Status for action in MOVES}
    assert set(MOVES).isdisjoint(ASKS)
    assert {*MOVES, *ASKS} == set(Action)


@pytest.mark.parametrize(("status", "action"), MOVING)
def test_a_move_leads_where_the_table_says(status: Status, action: Action) -> None:
    """An allowed action changes the status as designed, says so in one fact, and raises the version."""
    before = at(status)
    decision = DO[action](before, by("bob"), LATER)
    assert decision.changed
    assert decision.value.status == EXPECTED[status, action]
    assert decision.value.version == before.version + 1
    assert decision.value.updated_at == LATER
    assert names(decision.facts) == [FACT_OF[action]]


@pytest.mark.parametrize(("status", "action"), STAYING)
def test_asking_for_what_is_so_changes_nothing(status: Status, action: Action) -> None:
    """The same person asking again succeeds, and neither state nor timeline shows it."""
    before = at(status)
    joined = replace(before, responders=(Responder("ann", NOW),))
    assert DO[action](joined, by("ann"), LATER) == Decision(joined, (), changed=False)


@pytest.mark.parametrize(("status", "action"), REFUSING)
def test_any_other_move_is_refused(status: Status, action: Action) -> None:
    """A move that the table does not have raises an error that names the status and what is allowed now."""
    before = at(status)
    with pytest.raises(InvalidTransition) as refusal:
        DO[action](before, by(), LATER)
    assert refusal.value.status == status
    assert refusal.value.action == action
    assert refusal.value.value == before
    assert set(refusal.value.allowed) == allowed_from(status)
    words = str(refusal.value)
    assert status in words
    assert action in words
    assert all(other in words for other in allowed_from(status))


@pytest.mark.parametrize("action", list(DO))
def test_a_merged_incident_can_only_be_unmerged(action: Action) -> None:
    """MERGED has no other move: what is left of it lives in the target."""
    with pytest.raises(InvalidTransition, match=r"that is MERGED\. Allowed now: UNMERGE\."):
        DO[action](at(Status.MERGED), by(), LATER)


@pytest.mark.parametrize("status", list(Status))
def test_allowed_lists_exactly_the_moves(status: Status) -> None:
    """`allowed` names the moves of each status, each once, those without a decision of their own too."""
    listed = allowed(status)
    assert set(listed) == allowed_from(status)
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize(("status", "action"), list(EXPECTED))
def test_the_table_of_the_domain_agrees(status: Status, action: Action) -> None:
    """The one value that buttons and documentation are made from says the same as the design."""
    move = MOVES[action]
    target = str(move.target or BEFORE)
    held = target if status in move.sources else SAME if status in move.already else REFUSED
    assert held == EXPECTED[status, action]


def test_the_documentation_has_a_line_for_each_action() -> None:
    """The generated tables name every move, then every other action, with what it requires in the last column."""
    lines = [line for line in as_markdown().splitlines() if line.startswith("|")]
    cells = [line.strip("| ").split(" | ") for line in lines]
    required = {"MITIGATE": "workaround", "CANCEL": "reason", "MERGE": "targetId"}
    moves = [(action, required.get(action, "-")) for action in MOVES]
    asks = [(action, ", ".join(ask.requires) or "-") for action, ask in ASKS.items()]
    assert [(line[0], line[-1]) for line in cells if line[0] in set(Action)] == [*moves, *asks]
    assert len(cells) == len(Action) + 4


def test_a_report_arms_the_first_step() -> None:
    """A new incident is TRIGGERED, waits two seconds for triage before it pages, and has no priority yet."""
    incident = triggered()
    assert incident.status is Status.TRIGGERED
    assert incident.timers == {ESCALATE: NOW + FIRST_PAGE_WITHIN}
    assert timedelta(seconds=2) == FIRST_PAGE_WITHIN
    assert incident.escalation.state is EscalationState.ARMED
    assert (incident.priority, incident.prioritization) == (None, Prioritization.PENDING)
    assert (incident.version, incident.open_keys, incident.responders) == (1, (KEY,), ())


@pytest.mark.parametrize("decide", QUIETING.values(), ids=QUIETING)
def test_whoever_takes_it_silences_it(decide: Decide[Incident]) -> None:
    """Every way out of TRIGGERED stops the escalation and cancels the pages, and the fact counts them."""
    paging = being_paged()
    assert len(paging.pages) == 2
    decision = decide(paging, by("bob"), LATER)
    quiet = decision.value
    assert quiet.pages == ()
    assert ESCALATE not in quiet.timers
    assert quiet.escalation.state is EscalationState.STOPPED
    assert decision.facts[0].data()["canceled_pages"] == 2


@pytest.mark.parametrize("decide", [acknowledge, investigate, DO[Action.MITIGATE]])
def test_the_first_to_take_it_is_its_responder(decide: Decide[Incident]) -> None:
    """Acknowledging, or beginning to work without it, joins the person and stops the acknowledge clock."""
    taken = decide(triggered(), by("bob"), LATER).value
    assert taken.responders == (Responder("bob", LATER),)
    assert taken.assignee_id == "bob"
    assert taken.acknowledged_at == LATER


@pytest.mark.parametrize("decide", [acknowledge, investigate])
def test_a_source_takes_it_without_becoming_a_responder(decide: Decide[Incident]) -> None:
    """A monitor's acknowledgement stops the paging, but a monitor is nobody who responds."""
    taken = decide(triggered(), source(), LATER).value
    assert taken.responders == ()
    assert taken.acknowledged_at == LATER


@pytest.mark.parametrize(
    ("status", "decide"),
    [
        (Status.ACKNOWLEDGED, acknowledge),
        (Status.INVESTIGATING, acknowledge),
        (Status.INVESTIGATING, investigate),
    ],
)
def test_a_second_acknowledger_joins(status: Status, decide: Decide[Incident]) -> None:
    """The second person is told `changed: false` and is a responder all the same; the clock stays."""
    before = at(status)
    decision = decide(before, by("bob"), LATER)
    assert not decision.changed
    assert decision.value.status is status
    assert decision.value.responders == (Responder("ann", NOW), Responder("bob", LATER))
    assert decision.value.assignee_id == "ann"
    assert decision.value.acknowledged_at == NOW
    assert decision.facts == (facts.ResponderAdded("bob"),)


def test_a_source_that_acknowledges_again_changes_nothing() -> None:
    """Only people join; a repeated acknowledgement by a monitor leaves no trace."""
    before = at(Status.ACKNOWLEDGED)
    assert acknowledge(before, source(), LATER) == Decision(before, (), changed=False)


def test_working_on_it_keeps_the_moment_of_acknowledgement() -> None:
    """MTTA is measured to the first acknowledgement, whatever follows."""
    worked = investigate(at(Status.ACKNOWLEDGED), by("bob"), LATER).value
    assert worked.acknowledged_at == NOW
    assert worked.responders == (Responder("ann", NOW), Responder("bob", LATER))
    assert worked.assignee_id == "ann"


def test_giving_it_back_pages_from_the_start() -> None:
    """Un-acknowledging begins a new cycle from step 0 at once."""
    acknowledged = acknowledge(being_paged(), by(), NOW).value
    again = unacknowledge(acknowledged, by(), LATER).value
    assert again.timers[ESCALATE] == LATER
    assert (again.escalation.state, again.escalation.step) == (EscalationState.ARMED, 0)
    assert again.escalation.cycle == acknowledged.escalation.cycle + 1
    assert (again.acknowledged_at, again.assignee_id) == (None, None)
    assert again.responders == acknowledged.responders


def test_mitigation_records_its_workaround() -> None:
    """The workaround, which is temporary, is kept apart from any fix."""
    mitigated = mitigate("restarted it")(at(Status.INVESTIGATING), by(), LATER).value
    assert (mitigated.workaround, mitigated.fix, mitigated.mitigated_at) == ("restarted it", None, LATER)


def test_resolution_clears_every_timer_and_keeps_the_keys() -> None:
    """Nothing is pending on what is resolved; its key stays, so that a repeat can reopen it."""
    pending = replace(being_paged(), timers={ESCALATE: LATER, "something_later": LATER})
    resolved = resolve("it was full", "a bigger disk", NEVER)(pending, by(), LATER).value
    assert resolved.timers == {}
    assert resolved.due_at is None
    assert resolved.open_keys == (KEY,)
    assert (resolved.resolution, resolved.fix) == ("it was full", "a bigger disk")
    assert resolved.resolved_at == LATER


def test_closing_releases_the_keys() -> None:
    """A closed incident is frozen with its insights: later signals open a new one."""
    decision = close("buy disks")(at(Status.RESOLVED), by(), LATER)
    closed = decision.value
    assert (closed.open_keys, closed.timers, closed.closed_at) == ((), {}, LATER)
    assert closed.review.insights == "buy disks"
    assert decision.facts == (facts.Closed("buy disks"),)


@pytest.mark.parametrize("status", [status for status in PATHS if Action.CANCEL in allowed_from(status)])
def test_canceling_ends_everything(status: Status) -> None:
    """A false alarm holds no key, has nothing pending, and its fact says why."""
    decision = cancel("a drill")(at(status), by(), LATER)
    canceled = decision.value
    assert (canceled.open_keys, canceled.timers, canceled.pages) == ((), {}, ())
    assert canceled.canceled_at == LATER
    assert decision.facts[0].data()["reason"] == "a drill"


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CANCELED])
def test_reopening_counts_and_pages_again(status: Status) -> None:
    """It is TRIGGERED again in a new cycle; the count rises, and the ends of its last life are wiped."""
    before = triage(P1, DATABASE)(at(status), WORKER, NOW).value
    decision = reopen("it came back")(before, by("bob"), LATER)
    again = decision.value
    assert again.reopen_count == before.reopen_count + 1
    assert again.escalation.cycle == before.escalation.cycle + 1
    assert again.escalation.state is EscalationState.ARMED
    assert again.timers[ESCALATE] == LATER
    assert again.triggered_at == LATER
    assert (again.acknowledged_at, again.mitigated_at, again.resolved_at, again.canceled_at) == (None,) * 4
    assert again.priority is P1.priority
    assert decision.facts == (facts.Reopened(1, "it came back"),)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CANCELED])
def test_reopening_takes_every_key_back(status: Status) -> None:
    """Also those that it let go: what the same source reports next belongs to it, and not to a new incident."""
    before = replace(at(status), keys=(KEY, "moved"))
    assert before.open_keys == ((KEY,) if status is Status.RESOLVED else ())
    again = reopen("it came back")(before, by("bob"), LATER).value
    assert (again.open_keys, again.keys) == ((KEY, "moved"), (KEY, "moved"))


def test_a_second_reopening_counts_on() -> None:
    """The count is of the incident's whole life, and no cycle number is used twice."""
    incident = at(Status.RESOLVED)
    for count in (1, 2, 3):
        decision = reopen("again")(incident, by(), LATER)
        assert (decision.value.reopen_count, decision.value.escalation.cycle) == (count, count)
        incident = resolve(None, None)(decision.value, by(), LATER).value


TEXTS: dict[str, Callable[[str], Decide[Incident]]] = {
    "workaround": mitigate,
    "reason": cancel,
    "text": add_note,
    "resolution": lambda text: resolve(text, None),
    "fix": lambda text: resolve(None, text),
    "insights": close,
    "cause": reopen,
}


@pytest.mark.parametrize("field", ["workaround", "reason", "text"])
@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_what_a_move_needs_must_be_said(field: str, text: str) -> None:
    """A mitigation without workaround, a cancellation without reason and an empty note are refused."""
    with pytest.raises(InvalidInput) as refusal:
        TEXTS[field](text)
    (issue,) = refusal.value.issues
    assert (issue.path, issue.code) == (("input", field), "EMPTY")
    assert field in issue.message


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize(("text", "code"), [("x" * (LONGEST_TEXT + 1), "LENGTH"), ("nul \x00 inside", "INVALID")])
def test_texts_have_limits(field: str, text: str, code: str) -> None:
    """Every text that a person gives with a move is bounded, and refused under the name of its field."""
    with pytest.raises(InvalidInput) as refusal:
        TEXTS[field](text)
    assert [(issue.path, issue.code) for issue in refusal.value.issues] == [(("input", field), code)]


@pytest.mark.parametrize("field", TEXTS)
def test_the_longest_text_is_accepted(field: str) -> None:
    """The limit itself is within the limit."""
    TEXTS[field]("x" * LONGEST_TEXT)


def test_a_reopening_without_cause_can_be_told() -> None:
    """A person need not say why they reopen; the timeline has a sentence for it all the same."""
    before = at(Status.RESOLVED)
    decision = reopen("")(before, by("bob"), LATER)
    (entry,) = rows(before, decision, by("bob"), LATER)
    assert summarize(entry, {}).startswith("reopened by bob")


@pytest.mark.parametrize("status", [status for status in PATHS if status is not Status.CLOSED])
def test_a_note_can_be_added_in_any_status_but_closed(status: Status) -> None:
    """A note is a change by a person: the version rises, the status stays."""
    before = at(status)
    decision = add_note("it smells of smoke")(before, by("bob"), LATER)
    assert decision.facts == (facts.NoteAdded("it smells of smoke"),)
    assert (decision.value.status, decision.value.version) == (status, before.version + 1)


@pytest.mark.parametrize("status", [Status.CLOSED, Status.MERGED])
def test_a_frozen_incident_takes_no_note(status: Status) -> None:
    """CLOSED is frozen, MERGED lives on elsewhere; the refusal names what is allowed all the same."""
    with pytest.raises(InvalidTransition) as refusal:
        add_note("too late")(at(status), by(), LATER)
    assert (refusal.value.status, set(refusal.value.allowed)) == (status, allowed_from(status))


def test_the_expected_version_is_compared_first() -> None:
    """Another version than the expected one is a Conflict that carries the present incident."""
    incident = at(Status.ACKNOWLEDGED)
    with pytest.raises(Conflict, match="Version 1 was expected, but the present version is 2") as conflict:
        expecting(1, DO[Action.RESOLVE])(incident, by(), LATER)
    assert conflict.value.value == incident
    assert expecting(2, DO[Action.RESOLVE])(incident, by(), LATER).value.status is Status.RESOLVED
    assert expecting(None, DO[Action.RESOLVE])(incident, by(), LATER).value.status is Status.RESOLVED


@pytest.mark.parametrize("decide", [acknowledge, unacknowledge, DO[Action.CLOSE], DO[Action.REOPEN]])
def test_tocsin_itself_raises_no_version(decide: Decide[Incident]) -> None:
    """Only a person's or a source's command raises what `expectedVersion` compares."""
    start = {
        acknowledge: Status.TRIGGERED,
        unacknowledge: Status.ACKNOWLEDGED,
        DO[Action.CLOSE]: Status.RESOLVED,
        DO[Action.REOPEN]: Status.RESOLVED,
    }[decide]
    before = at(start)
    decision = decide(before, WORKER, LATER)
    assert decision.value.status is not start
    assert decision.value.version == before.version


@pytest.mark.parametrize("command", [by("bob"), source()], ids=["person", "source"])
@pytest.mark.parametrize("moment", [NOW, LATER])
def test_a_decision_is_pure(command: Command, moment: datetime) -> None:
    """The same question has the same answer, and asking leaves the incident as it was."""
    paging = being_paged()
    kept = replace(paging, timers=dict(paging.timers), labels=dict(paging.labels))
    assert acknowledge(paging, command, moment) == acknowledge(paging, command, moment)
    assert paging == kept
