"""Status updates: drafted, published, corrected, and the last word; when the next is due, and who is reminded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import facts
from shared.domain.clocks import CADENCE, UPDATE_DUE
from shared.domain.commands import Decide
from shared.domain.diagnosis import add_note
from shared.domain.incident import Audience, Incident, Responder, ResponderRole, StatusUpdate
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority
from shared.domain.status_updates import (
    LONGEST_UPDATE,
    MOST_UPDATES,
    OVERDUE,
    RESOLVED,
    correct,
    draft,
    publish,
    publish_draft,
)
from shared.domain.transitions import acknowledge, cancel, investigate, mitigate, resolve, unacknowledge
from shared.domain.triage import override_priority
from tests.domain.samples import LATER, NOW, at, by, carried_out, fallen_due, is_so, issues, names, triggered

PUBLIC = Audience.PUBLIC
SOON = timedelta(milliseconds=1)
HALF_AN_HOUR = timedelta(minutes=30)
DRAFT = StatusUpdate("s1", PUBLIC, "we are on it", "ann", NOW)
TOLD = replace(DRAFT, published_at=NOW)

TEXTS: dict[str, Callable[[str], Decide[Incident]]] = {
    "draft": lambda text: draft(PUBLIC, text),
    "publish": lambda text: publish(PUBLIC, text),
    "publish a draft": lambda text: publish_draft("s1", text),
    "correct": lambda text: correct("s1", text),
}


def with_updates(*updates: StatusUpdate, status: Status = Status.ACKNOWLEDGED) -> Incident:
    """A P1 with these updates."""
    return replace(at(status, priority=Priority.P1), status_updates=updates)


def with_roles(*roles: ResponderRole) -> Incident:
    """A P1 that ann owns, in which a responder has each of these roles: they are called by its name."""
    people = tuple(Responder(str(role).lower(), NOW, (role,)) for role in roles)
    return replace(at(Status.ACKNOWLEDGED, priority=Priority.P1), responders=(Responder("ann", NOW), *people))


@pytest.mark.parametrize("audience", list(Audience))
def test_an_update_is_drafted_for_its_audience(audience: Audience) -> None:
    """A draft is kept, and nobody has been told: what was due stays due."""
    before = with_updates()
    decision = carried_out(draft(audience, "we are on it"), before)
    (update,) = decision.value.status_updates
    assert update == StatusUpdate(update.id, audience, "we are on it", "bob", LATER)
    assert decision.value.next_update_due_at == before.next_update_due_at
    assert decision.facts == (facts.StatusUpdateDrafted(update.id, audience, "we are on it"),)


@pytest.mark.parametrize("audience", list(Audience))
def test_an_update_is_published_at_once(audience: Audience) -> None:
    """It is told, and the next one is due after the priority's cadence."""
    decision = carried_out(publish(audience, "we are on it"), with_updates())
    (update,) = decision.value.status_updates
    due = LATER + HALF_AN_HOUR
    assert (update.published_at, update.corrected_at, update.user_id) == (LATER, None, "bob")
    assert (decision.value.next_update_due_at, decision.value.timers[UPDATE_DUE]) == (due, due)
    assert decision.facts == (facts.StatusUpdatePublished(update.id, audience, "we are on it", due),)


@pytest.mark.parametrize(("text", "told"), [(None, "we are on it"), ("we found it", "we found it")])
def test_a_draft_is_published(text: str | None, told: str) -> None:
    """As it was drafted, or with a last change; publishing twice changes nothing."""
    decision = carried_out(publish_draft("s1", text), with_updates(DRAFT, replace(DRAFT, id="s2")))
    first, second = decision.value.status_updates
    assert first == replace(DRAFT, text=told, published_at=LATER)
    assert second == replace(DRAFT, id="s2")
    assert decision.facts == (facts.StatusUpdatePublished("s1", PUBLIC, told, LATER + HALF_AN_HOUR),)
    is_so(publish_draft("s1", "something else"), decision.value)


def test_a_correction_keeps_the_place_and_tells_the_last_text() -> None:
    """The audience reads the new text; the timeline keeps what it was told before."""
    before = with_updates(TOLD)
    decision = carried_out(correct("s1", "we were wrong"), before)
    (update,) = decision.value.status_updates
    assert update == replace(TOLD, text="we were wrong", corrected_at=LATER)
    assert decision.value.next_update_due_at == before.next_update_due_at
    assert decision.facts == (facts.StatusUpdateCorrected("s1", PUBLIC, "we were wrong", "we are on it"),)
    is_so(correct("s1", "we were wrong"), decision.value)


def test_a_draft_is_not_corrected() -> None:
    """It was never told: it is refused under the field that names it."""
    ask = correct("s1", "we were wrong")
    assert issues(lambda: ask(with_updates(DRAFT), by(), LATER)) == [("input.statusUpdateId", "NOT_PUBLISHED")]


@pytest.mark.parametrize("ask", [correct("s2", "x"), publish_draft("s2", None)])
def test_an_update_that_is_not_there_is_refused(ask: Decide[Incident]) -> None:
    """Under the field that names it."""
    assert issues(lambda: ask(with_updates(TOLD), by(), LATER)) == [("input.statusUpdateId", "NOT_FOUND")]


@pytest.mark.parametrize("ask", TEXTS)
@pytest.mark.parametrize(
    ("text", "code"),
    [("", "EMPTY"), (" \n", "EMPTY"), ("x" * (LONGEST_UPDATE + 1), "LENGTH"), ("half a pair \ud83d", "INVALID")],
)
def test_an_update_has_a_text(ask: str, text: str, code: str) -> None:
    """Nobody is told nothing, or more than anybody reads."""
    assert issues(lambda: TEXTS[ask](text)) == [("input.text", code)]
    TEXTS[ask]("x" * LONGEST_UPDATE)


@pytest.mark.parametrize("ask", [draft(PUBLIC, "x"), publish(PUBLIC, "x")])
def test_updates_are_bounded(ask: Decide[Incident]) -> None:
    """No incident grows without end: two hundred of 2,000 characters."""
    full = with_updates(*(TOLD,) * MOST_UPDATES)
    assert issues(lambda: ask(full, by(), LATER)) == [("input.text", "TOO_MANY")]
    last = carried_out(ask, with_updates(*(TOLD,) * (MOST_UPDATES - 1))).value
    assert len(last.status_updates) == MOST_UPDATES
    assert (MOST_UPDATES, LONGEST_UPDATE) == (200, 2_000)


# The last word


def test_every_audience_that_was_told_anything_hears_the_last_word() -> None:
    """One final update each, whose text is the given one; a draft alone is no reason to speak."""
    before = with_updates(TOLD, replace(TOLD, id="s2", audience=Audience.INTERNAL), replace(TOLD, id="s3"))
    before = replace(before, status_updates=(*before.status_updates, replace(DRAFT, audience=Audience.RESPONDERS)))
    decision = resolve("rebooted", None, last_word="It works again.")(before, by("bob"), LATER)
    last = decision.value.status_updates[len(before.status_updates) :]
    assert [update.audience for update in last] == [PUBLIC, Audience.INTERNAL]
    assert {(update.text, update.published_at, update.user_id) for update in last} == {
        ("It works again.", LATER, "bob")
    }
    assert len({update.id for update in last}) == 2
    told = tuple(facts.StatusUpdatePublished(one.id, one.audience, one.text, final=True) for one in last)
    assert decision.facts == (facts.Resolved("rebooted"), *told)


@pytest.mark.parametrize("last_word", [None, "", "  "])
def test_without_a_last_word_nothing_is_guessed(last_word: str | None) -> None:
    """A resolution may hold what the public must not read: they hear that it is resolved, and no more."""
    decision = resolve("the key of the vault leaked", None, last_word=last_word)(with_updates(TOLD), by(), LATER)
    assert decision.value.status_updates[-1].text == RESOLVED


def test_where_nobody_was_told_anything_nobody_hears_the_end() -> None:
    """No update before, none at the end."""
    decision = resolve(None, None, last_word="It works again.")(with_updates(DRAFT), by(), LATER)
    assert decision.value.status_updates == (DRAFT,)
    assert names(decision.facts) == ["resolved"]


def test_the_last_word_is_bounded_like_every_update() -> None:
    """It is refused under its own field."""
    assert issues(lambda: resolve(None, None, last_word="x" * (LONGEST_UPDATE + 1))) == [
        ("input.statusUpdate", "LENGTH")
    ]


# When the next is due


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("status", OPEN)
def test_the_next_update_is_due_by_priority(priority: Priority, status: Status) -> None:
    """The graver, the more often; P4 and P5 are not waited for."""
    incident = at(status, priority=priority)
    due = {Priority.P1: 30, Priority.P2: 60, Priority.P3: 240}.get(priority)
    expected = NOW + timedelta(minutes=due) if due else None
    assert (incident.next_update_due_at, incident.timers.get(UPDATE_DUE)) == (expected, expected)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED, Status.CANCELED, Status.MERGED])
def test_nothing_is_due_when_it_is_over(status: Status) -> None:
    """After the end nobody waits for an update, even if somebody publishes one."""
    incident = at(status, priority=Priority.P1)
    assert (incident.next_update_due_at, incident.timers.get(UPDATE_DUE)) == (None, None)
    if status in (Status.RESOLVED, Status.CANCELED):
        told = carried_out(publish(PUBLIC, "sorry"), incident)
        assert (told.value.next_update_due_at, told.facts[0].data().get("next_due_at")) == (None, None)


@pytest.mark.parametrize(
    ("was", "new", "minutes"),
    [
        (Priority.P3, Priority.P1, 90),
        (Priority.P1, Priority.P3, 30),
        (Priority.P5, Priority.P2, 120),
        (Priority.P1, Priority.P5, None),
        (Priority.P1, Priority.P4, None),
    ],
)
def test_another_priority_makes_it_due_sooner_and_never_later(
    was: Priority, new: Priority, minutes: int | None
) -> None:
    """What was promised is kept: a lower priority does not put it off; P4 and P5 lift it."""
    changed = override_priority(new, "the board watches")(at(Status.ACKNOWLEDGED, priority=was), by(), LATER).value
    assert changed.next_update_due_at == (NOW + timedelta(minutes=minutes) if minutes else None)
    assert changed.timers.get(UPDATE_DUE) == changed.next_update_due_at


def test_an_overdue_update_is_told_once() -> None:
    """One fact and one page; the due time stays as it was, so that everybody sees that it is overdue."""
    before = at(Status.ACKNOWLEDGED, priority=Priority.P1)
    due = NOW + HALF_AN_HOUR
    assert fallen_due(before, due - SOON).facts == ()
    decision = fallen_due(before, due)
    (page,) = decision.value.pages
    assert (page.user_id, page.reason) == ("ann", OVERDUE)
    assert decision.facts == (facts.StatusUpdateOverdue(due, (facts.PageDecided(page.id, "ann", "webhook"),)),)
    assert decision.value.next_update_due_at == due
    assert UPDATE_DUE not in decision.value.timers
    assert decision.value.version == before.version


def test_a_reminder_is_not_repeated_until_it_is_published() -> None:
    """Whatever else changes meanwhile, nobody is woken twice; publishing starts anew."""
    incident, due = at(Status.ACKNOWLEDGED, priority=Priority.P1), NOW + HALF_AN_HOUR
    incident = fallen_due(incident, due).value
    for decide in (mitigate("restarted it"), add_note("still at it"), investigate):
        incident = decide(incident, by(), LATER).value
        assert (incident.next_update_due_at, incident.timers.get(UPDATE_DUE)) == (due, None)
        assert "status_update_overdue" not in names(fallen_due(incident, LATER + HALF_AN_HOUR).facts)
    published = publish(PUBLIC, "we are on it")(incident, by(), LATER).value
    again = LATER + HALF_AN_HOUR
    assert (published.next_update_due_at, published.timers[UPDATE_DUE]) == (again, again)
    assert names(fallen_due(published, again).facts) == ["status_update_overdue"]


@pytest.mark.parametrize(
    ("priority", "minutes", "why"),
    [(Priority.P1, 30, None), (Priority.P2, 60, None), (Priority.P3, 240, "nobody is paged for that at P3")],
)
def test_only_high_priorities_page_for_an_update(priority: Priority, minutes: int, why: str | None) -> None:
    """At P3 the timeline says that it is overdue, and why nobody is called."""
    due = NOW + timedelta(minutes=minutes)
    decision = fallen_due(at(Status.ACKNOWLEDGED, priority=priority), due)
    fact = decision.facts[-1]
    assert isinstance(fact, facts.StatusUpdateOverdue)
    assert (fact.due_at, fact.why) == (due, why)
    assert [page.user_id for page in fact.pages] == ([] if why else ["ann"])


def test_publishing_cancels_the_reminder() -> None:
    """Whoever was to be reminded is not, once it has been written."""
    reminded = fallen_due(at(Status.ACKNOWLEDGED, priority=Priority.P1), NOW + HALF_AN_HOUR).value
    assert carried_out(publish(PUBLIC, "we are on it"), reminded).value.pages == ()


@pytest.mark.parametrize(
    ("roles", "reminded"),
    [
        ((ResponderRole.DEPUTY, ResponderRole.INCIDENT_COMMANDER, ResponderRole.LIAISON), ["liaison"]),
        ((ResponderRole.DEPUTY, ResponderRole.INCIDENT_COMMANDER), ["incident_commander"]),
        ((ResponderRole.SCRIBE, ResponderRole.DEPUTY), ["deputy"]),
        ((ResponderRole.SCRIBE,), ["ann"]),
    ],
)
def test_who_writes_is_reminded(roles: tuple[ResponderRole, ...], reminded: list[str]) -> None:
    """The liaison, else the commander, else the deputy, else the owner."""
    everybody = "ann liaison incident_commander deputy scribe"
    decision = fallen_due(with_roles(*roles), NOW + HALF_AN_HOUR, everybody)
    assert [page.user_id for page in decision.value.pages] == reminded


@pytest.mark.parametrize(
    ("incident", "why"),
    [
        (at(Status.ACKNOWLEDGED, priority=Priority.P1), "no contact method to page them by"),
        (at(Status.TRIGGERED, priority=Priority.P1), "nobody is liaison, commander or assignee"),
    ],
    ids=["not reachable", "nobody's"],
)
def test_a_reminder_that_reaches_nobody_says_why(incident: Incident, why: str) -> None:
    """The fact is there all the same."""
    decision = fallen_due(incident, NOW + HALF_AN_HOUR, "")
    assert decision.value.pages == ()
    assert decision.facts[0] == facts.StatusUpdateOverdue(NOW + HALF_AN_HOUR, (), why)


def test_the_end_and_giving_back_leave_no_reminder_wrong() -> None:
    """A canceled incident owes no update; one that is given back owes it as before."""
    incident = at(Status.ACKNOWLEDGED, priority=Priority.P1)
    assert UPDATE_DUE not in cancel("a drill")(incident, by(), LATER).value.timers
    given_back = unacknowledge(incident, by(), NOW).value
    assert given_back.next_update_due_at == incident.next_update_due_at
    assert acknowledge(given_back, by(), NOW).value.next_update_due_at == incident.next_update_due_at


def test_without_a_priority_nothing_is_due() -> None:
    """Until triage has spoken nobody knows how often updates are expected."""
    assert triggered().next_update_due_at is None
    assert set(CADENCE) == {Priority.P1, Priority.P2, Priority.P3}
