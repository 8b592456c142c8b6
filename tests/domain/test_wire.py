"""Entries on the wire: CloudEvents that anybody's SDK reads, and a clear refusal of everything else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st
from strawberry import relay

from shared.domain.commands import Actor, ActorKind
from shared.domain.entry import Entry, Standing, routing_key
from shared.domain.facts import incident_facts
from shared.domain.summaries import summarize
from shared.wire import (
    GRAPHQL_TYPES,
    LARGEST_MESSAGE,
    Subject,
    Undecodable,
    decode_entry,
    decode_subject,
    encode,
    global_id,
    milliseconds,
)
from tests.domain.samples import LATER, NOW, WORKER, plan, policy, rows, step_taken, triggered

ENTRY = Entry(
    id="i1:3:0",
    aggregate="incident",
    subject="i1",
    rev=3,
    version=2,
    type="acknowledged",
    at=datetime(2026, 3, 1, 9, 0, 0, 123_000, UTC),
    actor=Actor(ActorKind.PERSON, "ann"),
    via="graphql",
    rank=1,
    note="on my way",
    key="k1",
    was=Standing("TRIGGERED", "P1", ("checkout",)),
    now=Standing("ACKNOWLEDGED", "P1", ("checkout",)),
    data={"canceled_pages": 2},
    position=41,
)
MESSAGE = encode(ENTRY)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(milliseconds)  # noqa: DTZ001
standings = st.none() | st.builds(Standing, texts, st.none() | texts, st.lists(texts, max_size=3).map(tuple))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
written = st.builds(
    Entry,
    id=texts,
    aggregate=st.sampled_from(sorted(GRAPHQL_TYPES)),
    subject=texts,
    rev=st.integers(1, 2**40),
    version=st.integers(1, 2**40),
    type=texts,
    at=moments,
    actor=st.builds(Actor, st.sampled_from(ActorKind), texts),
    via=texts,
    rank=st.integers(1, 6),
    note=st.none() | texts,
    key=st.none() | texts,
    was=standings,
    now=standings,
    data=st.dictionaries(texts, values, max_size=4),
    position=st.integers(1, 2**40),
)


@given(written)
def test_what_is_encoded_is_decoded(entry: Entry) -> None:
    """Any logged entry comes back whole, and a worker reads from it which fact of which document it is."""
    message = encode(entry)
    assert decode_entry(message.body) == entry
    subject = Subject(entry.id, entry.aggregate, entry.type, entry.subject, entry.position or 0, entry.rank)
    assert decode_subject(message.headers, message.body) == subject


def test_a_real_fact_is_encoded_and_decoded() -> None:
    """A fact with pages and times in it comes back as its JSON, which tells the same sentence."""
    before = triggered()
    decision = step_taken(before, plan(policy(["gone"], ["ann", "bob"])))
    (entry,) = rows(before, decision, WORKER, LATER)
    back = decode_entry(encode(replace(entry, position=1)).body)
    assert back.data == msgspec.json.decode(msgspec.json.encode(entry.data))
    assert back.data["next_at"] == "2026-03-01T09:02:02Z"
    told = summarize(back, {"ann": "Ann"})
    assert told == summarize(entry, {"ann": "Ann"})
    assert told == "paging Ann through webhook, bob through webhook (step 2 of primary)"


def test_the_headers() -> None:
    """Binary mode: every attribute is a `ce-` header, all of them text."""
    assert MESSAGE.headers == {
        "ce-specversion": "1.0",
        "ce-id": "i1:3:0",
        "ce-source": "/tocsin",
        "ce-type": "io.tocsin.incident.acknowledged.v1",
        "ce-subject": "SW5jaWRlbnQ6aTE=",
        "ce-time": "2026-03-01T09:00:00.123Z",
        "ce-position": "41",
        "ce-priority": "p1",
    }
    assert (MESSAGE.id, MESSAGE.type) == ("i1:3:0", "io.tocsin.incident.acknowledged.v1")


@pytest.mark.parametrize(("rank", "level"), [(1, "p1"), (2, "p2"), (3, "p3"), (4, "p4"), (5, "p5"), (6, "none")])
def test_the_priority_is_in_header_and_routing_key(rank: int, level: str) -> None:
    """Consumers choose by priority, in their binding or in their code."""
    entry = replace(ENTRY, rank=rank)
    assert encode(entry).headers["ce-priority"] == level
    assert routing_key(entry) == f"incident.acknowledged.{level}"


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    """`ce-time` ends in Z, whatever zone the moment came in."""
    there = ENTRY.at.astimezone(timezone(timedelta(hours=-5)))
    assert encode(replace(ENTRY, at=there)).headers["ce-time"] == "2026-03-01T09:00:00.123Z"


@given(written)
def test_the_cloudevents_sdk_accepts_our_messages(entry: Entry) -> None:
    """The SDK's RabbitMQ binding finds the attributes and the data, and nothing that the standard refuses."""
    entry = replace(entry, id=entry.id or "x", type=entry.type or "x")
    message = encode(entry)
    read = RabbitMQMessage(message.headers, "application/json", message.body)
    event = from_binary(read, JSONFormat())
    assert (event.get_id(), event.get_type(), event.get_source()) == (entry.id, message.type, "/tocsin")
    assert event.get_time() == entry.at
    assert event.get_datacontenttype() == "application/json"
    assert event.get_subject() == relay.to_base64(GRAPHQL_TYPES[entry.aggregate], entry.subject)
    assert event.get_extension("position") == str(entry.position)
    data: Any = event.get_data()
    assert (data["id"], data["subject"], data["data"]) == (entry.id, entry.subject, entry.data)


@given(st.sampled_from(sorted(GRAPHQL_TYPES.values())), texts)
def test_a_global_id_is_the_one_of_relay(kind: str, key: str) -> None:
    """The id in `ce-subject` is the one that GraphQL answers with, and `node` takes it."""
    assert global_id(kind, key) == relay.to_base64(kind, key)
    assert relay.from_base64(global_id(kind, key)) == (kind, key)


def test_what_has_no_position_is_not_sent() -> None:
    """Only what is in the log goes out."""
    with pytest.raises(ValueError, match="has no position yet"):
        encode(replace(ENTRY, position=None))


def test_what_is_too_large_is_not_sent() -> None:
    """Messages are up to 1 MiB: a byte more is refused by name, a byte less goes out."""
    spare = LARGEST_MESSAGE - len(MESSAGE.body) - len(',"x":""')
    assert len(encode(replace(ENTRY, data={**ENTRY.data, "x": "y" * spare})).body) == LARGEST_MESSAGE
    with pytest.raises(ValueError, match="i1:3:0 is larger than"):
        encode(replace(ENTRY, data={**ENTRY.data, "x": "y" * (spare + 1)}))


def without(header: str) -> dict[str, Any]:
    """The headers of a right message, but this one."""
    return {name: value for name, value in MESSAGE.headers.items() if name != header}


def with_body(old: str, new: str) -> tuple[dict[str, Any], bytes]:
    """A right message in whose body something was replaced."""
    assert old in MESSAGE.body.decode()
    return MESSAGE.headers, MESSAGE.body.decode().replace(old, new, 1).encode()


DEEP = "[" * 100_000 + "]" * 100_000

UNDECODABLE: dict[str, tuple[dict[str, Any], bytes]] = {
    "empty": (MESSAGE.headers, b""),
    "nothing at all": ({}, b""),
    "not JSON": (MESSAGE.headers, b"hello"),
    "half of it": (MESSAGE.headers, MESSAGE.body[:-20]),
    "two of it": (MESSAGE.headers, MESSAGE.body * 2),
    "null": (MESSAGE.headers, b"null"),
    "a list": (MESSAGE.headers, b"[]"),
    "an object without fields": (MESSAGE.headers, b"{}"),
    "a byte order mark": (MESSAGE.headers, b"\xef\xbb\xbf" + MESSAGE.body),
    "invalid UTF-8 in a text": (MESSAGE.headers, MESSAGE.body.replace(b"on my way", b"on \xff way")),
    "invalid UTF-8 in a name": (MESSAGE.headers, MESSAGE.body.replace(b"canceled_pages", b"\xc3\x28")),
    "UTF-16": (MESSAGE.headers, MESSAGE.body.decode().encode("utf-16")),
    "half a surrogate pair": with_body("on my way", "\\ud83d"),
    "deeply nested data": with_body('{"canceled_pages":2}', f'{{"x":{DEEP}}}'),
    "deeply nested in a field that nobody knows": with_body('{"id"', f'{{"x":{DEEP},"id"'),
    "deeply nested objects": with_body('{"canceled_pages":2}', '{"x":' * 100_000 + "1" + "}" * 100_000),
    "deeply nested from the root": (MESSAGE.headers, DEEP.encode()),
    "oversize": (MESSAGE.headers, MESSAGE.body + b" " * LARGEST_MESSAGE),
    "no ce headers": ({}, MESSAGE.body),
    "no ce-specversion": (without("ce-specversion"), MESSAGE.body),
    "no ce-id": (without("ce-id"), MESSAGE.body),
    "no ce-type": (without("ce-type"), MESSAGE.body),
    "no ce-source": (without("ce-source"), MESSAGE.body),
    "another specversion": ({**MESSAGE.headers, "ce-specversion": "0.3"}, MESSAGE.body),
    "a specversion that is no text": ({**MESSAGE.headers, "ce-specversion": 1.0}, MESSAGE.body),
    "another's type": ({**MESSAGE.headers, "ce-type": "com.github.push.v1"}, MESSAGE.body),
    "a type of a later version": (
        {**MESSAGE.headers, "ce-type": "io.tocsin.incident.acknowledged.v2"},
        MESSAGE.body,
    ),
    "a type that is no text": ({**MESSAGE.headers, "ce-type": 7}, MESSAGE.body),
    "a type that the body contradicts": (
        {**MESSAGE.headers, "ce-type": "io.tocsin.incident.resolved.v1"},
        MESSAGE.body,
    ),
    "another id": ({**MESSAGE.headers, "ce-id": "i1:3:1"}, MESSAGE.body),
    "an id that is no text": ({**MESSAGE.headers, "ce-id": 3}, MESSAGE.body),
    "no position": with_body('"position":41', '"position":null'),
    "another position": with_body('"position":41', '"position":42'),
    "a position that is no number": with_body('"position":41', '"position":"41"'),
    "a position beyond all numbers": with_body('"position":41', f'"position":{"9" * 5000}'),
    "a time that does not exist": with_body("2026-03-01", "2026-02-30"),
    "an unknown kind of actor": with_body('"PERSON"', '"ALIEN"'),
    "a number beyond all numbers": with_body('"canceled_pages":2', '"canceled_pages":1e999'),
    "a missing field": with_body('"rev":3,', ""),
}


@pytest.mark.parametrize(("headers", "body"), UNDECODABLE.values(), ids=UNDECODABLE)
def test_what_is_not_ours_is_refused_with_a_reason(headers: dict[str, Any], body: bytes) -> None:
    """Whatever arrives on the queue, the answer is one named refusal with a reason that can be kept."""
    with pytest.raises(Undecodable) as refusal:
        decode_subject(headers, body)
    assert 0 < len(str(refusal.value)) < 500


@given(st.binary(max_size=200) | st.builds(lambda value: msgspec.json.encode(value), values))
def test_no_bytes_at_all_crash_the_decoder(body: bytes) -> None:
    """Random bytes and random JSON are refused like anything else."""
    with pytest.raises(Undecodable):
        decode_subject(MESSAGE.headers, body)


def test_fields_of_a_later_release_are_passed_over() -> None:
    """Additive changes are allowed within a version: what this release does not know does not disturb it."""
    headers, body = with_body('{"id"', '{"mood":{"worried":true},"id"')
    assert decode_subject({**headers, "ce-mood": "worried"}, body).id == "i1"
    assert decode_entry(body) == ENTRY


def test_every_fact_of_the_incident_has_its_own_type() -> None:
    """The facts' names are the last part of the event's types: no two share one."""
    kinds = [fact.name for fact in incident_facts()]
    assert len(set(kinds)) == len(kinds)
    assert {"triggered", "prioritized", "acknowledged", "resolved", "escalated", "alert.deduplicated"} <= set(kinds)


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 123_456, 999_999])
def test_moments_are_kept_in_milliseconds(microsecond: int) -> None:
    """What MongoDB would cut off is cut off before, so that what was written is what is read."""
    cut = milliseconds(NOW.replace(microsecond=microsecond))
    assert cut.microsecond == microsecond // 1000 * 1000
    assert milliseconds(cut) == cut
