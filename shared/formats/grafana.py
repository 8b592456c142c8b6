"""Grafana's webhook, version 1: what Alertmanager's has, and links, values, and a title and a message of the whole."""

from collections.abc import Mapping
from typing import Any

from shared.domain.events import Event
from shared.domain.integrations import Integration
from shared.formats.alert_groups import Dialect, described, events_of
from shared.formats.documents import says, text_of

_LINKS = {
    "generatorURL": "Source",
    "dashboardURL": "Dashboard",
    "panelURL": "Panel",
    "silenceURL": "Silence",
    "imageURL": "Image",
}
_MOST_VALUES = 20
_LONGEST_VALUE = 100


def parse(integration: Integration, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """An event for each alert, all under the key of their group. Raises Unprocessable with every error at once."""
    return events_of(integration, body, _DIALECT)


def _description(said: Mapping[str, Any], alert: Mapping[str, Any]) -> str | None:
    """What people wrote, and the values that were measured. They are no labels: they are others each time."""
    parts = (described(said, alert) or _message(said), _values(alert.get("values")))
    return "\n\n".join(part for part in parts if part) or None


def _message(said: Mapping[str, Any]) -> str | None:
    """The message tells of all alerts together."""
    message = said.get("message")
    return message if isinstance(message, str) and says(message) and len(said["alerts"]) == 1 else None


def _values(values: object) -> str | None:
    if not isinstance(values, dict):
        return None
    pairs = list(values.items())[:_MOST_VALUES]
    return ", ".join(f"{text_of(name, _LONGEST_VALUE)} = {text_of(value, _LONGEST_VALUE)}" for name, value in pairs)


_DIALECT = Dialect(links=_LINKS, title="title", describe=_description)
