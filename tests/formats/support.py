"""What the tests of all formats share: an integration, hostile bodies, and what every event must be fit for."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from shared.domain.errors import is_storable
from shared.domain.events import LONGEST_KEY, Event, EventAction, Reason, Unprocessable
from shared.domain.incident import Link, LinkKind
from shared.domain.integrations import Format, Integration
from shared.domain.integrations import Mapping as Expressions
from shared.domain.priority import Severity
from shared.domain.reports import Report, refuse_bad_report
from shared.formats import parse

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

UNMAPPED = Expressions()

HOSTILE: dict[str, tuple[bytes, Reason]] = {
    "nothing": (b"", Reason.NOT_JSON),
    "half": (b'{"a": ', Reason.NOT_JSON),
    "invalid UTF-8": (b'{"a": "\xff\xfe"}', Reason.NOT_JSON),
    "a surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}', Reason.NOT_JSON),
    "not a number": (b'{"a": NaN}', Reason.NOT_JSON),
    "infinity": (b'{"a": 1e400}', Reason.NOT_JSON),
    "an endless number": (b'{"a": ' + b"1" * 5000 + b"}", Reason.NOT_JSON),
    "a form": (b"summary=Disk+full", Reason.NOT_JSON),
    "a list": (b"[]", Reason.WRONG_SHAPE),
    "a text": (b'"Disk full"', Reason.WRONG_SHAPE),
    "null": (b"null", Reason.WRONG_SHAPE),
    "too deep": (b'{"a":' * 65 + b"1" + b"}" * 65, Reason.TOO_DEEP),
    "lists 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, Reason.TOO_DEEP),
    "objects 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, Reason.TOO_DEEP),
    "quotes without an end": (b'{"' + rb"\"" * 200_000, Reason.NOT_JSON),
    "too large": (b'{"a": "' + b"a" * 1024 * 1024 + b'"}', Reason.TOO_LARGE),
}
"""Bodies that no format can read, and why."""


def integration(kind: Format, mapping: Expressions = UNMAPPED, **severities: Severity) -> Integration:
    """A source of this format, with its own words for severities."""
    return Integration("source", "A source", kind, NOW, mapping=mapping, severities=severities)


def read(
    kind: Format,
    body: object,
    headers: Mapping[str, str] | None = None,
    mapping: Expressions = UNMAPPED,
    **severities: Severity,
) -> list[Event]:
    """The events of a body: bytes as they are, anything else as JSON. All of them are fit to be kept."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    events = parse(integration(kind, mapping, **severities), headers or {}, raw)
    assert events
    for event in events:
        demand_fit(event)
    return list(events)


def refused(
    kind: Format, body: object, headers: Mapping[str, str] | None = None, mapping: Expressions = UNMAPPED
) -> Unprocessable:
    """How a body is refused."""
    with pytest.raises(Unprocessable) as caught:
        read(kind, body, headers, mapping)
    assert caught.value.errors and all(caught.value.errors)
    assert all(is_storable(text) for text in caught.value.errors)
    return caught.value


def demand_fit(event: Event) -> None:
    """An incident can be logged of the event; its keys and times can be kept."""
    assert 0 < len(event.key) <= LONGEST_KEY and 0 < len(event.fingerprint) <= LONGEST_KEY
    assert event.at is None or event.at.tzinfo is UTC
    assert event.summary or event.action is not EventAction.TRIGGER
    said = Report(
        title=event.summary or event.key,
        description=event.description,
        environment=event.labels.get("environment"),
        source=event.source,
        labels=event.labels,
        links=tuple(Link(str(n), LinkKind.LINK, link.url, link.text) for n, link in enumerate(event.links)),
    )
    refuse_bad_report(said, NOW)
    (event.key + event.fingerprint).encode()


def changed(document: Any, *path: str | int, to: object) -> Any:
    """A copy of a document with another value at `path`."""
    copy = json.loads(json.dumps(document))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return copy


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(["", " ", "\x00", "\ud800", "$", "a.b", "trigger", "0001-01-01T00:00:00Z", "http://[", "x" * 3000]),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3), max_size=3),
)
"""Values that have no business where they stand."""


def places(document: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where something stands in a document."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document))
    return [found for step, value in inner for found in ((*path, step), *places(value, (*path, step)))]


@st.composite
def mutated(draw: st.DrawFn, *documents: object) -> bytes:
    """A good document with a few odd values in it, and maybe a damaged byte."""
    document = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(0, 3))):
        where = places(document)
        if where:
            document = changed(document, *draw(st.sampled_from(where)), to=draw(ODD))
    body = bytearray(json.dumps(document).encode())
    if draw(st.booleans()):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body)


def survives(
    kind: Format, body: bytes, headers: Mapping[str, str] | None = None, mapping: Expressions = UNMAPPED
) -> None:
    """Whatever comes, it is read into fit events or it is refused."""
    with suppress(Unprocessable):
        read(kind, body, headers, mapping)
