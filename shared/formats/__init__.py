"""Formats: how sources write their events, one file each. Pure: bytes in, events out."""

from collections.abc import Callable, Mapping

from shared.domain.events import Event
from shared.domain.integrations import Format, Integration
from shared.formats import alert_groups, alertmanager, cloudevents, generic, grafana, pagerduty

Parse = Callable[[Integration, Mapping[str, str], bytes], tuple[Event, ...]]
"""(integration, headers in lower case, body) -> its events. Raises Unprocessable."""

FORMATS: Mapping[Format, Parse] = {
    Format.PAGERDUTY: pagerduty.parse,
    Format.ALERTMANAGER: alertmanager.parse,
    Format.GRAFANA: grafana.parse,
    Format.CLOUDEVENTS: cloudevents.parse,
    Format.GENERIC: generic.parse,
}

LARGEST: Mapping[Format, int] = {
    Format.PAGERDUTY: pagerduty.LARGEST,
    Format.ALERTMANAGER: alert_groups.LARGEST,
    Format.GRAFANA: alert_groups.LARGEST,
    Format.CLOUDEVENTS: cloudevents.LARGEST,
    Format.GENERIC: generic.LARGEST,
}
"""Bytes of a message."""

HEADERS = frozenset({"content-type", *cloudevents.HEADERS})
"""The headers that a format reads, in lower case."""


def parse(integration: Integration, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """The events of a message, at least one, as the integration's format has them. Raises Unprocessable."""
    return FORMATS[integration.format](integration, headers, body)


def event_id(integration: Integration, headers: Mapping[str, str], body: bytes) -> str | None:
    """What is the same when the same message comes again; None when its format does not say."""
    return cloudevents.event_id(headers, body) if integration.format is Format.CLOUDEVENTS else None
