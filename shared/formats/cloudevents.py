"""CloudEvents 1.0: its attributes are headers (binary mode), or stand beside its data (structured mode); in a batch
there are several such events.

The data is an object: {action, dedup_key, summary, severity, source, description, labels, links: [{url, text}]}. The
action may also be the last word of the type ("com.example.disk.resolve"), the dedup key be the subject.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from shared.domain.events import LONGEST_KEY, Event, EventAction, EventLink, Reason, Unprocessable
from shared.domain.integrations import Integration
from shared.domain.texts import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE
from shared.formats.documents import (
    auto_key,
    decode,
    decode_any,
    dedup_key_errors,
    digest_of,
    key_of,
    labels_of,
    line_of,
    links_of,
    objects_of,
    refuse_wrong,
    says,
    severity_of,
    text_of,
    time_of,
)

LARGEST = 1024 * 1024
"""Bytes of one message."""

MOST_EVENTS = 1000
"""Events of one batch."""

STRUCTURED = "application/cloudevents"
BATCH = "application/cloudevents-batch"
"""How the content type begins when the attributes stand in the body, of one event or of several."""

PREFIXES = ("ce-", "cloudevents:", "cloudevents_")
"""What the names of headers begin with: HTTP and RabbitMQ, and the two ways of AMQP."""

_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time")
HEADERS = frozenset(f"ce-{name}" for name in _ATTRIBUTES)
"""The attributes of binary mode over HTTP."""

_REQUIRED = ("id", "source", "type")
_ACTIONS = [action.value for action in EventAction]


def parse(integration: Integration, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """The one event, or those of a batch. Raises Unprocessable with every error at once."""
    if _content_type(headers).startswith(BATCH):
        return _several(integration, body)
    if given := _binary(headers):
        return (_event(integration, given, partial(_content, body)),)
    whole = decode(body, LARGEST)
    return (_event(integration, whole, partial(_enclosed, whole)),)


def event_id(headers: Mapping[str, str], body: bytes) -> str | None:
    """What is the same when the same event comes again: a digest of its source and id, or of those of the batch. None
    when it has none.
    """
    try:
        if _content_type(headers).startswith(BATCH):
            return digest_of([_identity(whole) for whole in _batch(body)])
        return digest_of(_identity(_binary(headers) or decode(body, LARGEST)))
    except Unprocessable:
        return None


def _identity(whole: object) -> list[Any]:
    said = [whole.get(name) for name in ("source", "id")] if isinstance(whole, Mapping) else []
    if not said or not all(says(one) for one in said):
        raise Unprocessable(Reason.WRONG_SHAPE, "'source' or 'id' is missing or blank, or is not a string")
    return said


def _several(integration: Integration, body: bytes) -> tuple[Event, ...]:
    events: list[Event] = []
    errors: list[str] = []
    for index, whole in enumerate(_batch(body)):
        try:
            if not isinstance(whole, dict):
                raise Unprocessable(Reason.WRONG_SHAPE, "The event is not a JSON object.")
            events.append(_event(integration, whole, partial(_enclosed, whole)))
        except Unprocessable as error:
            errors += [f"{index}: {text}" for text in error.errors]
    refuse_wrong(errors)
    return tuple(events)


def _batch(body: bytes) -> list[object]:
    """An empty batch says nothing."""
    whole = decode_any(body, LARGEST)
    if not isinstance(whole, list) or not whole:
        raise Unprocessable(Reason.WRONG_SHAPE, "The batch is empty, or is not a JSON list.")
    if len(whole) > MOST_EVENTS:
        raise Unprocessable(Reason.TOO_LARGE, f"The batch has more than {MOST_EVENTS} events.")
    return whole


def _event(integration: Integration, whole: Mapping[str, Any], enclosed: Callable[[], object]) -> Event:
    """The event of these attributes. `enclosed` gives its data; it is asked for once the attributes are right."""
    refuse_wrong(_attribute_errors(whole))
    data = _data(enclosed())
    action = _action(whole, data)
    key = _key(whole, data)
    errors = _data_errors(action, key, data)
    if action is None or errors:
        raise Unprocessable(Reason.WRONG_SHAPE, *errors)
    made = key or auto_key(whole["source"], *(data.get(name) for name in ("summary", "source", "labels")))
    description, labels = data.get("description"), data.get("labels")
    return Event(
        action=action,
        key=made,
        fingerprint=made,
        summary=line_of(data.get("summary"), LONGEST_TITLE),
        source=line_of(data.get("source"), LONGEST_NAME) or line_of(whole["source"], LONGEST_NAME),
        severity=severity_of(integration, data.get("severity")),
        at=time_of(whole.get("time")),
        description=text_of(description, LONGEST_TEXT) if says(description) else None,
        labels=labels_of(labels) if isinstance(labels, dict) else {},
        links=_links(data),
    )


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").strip().lower()


def _binary(headers: Mapping[str, str]) -> dict[str, str]:
    """The attributes that headers name; none in structured mode."""
    if _content_type(headers).startswith(STRUCTURED):
        return {}
    found: dict[str, str] = {}
    for prefix in PREFIXES:
        for name in _ATTRIBUTES:
            value = headers.get(prefix + name, "")
            if says(value):
                found.setdefault(name, text_of(_unescaped(value) if prefix == "ce-" else value, LARGEST))
    return found


def _unescaped(value: str) -> str:
    """A header as HTTP writes it: older senders quote it, present ones encode it."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquote(value)


def _content(body: bytes) -> object:
    """The data of a binary event, which may have none."""
    return decode(body, LARGEST) if body.strip() else None


def _enclosed(whole: Mapping[str, Any]) -> object:
    """The data of a structured event."""
    packed = whole.get("data_base64")
    if packed is None:
        return whole.get("data")
    try:
        return decode(base64.b64decode(packed, validate=True), LARGEST)
    except (binascii.Error, TypeError, ValueError):
        raise Unprocessable(Reason.WRONG_SHAPE, "'data_base64' is not Base64") from None


def _data(said: object) -> dict[str, Any]:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise Unprocessable(Reason.WRONG_SHAPE, "'data' is not an object")
    return said


def _attribute_errors(whole: Mapping[str, Any]) -> list[str]:
    errors = [] if whole.get("specversion") == "1.0" else ["'specversion' must be 1.0"]
    missing = [name for name in _REQUIRED if not says(whole.get(name))]
    return [*errors, *(f"'{name}' is missing or blank, or is not a string" for name in missing)]


def _action(whole: Mapping[str, Any], data: Mapping[str, Any]) -> EventAction | None:
    words = (str(whole["type"]).rpartition(".")[2], data.get("action"))
    return next((EventAction(word) for word in words if word in _ACTIONS), None)


def _key(whole: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    """The key that the event names; a subject names something only within its source."""
    if says(data.get("dedup_key")):
        return text_of(data["dedup_key"], LONGEST_KEY)
    return key_of("subject", f"{whole['source']} {whole['subject']}") if says(whole.get("subject")) else None


def _data_errors(action: EventAction | None, key: str | None, data: Mapping[str, Any]) -> list[str]:
    errors = dedup_key_errors("data.dedup_key", data.get("dedup_key"))
    if action is None:
        known = ", ".join(_ACTIONS)
        return [f"the last word of 'type' or 'data.action' must be one of {known}", *errors]
    if action is EventAction.TRIGGER and not says(data.get("summary")):
        errors.append("'data.summary' is missing or blank, or is not a string")
    if action is not EventAction.TRIGGER and key is None and not errors:
        errors.append(f"'data.dedup_key' and 'subject' are missing: the action {action} needs one of them")
    return errors


def _links(data: Mapping[str, Any]) -> tuple[EventLink, ...]:
    return links_of((one.get("url"), one.get("text")) for one in objects_of(data.get("links")))
