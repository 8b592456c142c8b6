"""Any JSON object: by the names that others use, and by a mapping."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import AUTO, EventAction, EventLink, Reason
from shared.domain.integrations import LONGEST_EXPRESSION, Format
from shared.domain.integrations import Mapping as Expressions
from shared.domain.priority import Severity
from shared.formats.generic import ACTIONS, DEFAULTS, check_mapping
from tests.formats.support import HOSTILE, UNMAPPED, changed, mutated, read, refused, survives

KIND = Format.GENERIC

GOALERT: dict[str, Any] = {
    "summary": "Disk is full",
    "details": "Only 1% is free.",
    "dedup": "srv01/disk",
    "meta": {"a.b": "c", "severity": "high"},
}
ONCALL: dict[str, Any] = {
    "alert_uid": "08d6891a",
    "title": "Disk is full",
    "image_url": "https://a.example/disk.png",
    "state": "alerting",
    "link_to_upstream_details": "https://a.example/disk",
    "message": "Only 1% is free.",
}
INCIDENT_IO: dict[str, Any] = {
    "title": "Disk is full",
    "status": "firing",
    "deduplication_key": "srv01/disk",
    "description": "Only 1% is free.",
    "metadata": {"team": "storage", "free": 1},
    "source_url": "https://a.example/disk",
}
ALARM: dict[str, Any] = {
    "alarm": {"id": 17, "name": "Disk is full", "transition": "Recovered", "level": "P1", "since": 1437122578000},
    "host": {"name": "srv01", "tags": {"$os": "linux", "rack": 3}},
    "notes": ["Only 1% is free.", "Really."],
    "where": ["https://a.example/1", "ftp://a.example", "https://a.example/2"],
}
MAPPING = Expressions(
    title="alarm.name",
    action="alarm.transition",
    dedup_key="alarm.id",
    severity="alarm.level",
    source="host.name",
    description="join('\n', notes)",
    at="alarm.since",
    labels="host.tags",
    url="where",
)


@pytest.mark.parametrize(
    ("body", "key", "labels", "links"),
    [
        (GOALERT, "srv01/disk", {"a_b": "c", "severity": "high"}, []),
        (ONCALL, "08d6891a", {}, ["https://a.example/disk", "https://a.example/disk.png"]),
        (INCIDENT_IO, "srv01/disk", {"team": "storage", "free": "1"}, ["https://a.example/disk"]),
    ],
)
def test_what_others_read_is_read_without_a_mapping(
    body: dict[str, Any], key: str, labels: dict[str, str], links: list[str]
) -> None:
    (event,) = read(KIND, body)
    assert (event.action, event.key, event.fingerprint) == (EventAction.TRIGGER, key, key)
    assert (event.summary, event.description) == ("Disk is full", "Only 1% is free.")
    assert event.labels == labels
    assert event.links == tuple(EventLink(url) for url in links)
    assert event.severity is (Severity.ERROR if body is GOALERT else None)


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({**GOALERT, "action": ""}, EventAction.TRIGGER),
        ({**GOALERT, "action": None}, EventAction.TRIGGER),
        ({**GOALERT, "action": "close"}, EventAction.RESOLVE),
        ({**GOALERT, "action": "ack"}, EventAction.ACKNOWLEDGE),
        ({**ONCALL, "state": "ok"}, EventAction.RESOLVE),
        ({**INCIDENT_IO, "status": " Resolved "}, EventAction.RESOLVE),
        ({"dedup": "k", "action": "resolve"}, EventAction.RESOLVE),
    ],
)
def test_the_words_of_others_are_understood(body: dict[str, Any], action: EventAction) -> None:
    assert read(KIND, body)[0].action is action


def test_a_mapping_finds_every_part() -> None:
    (event,) = read(KIND, ALARM, mapping=MAPPING, p1=Severity.CRITICAL)
    assert (event.action, event.key, event.fingerprint) == (EventAction.RESOLVE, "17", "17")
    assert (event.summary, event.source, event.severity) == ("Disk is full", "srv01", Severity.CRITICAL)
    assert event.description == "Only 1% is free.\nReally."
    assert event.at == datetime(2015, 7, 17, 8, 42, 58, 0, UTC)
    assert event.labels == {"_os": "linux", "rack": "3"}
    assert [link.url for link in event.links] == ["https://a.example/1", "https://a.example/2"]


def test_what_a_mapping_leaves_out_has_its_usual_name() -> None:
    mapping = Expressions(severity="meta.severity", action="state == 'x' && 'close' || 'trigger'", url="@.nothing")
    (event,) = read(KIND, {**GOALERT, "state": "x"}, mapping=mapping)
    assert (event.action, event.key, event.severity) == (EventAction.RESOLVE, "srv01/disk", Severity.ERROR)


def test_an_event_without_a_key_is_known_by_what_it_says() -> None:
    bare = {"summary": "Disk is full", "source": "srv01", "labels": {"a": 1}}
    key = read(KIND, bare)[0].key
    assert key.startswith(AUTO) and len(key) == len(AUTO) + 64
    for same in ({"details": "Other."}, {"action": "close"}, {"dedup": ""}, {"dedup": " "}, {"severity": "low"}):
        assert read(KIND, {**bare, **same})[0].key == key
    for other in ({"summary": "x"}, {"source": "x"}, {"labels": {"a": 2}}):
        assert read(KIND, {**bare, **other})[0].key != key


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (("summary",), "x" * 600, "summary", "x" * 499 + "…"),
        (("summary",), "two\nlines\x00", "summary", "two lines\ufffd"),
        (("summary",), 404, "summary", "404"),
        (("dedup",), 17, "key", "17"),
        (("dedup",), "k" * 255, "key", "k" * 255),
        (("dedup",), "a\x00", "fingerprint", "a\ufffd"),
        (("details",), "Disk is full", "description", None),
        (("details",), {"$a": 1, "b": [2]}, "description", '{"$a":1,"b":[2]}'),
        (("details",), "d" * 30_000, "description", "d" * 19_999 + "…"),
        (("meta",), ["a", "b"], "labels", {}),
        (("meta",), {"$x.y": "\x00", "e": "v" * 2000}, "labels", {"_x_y": "\ufffd", "e": "v" * 999 + "…"}),
        (("severity",), 1, "severity", Severity.CRITICAL),
        (("severity",), {"a": 1}, "severity", None),
        (("timestamp",), "2999-01-01T00:00:00Z", "at", datetime(2999, 1, 1, tzinfo=UTC)),
        (("timestamp",), "odd", "at", None),
        (("url",), "javascript:alert(1)", "links", ()),
        (("source",), ["a"], "source", None),
    ],
)
def test_what_is_only_odd_is_mended(path: tuple[str, ...], value: object, field: str, expected: object) -> None:
    (event,) = read(KIND, changed(GOALERT, *path, to=value), None, UNMAPPED, **{"1": Severity.CRITICAL})
    assert getattr(event, field) == expected


def test_a_long_key_becomes_a_digest() -> None:
    key = read(KIND, {**GOALERT, "dedup": "k" * 256})[0].key
    assert key.startswith("sha256:") and len(key) == len("sha256:") + 64
    assert key != read(KIND, {**GOALERT, "dedup": "k" * 257})[0].key


ONE_OF = f"must be one of {', '.join(ACTIONS)}"


@pytest.mark.parametrize(
    ("body", "mapping", "reason", "errors"),
    [
        (
            {},
            UNMAPPED,
            Reason.WRONG_SHAPE,
            ["'title' (summary || title || message) is missing or blank, or is not a text"],
        ),
        (
            {"title": ["x"], "dedup": [7]},
            UNMAPPED,
            Reason.WRONG_SHAPE,
            [
                "'title' (summary || title || message) is missing or blank, or is not a text",
                "'dedupKey' (dedup_key || dedup || deduplication_key || alert_uid) must be a text or a number",
            ],
        ),
        (
            {"action": "close"},
            UNMAPPED,
            Reason.WRONG_SHAPE,
            [
                "'dedupKey' (dedup_key || dedup || deduplication_key || alert_uid) is missing or blank: "
                "the action resolve needs it, or the title of its trigger"
            ],
        ),
        ({**GOALERT, "status": 7}, UNMAPPED, Reason.WRONG_SHAPE, [f"'action' ({DEFAULTS.action}) {ONE_OF}"]),
        (
            {**ALARM, "notes": "x", "alarm": {"transition": "Odd"}},
            MAPPING,
            Reason.MAPPING_FAILED,
            [
                f"'mapping.action' {ONE_OF}",
                "'mapping.description' fails on this event: In function join(), invalid type",
            ],
        ),
        (
            {**ALARM, "alarm": {"id": True}},
            MAPPING,
            Reason.MAPPING_FAILED,
            [
                "'mapping.title' is missing or blank, or is not a text",
                "'mapping.dedupKey' must be a text or a number",
            ],
        ),
        (
            {"dedup": {}},
            Expressions(title="a.b"),
            Reason.MAPPING_FAILED,
            ["'mapping.title' is missing or blank, or is not a text"],
        ),
        (
            GOALERT,
            Expressions(title="a.", source="abs(@)", labels="nosuch(@)"),
            Reason.MAPPING_FAILED,
            [
                "'mapping.title' is not JMESPath: Expecting",
                "'mapping.labels' calls nosuch, which is no function of JMESPath",
            ],
        ),
    ],
)
def test_every_error_is_told(body: dict[str, Any], mapping: Expressions, reason: Reason, errors: list[str]) -> None:
    error = refused(KIND, body, mapping=mapping)
    told = [text for text in error.errors if not text.startswith("'mapping.source'")]
    assert error.reason is reason
    assert [text[: len(known)] for text, known in zip(told, errors, strict=True)] == errors


def test_an_expression_that_finds_too_much_fails() -> None:
    error = refused(KIND, {**GOALERT, "x": "x" * 1_000_000}, mapping=Expressions(labels="[@, @, @]"))
    assert error.errors == ("'mapping.labels' finds more than 2097152 bytes",)


def test_an_error_does_not_show_the_whole_event() -> None:
    error = refused(KIND, {**GOALERT, "x": "\x00" * 100_000}, mapping=Expressions(at="abs(x)"))
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("a.", "is not JMESPath"),
        (" ", "is not JMESPath"),
        ("'open", "is not JMESPath"),
        ("(" * 400, "is not JMESPath"),
        ("nosuch(@)", "calls nosuch, which is no function of JMESPath"),
        ("a | map(&nosuch(@), b)", "calls nosuch"),
        ("[@, @] | " * 7 + "@", "more than 100 times"),
        ("{a: @, b: @} | " * 7 + "@", "more than 100 times"),
        ("to_string(to_array(" * 7 + "@" + "))" * 7, "more than 100 times"),
        ("join(a, b)", "is not a literal"),
    ],
)
def test_an_expression_of_no_use_is_found(expression: str, text: str) -> None:
    (issue,) = check_mapping(Expressions(dedup_key=expression, title="a.b"))
    assert issue.path == ("input", "mapping", "dedupKey")
    assert text in issue.message
    assert refused(KIND, GOALERT, mapping=Expressions(dedup_key=expression)).reason is Reason.MAPPING_FAILED


def test_good_mappings_have_no_issues() -> None:
    many = "{" + ", ".join(f"k{n}: a.b[{n}]" for n in range(30)) + "}"
    assert check_mapping(UNMAPPED) == check_mapping(DEFAULTS) == check_mapping(MAPPING) == []
    assert check_mapping(Expressions(labels=many, title="join(' ', [a, b])")) == []
    assert len(check_mapping(Expressions(**{part.name: "a." for part in fields(Expressions)}))) == 9


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused(name: str) -> None:
    body, reason = HOSTILE[name]
    assert refused(KIND, body).reason is reason
    assert refused(KIND, body, mapping=MAPPING).reason is reason


ODD_EXPRESSIONS = [
    "@",
    "&a",
    "[&a]",
    "`1e400`",
    '`"\\ud800"`',
    "'\x00'",
    "to_number('nan')",
    "ceil(to_number('inf'))",
    "avg(values(@))",
    "sort(@)",
    "*[]",
    "summary[::0]",
    "!" * LONGEST_EXPRESSION,
    "[" * 250 + "a" + "]" * 250,
    "`" + "[" * 200 + "]" * 200 + "`",
    "max_by(@, &a)",
    "length(summary)",
    "action == 'close' && 'resolve' || 'trigger'",
]


@given(st.binary(max_size=200) | mutated(GOALERT, ONCALL, INCIDENT_IO, ALARM))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    survives(KIND, body)
    survives(KIND, body, mapping=MAPPING)


@given(
    mutated(GOALERT, ALARM),
    st.fixed_dictionaries(
        {},
        optional={
            part.name: st.sampled_from(ODD_EXPRESSIONS) | st.text("@&[]{}().,|*'\"a0 ", max_size=12)
            for part in fields(Expressions)
        },
    ),
)
def test_whatever_a_mapping_says_the_event_is_read_or_refused(body: bytes, expressions: dict[str, str]) -> None:
    mapping = Expressions(**expressions)
    check_mapping(mapping)
    survives(KIND, body, mapping=mapping)
