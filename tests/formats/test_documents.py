"""What every format has in common: decoding within bounds, and mending."""

from datetime import UTC, datetime

import pytest

from shared.domain.events import Unprocessable
from shared.domain.reports import LONGEST_LABEL, LONGEST_LABEL_KEY, MOST_LABELS
from shared.formats.documents import MOST_EVENT_LINKS, decode, labels_of, links_of, text_of, time_of
from tests.formats.support import HOSTILE

MOST = 1024 * 1024


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused_by_their_kind(name: str) -> None:
    body, reason = HOSTILE[name]
    with pytest.raises(Unprocessable) as caught:
        decode(body, MOST)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a":' * 64 + b"1" + b"}" * 64, None),
        (b'{"a": "' + b"[{" * 1000 + b'"}', {"a": "[{" * 1000}),
        (rb'{"a": "\"[\\"}', {"a": '"[\\'}),
        (rb'{"a": "cut \ud83d"}', {"a": "cut \ufffd"}),
        (rb'{"a": "\udc00\ud83d\ude00\\ud83d"}', {"a": "\ufffd😀\\ud83d"}),
        (rb'{"a": "\u0000"}', {"a": "\x00"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": ' + b"1" * 4000 + b"}", {"a": int("1" * 4000)}),
        (b'{"a": 99999999999999999999999}', {"a": 99999999999999999999999}),
    ],
)
def test_borderline_bodies_are_read(body: bytes, document: dict[str, object] | None) -> None:
    assert document is None or decode(body, MOST) == document
    assert decode(body, len(body))
    with pytest.raises(Unprocessable, match="more than"):
        decode(body, len(body) - 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "abcdefghi…"),
        ({"b": 1, "a": "\x00"}, '{"a":"\\u0…'),
        (True, "true"),
        (10**400, "100000000…"),
    ],
)
def test_texts_are_made_fit(value: object, text: str) -> None:
    assert text_of(value, 10) == text


@pytest.mark.parametrize(
    ("said", "labels"),
    [
        ({"$set": 1, "a.b": "x", "c": None, "d": "", "": "e"}, {"_set": "1", "a_b": "x"}),
        ({"a_b": "first", "a.b": "second"}, {"a_b": "first"}),
        ({"k" * 101: "v" * 1001}, {"k" * (LONGEST_LABEL_KEY - 1) + "…": "v" * (LONGEST_LABEL - 1) + "…"}),
        ({"environment": "e" * 201}, {"environment": "e" * 199 + "…"}),
        ({"on": False, "list": [1, {"a": 2}]}, {"on": "false", "list": '[1,{"a":2}]'}),
    ],
)
def test_labels_are_made_fit(said: dict[str, object], labels: dict[str, str]) -> None:
    assert labels_of(said) == labels


def test_labels_and_links_are_bounded() -> None:
    assert len(labels_of({str(n): n for n in range(1000)})) == MOST_LABELS
    assert len(links_of((f"https://a.example/{n}", None) for n in range(1000))) == MOST_EVENT_LINKS


def test_only_what_people_can_follow_is_a_link() -> None:
    said = [
        ("javascript:alert(1)", "x"),
        ("http://[", "x"),
        ("/path", None),
        (7, None),
        ("https://a.example", " a\nb "),
    ]
    assert [(link.url, link.text) for link in links_of([*said, *said])] == [("https://a.example", "a b")]


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2015-07-17T08:42:58.315+0000", datetime(2015, 7, 17, 8, 42, 58, 315_000, UTC)),
        ("2015-07-17T08:42:58.315123456Z", datetime(2015, 7, 17, 8, 42, 58, 315_123, UTC)),
        ("2015-07-17t10:42:58z", datetime(2015, 7, 17, 10, 42, 58, 0, UTC)),
        ("2015-07-17T10:42:58+02:00", datetime(2015, 7, 17, 8, 42, 58, 0, UTC)),
        (" 2015-07-17 08:42:58 ", datetime(2015, 7, 17, 8, 42, 58, 0, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+02:00", None),
        ("9999-12-31T23:59:59-10:00", None),
        ("2015-02-30T08:42:58Z", None),
        ("yesterday", None),
        ("\ud800", None),
        ("", None),
        ("2999-01-01T00:00:00Z", datetime(2999, 1, 1, tzinfo=UTC)),
        (1437122578, datetime(2015, 7, 17, 8, 42, 58, 0, UTC)),
        (1437122578.5, datetime(2015, 7, 17, 8, 42, 58, 500_000, UTC)),
        (1437122578500, datetime(2015, 7, 17, 8, 42, 58, 500_000, UTC)),
        ("1437122578", datetime(2015, 7, 17, 8, 42, 58, 0, UTC)),
        (" 1437122578.5 ", datetime(2015, 7, 17, 8, 42, 58, 500_000, UTC)),
        (10**4000, None),
        (-1437122578, None),
        (7, None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_times_of_all_kinds_are_read(said: object, at: datetime | None) -> None:
    assert time_of(said) == at
