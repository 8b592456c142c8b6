"""Alertmanager's webhook, version 4."""

from collections.abc import Mapping

from shared.domain.events import Event
from shared.domain.integrations import Integration
from shared.formats.alert_groups import Dialect, events_of

_DIALECT = Dialect(links={"generatorURL": "Source"})


def parse(integration: Integration, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """An event for each alert, all under the key of their group. Raises Unprocessable with every error at once."""
    return events_of(integration, body, _DIALECT)
