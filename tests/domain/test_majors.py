"""Major incidents: proposed, declared, stood down; who is paged by it, and who is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import facts
from shared.domain.commands import Decision
from shared.domain.errors import InvalidTransition
from shared.domain.incident import Incident, Major, MajorState
from shared.domain.lifecycle import LIVE, OPEN, Status
from shared.domain.majors import DECLARED, MajorCall, declare_major, propose_major, stand_down_major
from shared.domain.texts import LONGEST_TEXT
from shared.domain.transitions import acknowledge, resolve
from tests.domain.samples import LATER, NOW, at, by, carried_out, is_so, issues, reach

AFTERWARDS = LATER + timedelta(hours=1)
IMPACT = "nobody can pay"
CALL = MajorCall(("dan",), ("cid", "dan", "bob"), reach())

declare = declare_major(IMPACT, CALL)


def declared(status: Status = Status.ACKNOWLEDGED) -> Incident:
    """A major incident, declared by bob."""
    return carried_out(declare, at(status)).value


def paged(decision: Decision[Incident]) -> list[str]:
    """Whom the declaration's fact names as paged, each of whom has a page that lives."""
    (fact,) = decision.facts
    assert isinstance(fact, facts.MajorDeclared)
    live = {page.id: page for page in decision.value.pages}
    assert all(live[page.notification_id].reason == DECLARED for page in fact.pages)
    return [page.user_id for page in fact.pages]


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("impact", [None, IMPACT])
def test_anybody_proposes(status: Status, impact: str | None) -> None:
    """A proposal is written down with its impact, and pages nobody."""
    decision = carried_out(propose_major(impact), at(status))
    assert decision.value.major == Major(MajorState.PROPOSED, impact)
    assert decision.value.pages == at(status).pages
    assert decision.facts == (facts.MajorProposed(impact),)
    is_so(propose_major("another impact"), decision.value)


@pytest.mark.parametrize("status", OPEN)
def test_anybody_declares_at_once(status: Status) -> None:
    """No proposal is needed: commander and subscribers are paged, each of them once, but for bob, who knows."""
    decision = carried_out(declare, at(status))
    assert decision.value.major == Major(MajorState.DECLARED, IMPACT, LATER)
    assert decision.value.status is status
    assert paged(decision) == ["dan", "cid"]
    assert len({page.id for page in decision.value.pages}) == 2
    is_so(declare, decision.value)
    is_so(propose_major(None), decision.value)


def test_who_declares_is_neither_paged_nor_missed() -> None:
    """The fact names nobody whose page does not go out; another's declaration pages them all."""
    by_dan = carried_out(declare, at(Status.ACKNOWLEDGED), by("dan"))
    assert paged(by_dan) == ["cid", "bob"]
    alone = carried_out(declare_major(IMPACT, MajorCall(("bob",), (), {})), at(Status.ACKNOWLEDGED))
    (fact,) = alone.facts
    assert fact == facts.MajorDeclared(IMPACT)
    assert paged(carried_out(declare, at(Status.ACKNOWLEDGED), by("ann"))) == ["dan", "cid", "bob"]


def test_a_proposal_becomes_a_declaration() -> None:
    """The impact that is declared counts."""
    proposed = carried_out(propose_major("maybe"), at(Status.TRIGGERED)).value
    assert carried_out(declare, proposed).value.major == Major(MajorState.DECLARED, IMPACT, LATER)


@pytest.mark.parametrize(
    ("call", "people", "unreachable", "why"),
    [
        (
            MajorCall((), ("cid",), reach()),
            ["cid"],
            (),
            "no commander policy is chosen, or its first step names nobody",
        ),
        (MajorCall(("zoe",), ("cid",), reach()), ["cid"], ("zoe",), "no contact method to page them by"),
        (
            MajorCall((), (), {}),
            [],
            (),
            "no commander policy is chosen, or its first step names nobody",
        ),
        (MajorCall(("dan",), (), reach()), ["dan"], (), None),
    ],
    ids=["no commander", "the commander cannot be paged", "nobody", "no subscribers"],
)
def test_who_is_not_paged_is_said(
    call: MajorCall, people: list[str], unreachable: tuple[str, ...], why: str | None
) -> None:
    """It is declared all the same, and the fact names who cannot be reached and why nobody else is called."""
    decision = carried_out(declare_major(IMPACT, call), at(Status.ACKNOWLEDGED))
    (fact,) = decision.facts
    assert isinstance(fact, facts.MajorDeclared)
    assert paged(decision) == people
    assert (fact.unreachable, fact.why) == (unreachable, why)


def test_an_acknowledgement_does_not_cancel_the_call() -> None:
    """The commander is needed whoever works on it; the end of the incident cancels the call."""
    major = declared(Status.TRIGGERED)
    taken = acknowledge(major, by("ann"), AFTERWARDS).value
    assert taken.pages == major.pages
    assert resolve(None, None)(taken, by(), AFTERWARDS).value.pages == ()


@pytest.mark.parametrize("status", LIVE)
def test_it_is_stood_down(status: Status) -> None:
    """Open or resolved: it is no major any more, and who was not reached yet is not called."""
    start = Status.ACKNOWLEDGED if status is Status.RESOLVED else status
    before = replace(declared(start), status=status)
    decision = carried_out(stand_down_major("it works again"), before, now=AFTERWARDS)
    assert decision.value.major == Major(MajorState.STOOD_DOWN, IMPACT, LATER, AFTERWARDS)
    assert decision.value.pages == ()
    assert decision.facts == (facts.MajorStoodDown("it works again"),)
    is_so(stand_down_major(None), decision.value)


def test_a_proposal_is_turned_down() -> None:
    """What was proposed and not declared is stood down too."""
    proposed = carried_out(propose_major(None), at(Status.ACKNOWLEDGED)).value
    assert carried_out(stand_down_major(None), proposed).value.major == Major(
        MajorState.STOOD_DOWN, stood_down_at=LATER
    )


def test_standing_down_keeps_other_pages() -> None:
    """Only the calls of the declaration end."""
    major = declared()
    others = tuple(replace(page, id="other", reason="assigned") for page in major.pages[:1])
    stood_down = carried_out(stand_down_major(None), replace(major, pages=(*major.pages, *others)))
    assert stood_down.value.pages == others


def test_what_was_never_major_cannot_be_stood_down() -> None:
    """It is refused with the reason and the allowed moves."""
    before = at(Status.ACKNOWLEDGED)
    with pytest.raises(InvalidTransition, match="It was not declared a major incident") as refusal:
        stand_down_major(None)(before, by(), LATER)
    assert (refusal.value.status, refusal.value.value) == (Status.ACKNOWLEDGED, before)
    assert "RESOLVE" in refusal.value.allowed


def test_it_can_be_declared_again() -> None:
    """Stood down too early: a new declaration, new pages under new ids."""
    first = declared()
    stood_down = carried_out(stand_down_major(None), first).value
    again = declare(stood_down, by("bob", command_id="c2"), AFTERWARDS)
    assert again.value.major == Major(MajorState.DECLARED, IMPACT, AFTERWARDS)
    assert {page.id for page in again.value.pages}.isdisjoint({page.id for page in first.pages})
    assert NOW < AFTERWARDS


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "EMPTY"), ("  ", "EMPTY"), ("x" * (LONGEST_TEXT + 1), "LENGTH"), ("nul \x00", "INVALID")],
)
def test_a_declaration_names_the_business_impact(text: str, code: str) -> None:
    """Who is called at night wants to know what for; a proposal may leave it out."""
    assert issues(lambda: declare_major(text, CALL)) == [("input.businessImpact", code)]
    if code != "EMPTY":
        assert issues(lambda: propose_major(text)) == [("input.businessImpact", code)]
        assert issues(lambda: stand_down_major(text)) == [("input.reason", code)]
