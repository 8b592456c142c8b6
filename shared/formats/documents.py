"""What every format has in common: a message is decoded within bounds, and what is only ugly is made fit to be kept.

An alert must not be lost because a label has a strange key: such things are mended. What says nothing is refused.
"""

import codecs
import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.domain.events import AUTO, LONGEST_KEY, EventLink, Reason, Unprocessable
from shared.domain.integrations import Integration
from shared.domain.priority import Severity
from shared.domain.reports import LONGEST_LABEL, LONGEST_LABEL_KEY, MOST_LABELS
from shared.domain.texts import LONGEST_NAME, url_issues

DEEPEST = 64
"""Levels of nesting in a message."""

MOST_EVENT_LINKS = 20
MOST_ERRORS = 50
LONGEST_LINK_TEXT = 200

WORDS: Mapping[str, Severity] = {
    "page": Severity.CRITICAL,
    "fatal": Severity.CRITICAL,
    "emergency": Severity.CRITICAL,
    "disaster": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "high": Severity.ERROR,
    "major": Severity.ERROR,
    "err": Severity.ERROR,
    "medium": Severity.WARNING,
    "minor": Severity.WARNING,
    "average": Severity.WARNING,
    "ticket": Severity.WARNING,
    "warn": Severity.WARNING,
    "low": Severity.INFO,
    "none": Severity.INFO,
    "notice": Severity.INFO,
    "informational": Severity.INFO,
}
"""Words for severities that are common among sources, beside ours."""

_OURS = {severity.value: severity for severity in Severity}
_SECONDS = (10**8, 10**11)
_MILLISECONDS = (10**11, 10**14)
"""What numbers are times: from 1973 on, as seconds or as milliseconds since 1970."""

# An end may be missing: so every quote is looked at once, whatever a hostile body does with them.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_HEX = rb"[0-9a-fA-F]{2}"
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB]" + _HEX + rb"\\u[dD][c-fC-F]" + _HEX + rb"|(\\u[dD][89a-fA-F]" + _HEX + rb")|\\.", re.DOTALL
)
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def decode(body: bytes, most: int) -> dict[str, Any]:
    """The JSON object that `body` holds, of at most `most` bytes. Raises Unprocessable."""
    document = decode_any(body, most)
    if not isinstance(document, dict):
        raise Unprocessable(Reason.WRONG_SHAPE, "The event is not a JSON object.")
    return document


def decode_any(body: bytes, most: int) -> object:
    """The JSON document that `body` holds, of at most `most` bytes; of a name that comes twice, the last counts.
    Raises Unprocessable.
    """
    if len(body) > most:
        raise Unprocessable(Reason.TOO_LARGE, f"The event has more than {most} bytes.")
    if _is_deep(body):
        raise Unprocessable(Reason.TOO_DEEP, f"The event is nested deeper than {DEEPEST} levels.")
    try:
        document: object = msgspec.json.decode(_paired(body.removeprefix(codecs.BOM_UTF8)))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unprocessable(Reason.NOT_JSON, f"The event is not JSON: {error}.") from None
    return document


def _is_deep(body: bytes) -> bool:
    """Whether its brackets go too deep. The decoder would use the stack for each of them."""
    depth = 0
    for byte in _STRINGS.sub(b"", body).translate(None, delete=_NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _paired(body: bytes) -> bytes:
    """The body without escapes of half a surrogate pair. JavaScript writes them when it cuts a text inside an emoji,
    and the decoder refuses them.
    """
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def says(value: object) -> bool:
    """Whether it is a text that says something."""
    return isinstance(value, str) and bool(value.strip())


def text_of(value: object, longest: int) -> str:
    """A text of at most `longest` characters that can be kept; what is no text in its JSON form."""
    said = value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
    fit = said if len(said) <= longest else said[: longest - 1] + "…"
    return _UNFIT.sub("\ufffd", fit)


def line_of(value: object, longest: int) -> str | None:
    """The text in one line, None when there is none."""
    return text_of(" ".join(value.split()), longest) if isinstance(value, str) and says(value) else None


def labels_of(said: Mapping[str, Any]) -> dict[str, str]:
    """Labels that can be kept: the first MOST_LABELS of those that say something. If two keys become the same, the
    first counts.
    """
    labels: dict[str, str] = {}
    for key, value in said.items():
        if len(labels) == MOST_LABELS:
            break
        if value is None or value == "" or not key:
            continue
        name = text_of(key, LONGEST_LABEL_KEY).replace(".", "_").replace("$", "_")
        # An incident's environment is this label, and is as long as a name.
        labels.setdefault(name, text_of(value, LONGEST_NAME if name == "environment" else LONGEST_LABEL))
    return labels


def links_of(said: Iterable[tuple[object, object]]) -> tuple[EventLink, ...]:
    """The links among pairs of address and text, each address once. What nobody could follow is left out."""
    found: dict[str, EventLink] = {}
    for url, text in said:
        if len(found) == MOST_EVENT_LINKS:
            break
        if isinstance(url, str) and not url_issues("url", url):
            found.setdefault(url, EventLink(url, line_of(text, LONGEST_LINK_TEXT)))
    return tuple(found.values())


def time_of(value: object) -> datetime | None:
    """The moment that a text or a number names, in UTC, in the many ways of sources; without a zone it is UTC. None
    when it names none, and in the year 1, by which Go means none.
    """
    if isinstance(value, int | float):
        return _counted(value)
    if not isinstance(value, str):
        return None
    text = value.strip().upper()
    if re.fullmatch(r"[0-9]{9,14}(\.[0-9]{1,9})?", text):
        return _counted(float(text))
    try:
        at = datetime.fromisoformat(text)
        utc = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return utc if utc.year > 1 else None


def _counted(number: float) -> datetime | None:
    """The moment so many seconds, or milliseconds, after 1970."""
    for (least, most), per_second in ((_SECONDS, 1), (_MILLISECONDS, 1000)):
        if least <= number < most:
            return datetime.fromtimestamp(number / per_second, UTC)
    return None


def severity_of(integration: Integration, word: object, aliases: Mapping[str, Severity] = WORDS) -> Severity | None:
    """The severity that a source means: by its own words, by ours, by `aliases`; None: unknown."""
    if not isinstance(word, str):
        return None
    known = word.strip().lower()
    return integration.severities.get(known) or _OURS.get(known) or aliases.get(known)


def digest_of(value: object) -> str:
    """The SHA-256 of its JSON form, in hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def auto_key(*parts: object) -> str:
    """The key of an event whose source gave none: the same for the same parts."""
    return AUTO + digest_of(parts)


def key_of(kind: str, said: str) -> str:
    """A key made of what a source says, however long that is."""
    key = text_of(f"{kind}:{said}", LONGEST_KEY + 1)
    return key if len(key) <= LONGEST_KEY else f"{kind}:sha256:{digest_of(said)}"


def objects_of(value: object) -> list[dict[str, Any]]:
    """The objects in a list; none if it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def refuse_wrong(errors: list[str]) -> None:
    """Raise Unprocessable if there are any; of very many, the first."""
    if len(errors) > MOST_ERRORS:
        errors = [*errors[:MOST_ERRORS], f"and {len(errors) - MOST_ERRORS} errors more"]
    if errors:
        raise Unprocessable(Reason.WRONG_SHAPE, *errors)


def dedup_key_errors(path: str, key: object) -> list[str]:
    """What is wrong with a dedup key that a source gives; None is fine."""
    if key is not None and not isinstance(key, str):
        return [f"'{path}' must be a string"]
    if isinstance(key, str) and len(key) > LONGEST_KEY:
        return [f"'{path}' has more than {LONGEST_KEY} characters"]
    return []
