"""PagerDuty's Events API v2."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import AUTO, EventAction, EventLink, Reason
from shared.domain.integrations import Format
from shared.domain.priority import Severity
from tests.formats.support import HOSTILE, changed, mutated, read, refused, survives

KIND = Format.PAGERDUTY

GOOD: dict[str, Any] = {
    "routing_key": "k" * 32,
    "event_action": "trigger",
    "dedup_key": "srv01/disk",
    "client": "Monitor",
    "client_url": "https://monitor.example",
    "links": [{"href": "https://a.example/1", "text": "Graph"}, {"href": "ftp://a.example"}, "no link"],
    "images": [{"src": "https://a.example/2.png", "alt": "Picture"}, {"src": "x", "href": "https://a.example/3"}],
    "payload": {
        "summary": "Disk is full",
        "source": "srv01",
        "severity": "error",
        "timestamp": "2015-07-17T08:42:58.315+0000",
        "component": "disk",
        "group": "prod",
        "class": "usage",
        "custom_details": {"free.space": "1%", "$load": 0.75, "nested": {"a": 1}, "component": "ignored", "no": None},
    },
}
ACK = {"event_action": "acknowledge", "dedup_key": "srv01/disk"}
RESOLVE = {"event_action": "resolve", "dedup_key": "srv01/disk"}


def test_the_whole_event_is_read() -> None:
    (event,) = read(KIND, GOOD)
    assert (event.action, event.key, event.fingerprint) == (EventAction.TRIGGER, "srv01/disk", "srv01/disk")
    assert (event.summary, event.source, event.severity) == ("Disk is full", "srv01", Severity.ERROR)
    assert event.at == datetime(2015, 7, 17, 8, 42, 58, 315_000, UTC)
    assert event.labels == {
        "component": "disk",
        "group": "prod",
        "class": "usage",
        "client": "Monitor",
        "free_space": "1%",
        "_load": "0.75",
        "nested": '{"a":1}',
    }
    assert event.links == (
        EventLink("https://monitor.example", "Monitor"),
        EventLink("https://a.example/1", "Graph"),
        EventLink("https://a.example/2.png", "Picture"),
        EventLink("https://a.example/3"),
    )
    assert event.description is None


@pytest.mark.parametrize(("body", "action"), [(ACK, EventAction.ACKNOWLEDGE), (RESOLVE, EventAction.RESOLVE)])
def test_the_other_actions_need_only_their_key(body: dict[str, Any], action: EventAction) -> None:
    for said in (body, {**body, "payload": None}, {**body, "payload": "odd"}, {**body, "payload": {"severity": "odd"}}):
        (event,) = read(KIND, said)
        assert (event.action, event.key, event.summary) == (action, "srv01/disk", None)
    assert read(KIND, {**body, "payload": GOOD["payload"]})[0].summary == "Disk is full"


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (("payload", "summary"), "x" * 1024, "summary", "x" * 499 + "…"),
        (("payload", "summary"), "two\nlines\x00", "summary", "two lines\ufffd"),
        (("payload", "summary"), "cut \ud83d", "summary", "cut \ufffd"),
        (("payload", "source"), "s" * 300, "source", "s" * 199 + "…"),
        (("payload", "severity"), " CRITICAL ", "severity", Severity.CRITICAL),
        (("payload", "severity"), "P5", "severity", Severity.INFO),
        (("payload", "severity"), "warning", "severity", Severity.CRITICAL),
        (("payload", "timestamp"), "0001-01-01T00:00:00Z", "at", None),
        (("payload", "timestamp"), 1437122578, "at", datetime(2015, 7, 17, 8, 42, 58, 0, UTC)),
        (("payload", "timestamp"), "2999-01-01T00:00:00", "at", datetime(2999, 1, 1, tzinfo=UTC)),
        (("payload", "timestamp"), "yesterday", "at", None),
        (("payload", "custom_details"), "It is full.\nReally.", "description", "It is full.\nReally."),
        (("dedup_key",), "k" * 255, "key", "k" * 255),
        (("dedup_key",), "a\x00b", "fingerprint", "a\ufffdb"),
        (("links",), "odd", "severity", Severity.ERROR),
        (("images",), [{"src": 7}, 8, None], "severity", Severity.ERROR),
    ],
)
def test_what_is_only_odd_is_mended(path: tuple[str, ...], value: object, field: str, expected: object) -> None:
    (event,) = read(KIND, changed(GOOD, *path, to=value), warning=Severity.CRITICAL, p5=Severity.INFO)
    assert getattr(event, field) == expected


def test_an_event_without_a_key_gets_one_of_what_it_says() -> None:
    bare = {name: value for name, value in GOOD.items() if name != "dedup_key"}
    (first,) = read(KIND, bare)
    assert first.key == first.fingerprint and first.key.startswith(AUTO) and len(first.key) == len(AUTO) + 64
    same = [
        {**bare, "dedup_key": None},
        {**bare, "dedup_key": ""},
        {**bare, "dedup_key": " "},
        {**bare, "client": "other"},
    ]
    same += [changed(bare, "payload", name, to=value) for name, value in (("severity", "info"), ("timestamp", None))]
    assert {read(KIND, said)[0].key for said in same} == {first.key}
    names = ("summary", "source", "component", "group", "class", "custom_details")
    others = {read(KIND, changed(bare, "payload", name, to="other"))[0].key for name in names}
    assert len(others | {first.key}) == len(names) + 1


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, ["'event_action' is missing or blank"]),
        ({**GOOD, "event_action": "Trigger"}, ["'event_action' must be one of trigger, acknowledge, resolve"]),
        ({**GOOD, "event_action": ["trigger"]}, ["'event_action' must be one of trigger, acknowledge, resolve"]),
        ({**GOOD, "routing_key": 7}, ["'routing_key' must be a string"]),
        ({**GOOD, "dedup_key": 7}, ["'dedup_key' must be a string"]),
        ({**RESOLVE, "dedup_key": ["k"]}, ["'dedup_key' must be a string"]),
        ({**GOOD, "dedup_key": "k" * 256}, ["'dedup_key' has more than 255 characters"]),
        ({"event_action": "resolve"}, ["'dedup_key' is missing or blank: the action resolve needs it"]),
        ({"event_action": "trigger"}, ["'payload' is missing or is not an object"]),
        ({**GOOD, "payload": [1]}, ["'payload' is missing or is not an object"]),
        (
            {"event_action": "trigger", "dedup_key": 7, "payload": {"summary": " ", "source": 7, "severity": "bad"}},
            [
                "'dedup_key' must be a string",
                "'payload.summary' is missing or blank",
                "'payload.source' must be a string",
                "'payload.severity' must be one of critical, error, warning, info",
            ],
        ),
    ],
)
def test_every_error_is_told(body: dict[str, Any], errors: list[str]) -> None:
    error = refused(KIND, body)
    assert (error.reason, list(error.errors)) == (Reason.WRONG_SHAPE, errors)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused(name: str) -> None:
    body, reason = HOSTILE[name]
    assert refused(KIND, body).reason is reason


def test_512_000_bytes_are_the_most() -> None:
    body = changed(GOOD, "payload", "custom_details", "fill", to="x" * 500_000)
    assert read(KIND, body)
    assert refused(KIND, changed(body, "payload", "custom_details", "more", to="x" * 12_000)).reason is Reason.TOO_LARGE


@given(st.binary(max_size=200) | mutated(GOOD, ACK, RESOLVE))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    survives(KIND, body)
