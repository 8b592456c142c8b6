"""Summaries: a sentence for every entry, the same from the outbox as from the wire, that forgets whom it must."""

from dataclasses import fields, replace
from datetime import datetime
from types import UnionType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from shared.domain import facts
from shared.domain.commands import Actor, ActorKind
from shared.domain.entry import Entry
from shared.domain.facts import Fact, PageDecided, incident_facts
from shared.domain.summaries import people_in, summarize
from shared.wire import decode_entry, encode
from tests.domain.samples import LATER, NOW

PAGE = PageDecided("n1", "cid", "webhook")
VALUES: dict[Any, Any] = {
    str: "said",
    int: 3,
    bool: True,
    datetime: LATER,
    tuple[str, ...]: ("one", "two"),
    tuple[int, ...]: (1, 2),
    tuple[PageDecided, ...]: (PAGE,),
    dict[str, Any]: {"title": "said"},
}
"""What a fact's field of this type is filled with."""

KINDS: tuple[type[Fact], ...] = (*incident_facts(), facts.ActionItemAdded, facts.ActionItemUpdated)


def value_of(hint: Any) -> Any:
    """A value of this type, never None."""
    if isinstance(hint, UnionType):
        return value_of(next(one for one in get_args(hint) if one is not type(None)))
    return VALUES[hint]


def full(kind: type[Fact]) -> Fact:
    """A fact of this class in which every field says something."""
    hints = get_type_hints(kind)
    return kind(**{one.name: value_of(hints[one.name]) for one in fields(kind)})


def sparse(kind: type[Fact]) -> Fact:
    """A fact of this class with all that may be missing missing."""
    hints = get_type_hints(kind)
    given = {one.name: None if is_optional(hints[one.name]) else value_of(hints[one.name]) for one in fields(kind)}
    defaults = {one.name: one.default for one in fields(kind) if one.default is not one.default_factory}
    return kind(**(given | defaults))


def is_optional(hint: Any) -> bool:
    """Whether None is a value of the type."""
    return isinstance(hint, UnionType) and type(None) in get_args(hint)


def entry_of(fact: Fact) -> Entry:
    """The logged entry of a fact, by ann."""
    return Entry(
        id="i1:2:0",
        aggregate=fact.aggregate,
        subject="i1",
        rev=2,
        version=2,
        type=fact.name,
        at=NOW,
        actor=Actor(ActorKind.PERSON, "ann"),
        via="graphql",
        data=fact.data(),
        position=1,
    )


FULL: dict[str, Fact] = {f"{kind.aggregate}.{kind.name} full": full(kind) for kind in KINDS}
SPARSE: dict[str, Fact] = {f"{kind.aggregate}.{kind.name} sparse": sparse(kind) for kind in KINDS}
SAMPLES = FULL | SPARSE


@pytest.mark.parametrize("fact", SAMPLES.values(), ids=SAMPLES)
def test_every_fact_has_its_sentence(fact: Fact) -> None:
    """No fact is without words, none says None, and what it looks like on the wire does not change it."""
    entry = entry_of(fact)
    sentence = summarize(entry, {"ann": "Ann"})
    assert sentence.strip()
    assert "None" not in sentence
    assert "_" not in sentence
    assert "datetime" not in sentence
    assert summarize(decode_entry(encode(entry).body), {"ann": "Ann"}) == sentence


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_nobody_is_named_who_is_not_looked_up(kind: type[Fact]) -> None:
    """Every person of whom a sentence speaks is among those whose names are asked for."""
    people: dict[str, Any] = {name: f"id-of-{name}" for name in ("user_id", "ceded_by") if name in full(kind).data()}
    page = {"notification_id": "n1", "user_id": "id-of-page", "channel": "webhook"}
    data = {**full(kind).data(), **people}
    if "pages" in data:
        data["pages"] = (page,)
    entry = replace(entry_of(full(kind)), actor=Actor(ActorKind.PERSON, "id-of-actor"), data=data)
    names: dict[str, str] = dict.fromkeys(people_in(entry), "Somebody")
    assert "id-of-" not in summarize(entry, names)


@pytest.mark.parametrize(
    ("fact", "sentence"),
    [
        (facts.Assigned("bob", "ann", (PAGE,)), "assigned to Bob by Ann; paging Cid through webhook"),
        (
            facts.Assigned("bob", None, (), "no contact method to page them by"),
            "assigned to Bob by Ann; nobody else is paged: no contact method to page them by",
        ),
        (facts.ResponderRemoved("bob"), "Bob left the response"),
        (
            facts.RolesChanged("bob", ("INCIDENT_COMMANDER", "SCRIBE"), (), "cid"),
            "Bob is incident commander, scribe, in place of Cid",
        ),
        (facts.RolesChanged("bob", ()), "Bob is responder without a role"),
        (facts.ResponderRequestDeclined("bob", "asleep"), "Bob declined the request to join: asleep"),
        (facts.Merged("i2", 1002), "merged into INC-1002 by Ann"),
        (facts.Unmerged("i2", 1002, "TRIGGERED"), "taken out of INC-1002 by Ann: TRIGGERED again"),
        (facts.WorkaroundRated(False), "the workaround did not work, says Ann"),
        (facts.WorkaroundRated(True), "the workaround worked, says Ann"),
        (facts.Held("VENDOR"), "on hold by Ann, waiting for the vendor"),
        (
            facts.TimeCorrected("IMPACT_BEGAN", NOW, "the graphs say so"),
            "time of impact began corrected by Ann to 2026-03-01 09:00:00 UTC: the graphs say so",
        ),
        (
            facts.SlaAtRisk("RESOLVE", LATER),
            "the resolve clock is at risk: it runs out at 2026-03-01 10:00:00 UTC",
        ),
        (facts.SlaBreached("ACKNOWLEDGE", LATER), "the acknowledge clock has run out"),
        (
            facts.StatusUpdatePublished("s1", "PUBLIC", "It works again.", None, True),
            "last status update for public: It works again.",
        ),
        (facts.TaskUpdated("t1", "call", "NOT_DOING", None, None, "too late"), "task 'call' is not doing: too late"),
        (facts.Unacknowledged(), "unacknowledged by Ann"),
    ],
    ids=lambda value: value.name if isinstance(value, Fact) else "",
)
def test_these_sentences(fact: Fact, sentence: str) -> None:
    """They read like a person's, with names in the place of ids."""
    names = {"ann": "Ann", "bob": "Bob", "cid": "Cid"}
    assert summarize(entry_of(fact), names) == sentence


def test_a_type_that_nobody_knows_has_a_sentence_too() -> None:
    """A later release's fact is told by its name and its actor."""
    entry = replace(entry_of(facts.Unacknowledged()), type="mood.has_changed", data={"mood": "better"})
    assert summarize(entry, {}) == "mood has changed by ann"


def test_a_forgotten_person_stays_an_id() -> None:
    """Who has no name any more is not called None."""
    entry = entry_of(facts.Assigned("bob", "zoe", (PAGE,)))
    assert people_in(entry) == ["ann", "bob", "cid"]
    assert summarize(entry, {}) == "assigned to bob by ann; paging cid through webhook"


def test_the_data_of_a_fact_can_be_sent() -> None:
    """Every field of every fact has a form in JSON."""
    for kind in KINDS:
        assert msgspec.json.decode(msgspec.json.encode(full(kind).data())).keys() == full(kind).data().keys()
