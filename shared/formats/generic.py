"""Generic: any JSON object is one event, whose parts are found by JMESPath expressions (jmespath.org).

The integration's mapping gives them; a part that it leaves out is looked for under the names that the webhooks of
GoAlert, Grafana OnCall and incident.io use (DEFAULTS). The action is a word of ACTIONS; without one it is a trigger.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

import jmespath
import msgspec
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

from shared.domain.errors import Issue
from shared.domain.events import LONGEST_KEY, Event, EventAction, Reason, Unprocessable
from shared.domain.integrations import Integration
from shared.domain.integrations import Mapping as Expressions
from shared.domain.texts import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE
from shared.formats.documents import (
    auto_key,
    decode,
    digest_of,
    labels_of,
    line_of,
    links_of,
    says,
    severity_of,
    text_of,
    time_of,
)

LARGEST = 1024 * 1024
"""Bytes of one message."""

DEFAULTS = Expressions(
    title="summary || title || message",
    action="action || status || state",
    dedup_key="dedup_key || dedup || deduplication_key || alert_uid",
    severity="severity || labels.severity || metadata.severity || meta.severity",
    source="source || host",
    description="details || description || message",
    at="timestamp || time",
    labels="labels || metadata || meta",
    url="[source_url, link_to_upstream_details, url, image_url]",
)
"""Where the parts are without a mapping."""

ACTIONS: Mapping[str, EventAction] = {
    "trigger": EventAction.TRIGGER,
    "triggered": EventAction.TRIGGER,
    "firing": EventAction.TRIGGER,
    "alerting": EventAction.TRIGGER,
    "open": EventAction.TRIGGER,
    "problem": EventAction.TRIGGER,
    "down": EventAction.TRIGGER,
    "acknowledge": EventAction.ACKNOWLEDGE,
    "acknowledged": EventAction.ACKNOWLEDGE,
    "ack": EventAction.ACKNOWLEDGE,
    "resolve": EventAction.RESOLVE,
    "resolved": EventAction.RESOLVE,
    "close": EventAction.RESOLVE,
    "closed": EventAction.RESOLVE,
    "ok": EventAction.RESOLVE,
    "recovered": EventAction.RESOLVE,
    "up": EventAction.RESOLVE,
}
"""Words for actions, in any case."""

MOST_COPIES = 100
"""How many times an expression may repeat what it is given. Each of `[@, @] | [@, @] | ...` doubles it."""

_LONGEST_REASON = 200

_NAMES = tuple(part.name for part in fields(Expressions))
_FAILURES = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What jmespath raises: its own errors are ValueErrors, and its functions raise what Python does."""


class _Useless(ValueError):
    """An expression that is of no use, and why."""


def parse(integration: Integration, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """The one event. Raises Unprocessable with every error at once: MAPPING_FAILED when it is one of the mapping's."""
    found, failures = _found(integration.mapping, decode(body, LARGEST))
    action = _action(found.get("action"))
    title, key = line_of(_plain(found.get("title")), LONGEST_TITLE), _key(found.get("dedup_key"))
    failures = {**_wrong(found, action, title, key), **failures}
    if action is None or failures:
        raise _unprocessable(integration.mapping, failures)
    labels, source = found.get("labels"), line_of(_plain(found.get("source")), LONGEST_NAME)
    made = key or auto_key(title, source, labels)
    event = Event(
        action=action,
        key=made,
        fingerprint=made,
        summary=title,
        source=source,
        severity=severity_of(integration, _plain(found.get("severity"))),
        at=time_of(found.get("at")),
        description=_description(found.get("description"), title),
        labels=labels_of(labels) if isinstance(labels, dict) else {},
        links=links_of((url, None) for url in _several(found.get("url"))),
    )
    return (event,)


def check_mapping(mapping: Expressions) -> list[Issue]:
    """The expressions that can never be used."""
    issues = []
    for name, expression in _given(mapping):
        try:
            _compiled(expression)
        except _Useless as error:
            issues.append(Issue(("input", "mapping", _camel(name)), "INVALID", f"The expression {error}."))
    return issues


def _found(mapping: Expressions, document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the expressions find, and why some failed, by the names of their parts."""
    found: dict[str, Any] = {}
    failures: dict[str, str] = {}
    for name, expression in {**dict(_given(DEFAULTS)), **dict(_given(mapping))}.items():
        try:
            found[name] = _as_document(_compiled(expression).search(document))
        except _FAILURES as error:
            failures[name] = str(error) if isinstance(error, _Useless) else f"fails on this event: {_told(error)}"
    return found, failures


def _given(mapping: Expressions) -> Iterator[tuple[str, str]]:
    for name in _NAMES:
        if expression := getattr(mapping, name):
            yield name, expression


@lru_cache(maxsize=512)
def _compiled(expression: str) -> ParsedResult:
    """The expression, if it is one, and costs no more than it should. Raises _Useless."""
    try:
        compiled = jmespath.compile(expression)
        copies = _copies(compiled.parsed)
    except _Useless:
        raise
    except _FAILURES as error:
        raise _Useless(f"is not JMESPath: {_told(error)}") from None
    if copies > MOST_COPIES:
        raise _Useless(f"repeats what it is given more than {MOST_COPIES} times")
    return compiled


def _copies(node: Mapping[str, Any]) -> int:
    """How many times larger than its input the result can be. Raises _Useless for what no bound is known of."""
    kind, children = node["type"], node["children"]
    copies = len(children) if kind in ("multi_select_list", "multi_select_dict") else 1
    if kind == "function_expression":
        copies = _copies_of_call(node["value"], children)
    return math.prod([copies, *(_copies(child) for child in children)])


def _copies_of_call(name: str, arguments: list[dict[str, Any]]) -> int:
    if name not in Functions.FUNCTION_TABLE:
        raise _Useless(f"calls {name}, which is no function of JMESPath")
    if name == "join" and arguments and arguments[0]["type"] != "literal":
        raise _Useless("joins with something that is not a literal")
    return 2 if name == "to_string" else 1  # quotes are escaped, and the escapes once more in the next one


def _as_document(value: object) -> Any:
    """What an expression found, as if it had been decoded: a reference to an expression or a NaN is no part."""
    encoded = msgspec.json.encode(value)
    if len(encoded) > 2 * LARGEST:
        raise _Useless(f"finds more than {2 * LARGEST} bytes")
    return msgspec.json.decode(encoded)


def _told(error: BaseException) -> str:
    """Its first line: jmespath shows the value, which can be the whole event, in lines of its own."""
    return line_of(str(error).partition("\n")[0], _LONGEST_REASON) or type(error).__name__


def _plain(value: object) -> str | None:
    """The text or the number, as a text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return text_of(value, LONGEST_NAME)
    return value if isinstance(value, str) and says(value) else None


def _action(value: object) -> EventAction | None:
    if value is None or value == "":
        return EventAction.TRIGGER
    return ACTIONS.get(value.strip().lower()) if isinstance(value, str) else None


def _key(value: object) -> str | None:
    given = _plain(value)
    if given is None:
        return None
    return text_of(given, LONGEST_KEY) if len(given) <= LONGEST_KEY else f"sha256:{digest_of(given)}"


def _wrong(found: Mapping[str, Any], action: EventAction | None, title: str | None, key: str | None) -> dict[str, str]:
    """What is wrong with the parts that an event cannot be without. Without a key it is known by what it says, and so
    is its end.
    """
    wrong: dict[str, str] = {}
    if action is None:
        wrong["action"] = f"must be one of {', '.join(ACTIONS)}"
    if action is EventAction.TRIGGER and title is None:
        wrong["title"] = "is missing or blank, or is not a text"
    given = found.get("dedup_key")
    if key is None and given is not None and not isinstance(given, str):
        wrong["dedup_key"] = "must be a text or a number"
    elif key is None and title is None and action in (EventAction.ACKNOWLEDGE, EventAction.RESOLVE):
        wrong["dedup_key"] = f"is missing or blank: the action {action} needs it, or the title of its trigger"
    return wrong


def _description(value: object, title: str | None) -> str | None:
    if value is None or value == title or (isinstance(value, str) and not says(value)):
        return None
    return text_of(value, LONGEST_TEXT)


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _unprocessable(mapping: Expressions, failures: Mapping[str, str]) -> Unprocessable:
    given = dict(_given(mapping))
    errors = []
    for name, failure in failures.items():
        place = f"'mapping.{_camel(name)}'" if name in given else f"'{_camel(name)}' ({getattr(DEFAULTS, name)})"
        errors.append(f"{place} {failure}")
    reason = Reason.MAPPING_FAILED if any(name in given for name in failures) else Reason.WRONG_SHAPE
    return Unprocessable(reason, *errors)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
