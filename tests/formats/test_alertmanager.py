"""Alertmanager's webhook."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import EventAction, EventLink, Reason
from shared.domain.integrations import Format
from shared.domain.priority import Severity
from tests.formats.support import HOSTILE, changed, mutated, read, refused, survives

KIND = Format.ALERTMANAGER

FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "instance": "srv01:9100", "job": "node", "severity": "page"},
    "annotations": {
        "summary": "Disk is full",
        "description": "Only 1% is free.\nReally.",
        "runbook_url": "https://wiki.example/disk",
    },
    "startsAt": "2018-08-03T09:52:26.739266876+02:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus:9090/graph?g0.expr=1",
    "fingerprint": "aaaaaaaaaaaaaaaa",
}
RESOLVED: dict[str, Any] = {
    **FIRING,
    "status": "resolved",
    "annotations": {},
    "endsAt": "2018-08-03T10:52:26+02:00",
    "fingerprint": "bbbbbbbbbbbbbbbb",
}
GOOD: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskFull"}',
    "truncatedAlerts": 3,
    "status": "firing",
    "receiver": "tocsin",
    "groupLabels": {"alertname": "DiskFull"},
    "commonLabels": {"alertname": "DiskFull"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [FIRING, RESOLVED],
}


def test_each_alert_is_an_event_of_its_group() -> None:
    firing, resolved = read(KIND, GOOD)
    assert firing.key == resolved.key == 'group:{}:{alertname="DiskFull"}'
    assert (firing.action, firing.fingerprint) == (EventAction.TRIGGER, "aaaaaaaaaaaaaaaa")
    assert (resolved.action, resolved.fingerprint) == (EventAction.RESOLVE, "bbbbbbbbbbbbbbbb")
    assert firing.at == datetime(2018, 8, 3, 7, 52, 26, 739_266, UTC)
    assert resolved.at == datetime(2018, 8, 3, 8, 52, 26, 0, UTC)
    assert (firing.summary, firing.description) == ("Disk is full", "Only 1% is free.\nReally.")
    assert (resolved.summary, resolved.description) == (None, None)
    assert firing.labels == FIRING["labels"]
    assert (firing.source, firing.severity) == ("srv01:9100", Severity.CRITICAL)
    assert firing.links == (
        EventLink("https://wiki.example/disk", "Runbook"),
        EventLink("http://prometheus:9090/graph?g0.expr=1", "Source"),
        EventLink("http://alertmanager:9093", "Alerts"),
    )


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (("annotations",), {"title": "T", "description": "D"}, "summary", "T"),
        (("annotations",), {"description": "\n First. \nSecond."}, "summary", "First."),
        (("annotations",), None, "summary", "DiskFull on srv01:9100"),
        (("annotations",), {"summary": 7, "description": ["x"]}, "summary", "DiskFull on srv01:9100"),
        (("annotations", "summary"), "x\x00" * 400, "summary", "x\ufffd" * 249 + "x…"),
        (("labels", "severity"), "HIGH", "severity", Severity.ERROR),
        (("labels", "severity"), "warn", "severity", Severity.WARNING),
        (("labels", "severity"), "none", "severity", Severity.INFO),
        (("labels", "severity"), "low", "severity", Severity.CRITICAL),
        (("labels", "severity"), "odd", "severity", None),
        (("labels", "severity"), 7, "severity", None),
        (("labels", "instance"), "", "source", "node"),
        (("labels",), {"alertname": "DiskFull"}, "source", "alertmanager"),
        (("labels",), {"$a.b": "x\x00", "c": {"d": 1}}, "labels", {"_a_b": "x\ufffd", "c": '{"d":1}'}),
        (("startsAt",), "odd", "at", None),
        (("startsAt",), None, "at", None),
        (("generatorURL",), "javascript:alert(1)", "fingerprint", "aaaaaaaaaaaaaaaa"),
        (("fingerprint",), "f" * 256, "fingerprint", hashlib.sha256(b'"' + b"f" * 256 + b'"').hexdigest()),
    ],
)
def test_what_is_only_odd_is_mended(path: tuple[str, ...], value: object, field: str, expected: object) -> None:
    event = read(KIND, changed(GOOD, "alerts", 0, *path, to=value), low=Severity.CRITICAL)[0]
    assert getattr(event, field) == expected


def test_an_alert_without_a_name_is_named_by_its_labels() -> None:
    bare = changed(
        {**GOOD, "alerts": [{**FIRING, "annotations": {}}]}, "alerts", 0, "labels", to={"job": "a", "on": "b"}
    )
    assert read(KIND, bare)[0].summary == "job=a, on=b"
    bare["alerts"][0]["labels"]["alertname"] = "Down"
    assert read(KIND, bare)[0].summary == "Down"


def test_an_alert_without_a_fingerprint_is_known_by_its_labels() -> None:
    one, other = {**FIRING, "fingerprint": ""}, {**FIRING, "fingerprint": None}
    other["labels"] = dict(reversed(FIRING["labels"].items()))
    events = read(KIND, {**GOOD, "alerts": [one, other, {**one, "labels": {"a": "b"}}]})
    assert events[0].fingerprint == events[1].fingerprint != events[2].fingerprint
    assert len(events[0].fingerprint) == 64


def test_a_long_group_key_becomes_a_digest() -> None:
    fits, too_long = "k" * (255 - len("group:")), "k" * 256
    assert read(KIND, {**GOOD, "groupKey": fits})[0].key == f"group:{fits}"
    key = read(KIND, {**GOOD, "groupKey": too_long})[0].key
    assert key.startswith("group:sha256:") and len(key) == len("group:sha256:") + 64
    assert read(KIND, {**GOOD, "groupKey": too_long + "k"})[0].key != key


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, ["'alerts' is missing or empty, or is not a list"]),
        ({**GOOD, "alerts": []}, ["'alerts' is missing or empty, or is not a list"]),
        ({**GOOD, "alerts": {"0": FIRING}}, ["'alerts' is missing or empty, or is not a list"]),
        ({**GOOD, "groupKey": 7}, ["'groupKey' is missing or blank, or is not a string"]),
        (
            {"alerts": [FIRING, 7, {**FIRING, "status": "odd"}, {**FIRING, "status": ["firing"], "labels": [1]}]},
            [
                "'groupKey' is missing or blank, or is not a string",
                "'alerts.1' is not an object",
                "'alerts.2.status' must be one of firing, resolved",
                "'alerts.3.status' must be one of firing, resolved",
                "'alerts.3.labels' is not an object",
            ],
        ),
        (
            {**GOOD, "alerts": [{"status": "firing"}]},
            [
                "'alerts.0' has neither labels nor an annotation that says what is wrong",
                "'alerts.0.fingerprint' is missing, and so are the labels",
            ],
        ),
    ],
)
def test_every_error_is_told(body: dict[str, Any], errors: list[str]) -> None:
    error = refused(KIND, body)
    assert (error.reason, list(error.errors)) == (Reason.WRONG_SHAPE, errors)


def test_a_thousand_alerts_are_the_most() -> None:
    small = {"status": "resolved", "fingerprint": "a"}
    assert len(read(KIND, {**GOOD, "alerts": [small] * 1000})) == 1000
    assert refused(KIND, {**GOOD, "alerts": [small] * 1001}).reason is Reason.TOO_LARGE
    assert refused(KIND, {**GOOD, "alerts": [{}] * 1000}).errors[-1] == "and 1950 errors more"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused(name: str) -> None:
    body, reason = HOSTILE[name]
    assert refused(KIND, body).reason is reason


@given(st.binary(max_size=200) | mutated(GOOD))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    survives(KIND, body)
