"""CloudEvents 1.0, over HTTP and over the broker, in both modes."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import amqp, http, rabbitmq
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import AUTO, EventAction, EventLink, Reason
from shared.domain.integrations import Format
from shared.domain.priority import Severity
from shared.formats.cloudevents import event_id
from tests.formats.support import HOSTILE, changed, mutated, read, refused, survives

KIND = Format.CLOUDEVENTS
TYPE = {"content-type": "application/cloudevents+json; charset=utf-8"}

DATA: dict[str, Any] = {
    "summary": "Disk is full",
    "severity": "Warning",
    "source": "srv01",
    "description": "Only 1% is free.",
    "labels": {"a.b": 1, "team": "storage"},
    "links": [{"url": "https://a.example", "text": "Graph"}, {"url": "file:///etc/passwd"}, 7],
}
GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/monitor",
    "type": "com.example.disk.trigger",
    "subject": "srv01/disk",
    "time": "2026-01-02T03:04:05Z",
    "datacontenttype": "application/json",
    "data": DATA,
}
ATTRIBUTES = {name: value for name, value in GOOD.items() if name != "data"}


def binary(prefix: str, **others: str) -> dict[str, str]:
    return {prefix + name: value for name, value in (ATTRIBUTES | others).items()}


def test_the_whole_event_is_read() -> None:
    (event,) = read(KIND, GOOD, TYPE)
    assert event.action is EventAction.TRIGGER
    assert event.key == event.fingerprint == "subject:/monitor srv01/disk"
    assert (event.summary, event.source, event.severity) == ("Disk is full", "srv01", Severity.WARNING)
    assert event.at == datetime(2026, 1, 2, 3, 4, 5, 0, UTC)
    assert event.description == "Only 1% is free."
    assert event.labels == {"a_b": "1", "team": "storage"}
    assert event.links == (EventLink("https://a.example", "Graph"),)


@pytest.mark.parametrize("prefix", ["ce-", "cloudevents:", "cloudevents_"])
def test_every_mode_says_the_same(prefix: str) -> None:
    headers = {**binary(prefix), "content-type": "application/json"}
    structured = read(KIND, GOOD, TYPE)
    assert read(KIND, DATA, headers) == structured == read(KIND, GOOD)
    packed = {**ATTRIBUTES, "data_base64": base64.b64encode(json.dumps(DATA).encode()).decode()}
    assert read(KIND, packed, TYPE) == structured
    body = json.dumps(GOOD).encode()
    assert event_id(headers, b"") == event_id(TYPE, body) == event_id({}, body)


@pytest.mark.parametrize("binding", [http, amqp, rabbitmq])
@pytest.mark.parametrize("mode", ["to_binary_event", "to_structured_event"])
def test_what_the_sdk_writes_is_read(binding: Any, mode: str) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    sdk = CloudEvent({**ATTRIBUTES, "time": at, "subject": "süd/disk 100%"}, DATA)
    message = getattr(binding, mode)(sdk)
    headers = {name.lower(): str(value) for name, value in given_of(message).items()}
    body = getattr(message, "body", None) or message.application_data
    (event,) = read(KIND, body, headers)
    (expected,) = read(KIND, {**GOOD, "subject": "süd/disk 100%"}, TYPE)
    assert event == expected
    assert event_id(headers, body) == event_id(TYPE, json.dumps(GOOD).encode())


def given_of(message: Any) -> Mapping[str, Any]:
    """The headers of a message of the SDK, the content type among them."""
    headers: dict[str, Any] = dict(getattr(message, "headers", None) or getattr(message, "application_properties", {}))
    for name, value in headers.items():
        if isinstance(value, int):  # AMQP has a type for times: milliseconds on the wire, a datetime in the client
            headers[name] = datetime.fromtimestamp(value / 1000, UTC)
    properties = getattr(message, "properties", {})
    kind = getattr(message, "content_type", None) or properties.get("content-type")
    return headers | ({"content-type": kind} if kind else {})


BATCH = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}
OTHER = {**GOOD, "id": "e2", "type": "disk.resolve", "data": None}


def test_a_batch_has_several_events() -> None:
    assert read(KIND, [GOOD, OTHER], BATCH | binary("ce-")) == [*read(KIND, GOOD, TYPE), *read(KIND, OTHER, TYPE)]
    body = json.dumps([GOOD, OTHER]).encode()
    assert event_id(BATCH, body) == event_id(BATCH, json.dumps([GOOD, {**OTHER, "data": {}}]).encode()) is not None
    assert event_id(BATCH, body) != event_id(BATCH, json.dumps([OTHER, GOOD]).encode())
    assert event_id(BATCH, json.dumps([GOOD, 7]).encode()) is event_id(BATCH, b"[]") is event_id(BATCH, b"{}") is None


@pytest.mark.parametrize(
    ("body", "reason", "errors"),
    [
        ([], Reason.WRONG_SHAPE, ["The batch is empty, or is not a JSON list."]),
        (GOOD, Reason.WRONG_SHAPE, ["The batch is empty, or is not a JSON list."]),
        ([GOOD] * 1001, Reason.TOO_LARGE, ["The batch has more than 1000 events."]),
        (
            [GOOD, 7, {**OTHER, "id": None}, {**GOOD, "data": {"summary": 7}}, {**ATTRIBUTES, "data_base64": "%"}],
            Reason.WRONG_SHAPE,
            [
                "1: The event is not a JSON object.",
                "2: 'id' is missing or blank, or is not a string",
                "3: 'data.summary' is missing or blank, or is not a string",
                "4: 'data_base64' is not Base64",
            ],
        ),
    ],
)
def test_every_error_of_a_batch_is_told(body: object, reason: Reason, errors: list[str]) -> None:
    error = refused(KIND, body, BATCH)
    assert (error.reason, list(error.errors)) == (reason, errors)


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        ("Euro%20%E2%82%AC", "Euro €"),
        ('"Euro \\"%e2%82%ac\\" \\\\"', 'Euro "€" \\'),
        ("50%", "50%"),
        ('"', '"'),
        ("%ff", "\ufffd"),
        ("%00", "\ufffd"),
    ],
)
def test_headers_are_decoded_once(written: str, subject: str) -> None:
    assert read(KIND, DATA, binary("ce-", subject=written))[0].key == f"subject:/monitor {subject}"


@pytest.mark.parametrize(
    ("kind", "data", "action"),
    [
        ("disk.trigger", {"summary": "x"}, EventAction.TRIGGER),
        ("trigger", {"summary": "x", "action": "resolve"}, EventAction.TRIGGER),
        ("disk.acknowledge", None, EventAction.ACKNOWLEDGE),
        ("disk.resolve", {}, EventAction.RESOLVE),
        ("disk.alert.v1", {"summary": "x", "action": "trigger"}, EventAction.TRIGGER),
        ("disk.trigger.v1", {"action": "resolve"}, EventAction.RESOLVE),
    ],
)
def test_the_type_or_the_data_says_the_action(kind: str, data: object, action: EventAction) -> None:
    assert read(KIND, {**GOOD, "type": kind, "data": data})[0].action is action


def test_the_broker_needs_no_body_to_resolve() -> None:
    (event,) = read(KIND, b"", binary("ce-", type="disk.resolve"))
    assert (event.action, event.summary, event.source) == (EventAction.RESOLVE, None, "/monitor")


def test_keys_are_given_or_the_subject_or_made() -> None:
    assert read(KIND, changed(GOOD, "data", "dedup_key", to="k"))[0].key == "k"
    other = read(KIND, {**GOOD, "source": "/other"})[0]
    assert other.key == "subject:/other srv01/disk"
    long = read(KIND, {**GOOD, "subject": "s" * 300})[0].key
    assert long.startswith("subject:sha256:") and len(long) == len("subject:sha256:") + 64
    bare = {name: value for name, value in GOOD.items() if name != "subject"}
    made = read(KIND, bare)[0].key
    assert made.startswith(AUTO) and made == read(KIND, {**bare, "id": "e2", "subject": " "})[0].key
    assert made != read(KIND, changed(bare, "data", "summary", to="other"))[0].key


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (("time",), "odd", "at", None),
        (("time",), "0001-01-01T00:00:00Z", "at", None),
        (("time",), None, "at", None),
        (("time",), "2999-01-01T00:00:00Z", "at", datetime(2999, 1, 1, tzinfo=UTC)),
        (("data", "severity"), "odd", "severity", None),
        (("data", "severity"), "P1", "severity", Severity.CRITICAL),
        (("data", "severity"), 7, "severity", None),
        (("data", "labels"), [1], "labels", {}),
        (("data", "labels"), {"$x": "\x00"}, "labels", {"_x": "\ufffd"}),
        (("data", "links"), {"url": "https://a.example"}, "links", ()),
        (("data", "description"), 7, "description", None),
        (("data", "summary"), "x" * 600, "summary", "x" * 499 + "…"),
        (("data", "source"), None, "source", "/monitor"),
        (("subject",), "a\x00b", "key", "subject:/monitor a\ufffdb"),
        (("subject",), 7, "summary", "Disk is full"),
    ],
)
def test_what_is_only_odd_is_mended(path: tuple[str, ...], value: object, field: str, expected: object) -> None:
    (event,) = read(KIND, changed(GOOD, *path, to=value), TYPE, p1=Severity.CRITICAL)
    assert getattr(event, field) == expected


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"specversion": "0.3", "id": 7, "source": " "},
            [
                "'specversion' must be 1.0",
                "'id' is missing or blank, or is not a string",
                "'source' is missing or blank, or is not a string",
                "'type' is missing or blank, or is not a string",
            ],
        ),
        ({**GOOD, "data": "odd"}, ["'data' is not an object"]),
        ({**GOOD, "data": [DATA]}, ["'data' is not an object"]),
        ({**ATTRIBUTES, "data_base64": "%"}, ["'data_base64' is not Base64"]),
        ({**ATTRIBUTES, "data_base64": 7}, ["'data_base64' is not Base64"]),
        ({**GOOD, "data": None}, ["'data.summary' is missing or blank, or is not a string"]),
        (
            {**GOOD, "type": "odd", "data": {"action": ["trigger"], "dedup_key": 7}},
            [
                "the last word of 'type' or 'data.action' must be one of trigger, acknowledge, resolve",
                "'data.dedup_key' must be a string",
            ],
        ),
        (
            {**GOOD, "data": {"dedup_key": "k" * 256}},
            [
                "'data.dedup_key' has more than 255 characters",
                "'data.summary' is missing or blank, or is not a string",
            ],
        ),
        (
            {**GOOD, "type": "resolve", "subject": None},
            ["'data.dedup_key' and 'subject' are missing: the action resolve needs one of them"],
        ),
    ],
)
def test_every_error_is_told(body: dict[str, Any], errors: list[str]) -> None:
    error = refused(KIND, body, TYPE)
    assert (error.reason, list(error.errors)) == (Reason.WRONG_SHAPE, errors)


def test_binary_attributes_are_demanded_too() -> None:
    assert len(refused(KIND, DATA, {"ce-id": "e1"}).errors) == 3
    assert refused(KIND, b"odd", binary("ce-")).reason is Reason.NOT_JSON


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused(name: str) -> None:
    body, reason = HOSTILE[name]
    assert refused(KIND, body, TYPE).reason is reason
    assert event_id(TYPE, body) is None
    if body:
        assert refused(KIND, body, binary("ce-")).reason is reason


def test_an_id_is_its_source_and_id() -> None:
    known = event_id(binary("ce-"), b"")
    assert known == event_id(binary("cloudevents:", type="other"), b"odd") and known is not None and len(known) == 64
    assert known != event_id(binary("ce-", id="e2"), b"") != event_id(binary("ce-", source="/other"), b"")
    assert event_id(binary("ce-", source="/monitore", id="1"), b"") != known
    assert event_id({"ce-id": "e1"}, b"") is None and event_id({}, b"") is None


@given(
    st.binary(max_size=200) | mutated(GOOD, DATA, [GOOD, OTHER]),
    st.dictionaries(st.sampled_from(sorted(binary("ce-"))), st.text()),
)
def test_whatever_comes_is_read_or_refused(body: bytes, odd: dict[str, str]) -> None:
    for headers in ({}, TYPE, BATCH, odd, binary("ce-"), binary("ce-") | odd, binary("cloudevents_") | odd):
        survives(KIND, body, headers)
        event_id(headers, body)
