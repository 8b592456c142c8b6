"""Grafana's webhook: Alertmanager's and more."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import EventAction, EventLink, Reason
from shared.domain.integrations import Format
from tests.formats.support import HOSTILE, changed, mutated, read, refused, survives
from tests.formats.test_alertmanager import FIRING, RESOLVED
from tests.formats.test_alertmanager import GOOD as ALERTMANAGER

KIND = Format.GRAFANA

ALERT: dict[str, Any] = {
    **FIRING,
    "annotations": {"title": "Disk", "message": "It is full."},
    "values": {"B": 44.23, "C": 1},
    "valueString": "[ var='B' labels={} value=44.23 ]",
    "silenceURL": "https://grafana.example/silence",
    "dashboardURL": "https://grafana.example/d",
    "panelURL": "https://grafana.example/p",
    "imageURL": "https://grafana.example/i.png",
}
GOOD: dict[str, Any] = {
    **ALERTMANAGER,
    "version": "1",
    "orgId": 1,
    "externalURL": "https://grafana.example/",
    "title": "[FIRING:1] Disk",
    "state": "ok",
    "message": "**Firing**",
    "alerts": [ALERT],
}


def test_it_says_what_alertmanager_says_and_more() -> None:
    (event,) = read(KIND, GOOD)
    assert (event.action, event.key) == (EventAction.TRIGGER, 'group:{}:{alertname="DiskFull"}')
    assert (event.summary, event.description) == ("Disk", "It is full.\n\nB = 44.23, C = 1")
    assert event.links == (
        EventLink("http://prometheus:9090/graph?g0.expr=1", "Source"),
        EventLink("https://grafana.example/d", "Dashboard"),
        EventLink("https://grafana.example/p", "Panel"),
        EventLink("https://grafana.example/silence", "Silence"),
        EventLink("https://grafana.example/i.png", "Image"),
        EventLink("https://grafana.example/", "Alerts"),
    )


def test_what_alertmanager_writes_is_read_alike() -> None:
    assert read(KIND, ALERTMANAGER) == read(Format.ALERTMANAGER, ALERTMANAGER)


def test_each_alert_has_its_own_status() -> None:
    events = read(KIND, {**GOOD, "status": "firing", "alerts": [ALERT, {**RESOLVED, "values": None}]})
    assert [event.action for event in events] == [EventAction.TRIGGER, EventAction.RESOLVE]


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (("annotations",), {}, "description", "**Firing**\n\nB = 44.23, C = 1"),
        (("annotations",), {}, "summary", "DiskFull on srv01:9100"),
        (("labels",), {"job": "a"}, "summary", "Disk"),
        (("values",), None, "description", "It is full."),
        (("values",), {}, "description", "It is full."),
        (("values",), [1], "description", "It is full."),
        (("values",), {"A\x00": None, "$b": {"c": "\x00"}}, "description", None),
        (("values",), {str(n): "x" * 500 for n in range(1000)}, "fingerprint", "aaaaaaaaaaaaaaaa"),
        (("imageURL",), "", "summary", "Disk"),
        (("silenceURL",), 7, "summary", "Disk"),
    ],
)
def test_what_is_only_odd_is_mended(path: tuple[str, ...], value: object, field: str, expected: object) -> None:
    event = read(KIND, changed(GOOD, "alerts", 0, *path, to=value))[0]
    if expected is None:
        expected = 'It is full.\n\nA\ufffd = null, $b = {"c":"\\u0000"}'
    assert getattr(event, field) == expected


def test_the_title_of_the_whole_names_an_alert_without_a_name() -> None:
    nameless = {**ALERT, "annotations": {}, "labels": {"job": "a"}}
    assert read(KIND, {**GOOD, "alerts": [nameless]})[0].summary == "[FIRING:1] Disk"
    assert read(KIND, {**GOOD, "alerts": [nameless], "title": 7})[0].summary == "job=a"
    assert read(KIND, {**GOOD, "alerts": [{"status": "firing", "fingerprint": "f"}]})[0].summary == "[FIRING:1] Disk"


def test_the_message_of_the_whole_describes_one_alert_only() -> None:
    bare = {**ALERT, "annotations": {}, "values": None}
    assert read(KIND, {**GOOD, "alerts": [bare]})[0].description == "**Firing**"
    assert {event.description for event in read(KIND, {**GOOD, "alerts": [bare, bare]})} == {None}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused(name: str) -> None:
    body, reason = HOSTILE[name]
    assert refused(KIND, body).reason is reason


def test_no_alerts_are_refused() -> None:
    assert refused(KIND, {**GOOD, "alerts": []}).reason is Reason.WRONG_SHAPE


@given(st.binary(max_size=200) | mutated(GOOD))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    survives(KIND, body)
