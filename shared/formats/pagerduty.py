"""PagerDuty's Events API v2 (developer.pagerduty.com, "Send an event"): one event a message."""

from collections.abc import Mapping
from typing import Any

from shared.domain.events import LONGEST_KEY, Event, EventAction, EventLink
from shared.domain.integrations import Integration
from shared.domain.priority import Severity
from shared.domain.texts import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE
from shared.formats.documents import (
    auto_key,
    decode,
    dedup_key_errors,
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

LARGEST = 512_000
"""Bytes of one event."""

_ACTIONS = [action.value for action in EventAction]
_LABELS = ("component", "group", "class")


def parse(integration: Integration, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """The one event. Raises Unprocessable with every error at once."""
    return (event_of(integration, decode(body, LARGEST)),)


def event_of(integration: Integration, said: Mapping[str, Any]) -> Event:
    """The event that a decoded message is. Raises Unprocessable."""
    payload = said.get("payload")
    refuse_wrong([*_errors(said), *_payload_errors(integration, said, payload)])
    told: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
    details = told.get("custom_details")
    key = text_of(said["dedup_key"], LONGEST_KEY) if says(said.get("dedup_key")) else _auto(told)
    return Event(
        action=EventAction(said["event_action"]),
        key=key,
        fingerprint=key,
        summary=line_of(told.get("summary"), LONGEST_TITLE),
        source=line_of(told.get("source"), LONGEST_NAME),
        severity=severity_of(integration, told.get("severity"), {}),
        at=time_of(told.get("timestamp")),
        description=text_of(details, LONGEST_TEXT) if says(details) else None,
        labels=_labels(said, told),
        links=_links(said),
    )


def _errors(said: Mapping[str, Any]) -> list[str]:
    errors = []
    if "routing_key" in said and not isinstance(said["routing_key"], str):
        errors.append("'routing_key' must be a string")
    action, key = said.get("event_action"), said.get("dedup_key")
    if action is None or action == "":
        errors.append("'event_action' is missing or blank")
    elif action not in _ACTIONS:
        errors.append(f"'event_action' must be one of {', '.join(_ACTIONS)}")
    wrong = dedup_key_errors("dedup_key", key)
    if not wrong and not says(key) and action in _ACTIONS and action != EventAction.TRIGGER:
        wrong = [f"'dedup_key' is missing or blank: the action {action} needs it"]
    return [*errors, *wrong]


def _payload_errors(integration: Integration, said: Mapping[str, Any], payload: object) -> list[str]:
    """A trigger must say what is wrong; the other actions are understood without a payload."""
    if said.get("event_action") != EventAction.TRIGGER:
        return []
    if not isinstance(payload, dict):
        return ["'payload' is missing or is not an object"]
    errors = []
    for name in ("summary", "source", "severity"):
        value = payload.get(name)
        if value is not None and not isinstance(value, str):
            errors.append(f"'payload.{name}' must be a string")
        elif not says(value):
            errors.append(f"'payload.{name}' is missing or blank")
    if says(payload.get("severity")) and severity_of(integration, payload["severity"], {}) is None:
        errors.append(f"'payload.severity' must be one of {', '.join(Severity)}")
    return errors


def _auto(payload: Mapping[str, Any]) -> str:
    return auto_key(*(payload.get(name) for name in ("summary", "source", *_LABELS, "custom_details")))


def _labels(said: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, str]:
    """The named parts, then the details, which do not override them."""
    details = payload.get("custom_details")
    if not isinstance(details, dict):
        details = {} if isinstance(details, str) else {"custom_details": details}
    named = {name: payload.get(name) for name in _LABELS} | {"client": said.get("client")}
    told = {name: value for name, value in named.items() if value not in (None, "")}
    return labels_of(told | {name: value for name, value in details.items() if name not in told})


def _links(said: Mapping[str, Any]) -> tuple[EventLink, ...]:
    pairs: list[tuple[object, object]] = [(said.get("client_url"), said.get("client"))]
    pairs += [(one.get("href"), one.get("text")) for one in objects_of(said.get("links"))]
    pairs += [(one.get("href") or one.get("src"), one.get("alt")) for one in objects_of(said.get("images"))]
    return links_of(pairs)
