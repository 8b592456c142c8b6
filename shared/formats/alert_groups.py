"""Groups of alerts, as Alertmanager's webhook has them: one event for each alert, all under the key of their group.

The status of the whole is "firing" while one alert is: each alert's own status counts. An alert that is not named was
cut off (`truncatedAlerts`), and is not resolved. While an alert fires its `endsAt` is in the year 1; when it is
resolved its annotations may be gone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shared.domain.events import LONGEST_KEY, Event, EventAction, EventLink, Reason, Unprocessable
from shared.domain.integrations import Integration
from shared.domain.texts import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE, url_issues
from shared.formats.documents import (
    decode,
    digest_of,
    key_of,
    labels_of,
    line_of,
    links_of,
    refuse_wrong,
    says,
    severity_of,
    text_of,
    time_of,
)

LARGEST = 1024 * 1024
"""Bytes of one message."""

MOST_ALERTS = 1000
"""Alerts of one message."""

_ACTIONS = {"firing": EventAction.TRIGGER, "resolved": EventAction.RESOLVE}
_RUNBOOKS = ("runbook_url", "runbook")


def described(said: Mapping[str, Any], alert: Mapping[str, Any]) -> str | None:
    """What people wrote about an alert at length."""
    notes = _part(alert, "annotations")
    return next((notes[name] for name in ("description", "message") if says(notes.get(name))), None)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one sender of groups has beside the others.

    links: which fields of an alert are addresses, and how people call them. title: the field of the whole that names
    an alert which has no name. describe: the description of an alert, from the whole and from itself.
    """

    links: Mapping[str, str]
    title: str | None = None
    describe: Callable[[Mapping[str, Any], Mapping[str, Any]], str | None] = described


def events_of(integration: Integration, body: bytes, dialect: Dialect) -> tuple[Event, ...]:
    """The events of a message. Raises Unprocessable with every error at once."""
    said = decode(body, LARGEST)
    alerts = said.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise Unprocessable(Reason.WRONG_SHAPE, "'alerts' is missing or empty, or is not a list")
    if len(alerts) > MOST_ALERTS:
        raise Unprocessable(Reason.TOO_LARGE, f"'alerts' has more than {MOST_ALERTS} alerts")
    errors = [] if says(said.get("groupKey")) else ["'groupKey' is missing or blank, or is not a string"]
    title = line_of(said.get(dialect.title), LONGEST_TITLE) if dialect.title else None
    for index, alert in enumerate(alerts):
        errors += _errors(f"alerts.{index}", alert, title)
    refuse_wrong(errors)
    key = key_of("group", said["groupKey"])
    return tuple(_event(integration, key, said, alert, title, dialect) for alert in alerts)


def _errors(path: str, alert: object, title: str | None) -> list[str]:
    if not isinstance(alert, dict):
        return [f"'{path}' is not an object"]
    errors = []
    status = alert.get("status")
    if status not in list(_ACTIONS):
        errors.append(f"'{path}.status' must be one of {', '.join(_ACTIONS)}")
    objects = {name: alert.get(name) for name in ("labels", "annotations")}
    wrong = [
        f"'{path}.{name}' is not an object" for name, value in objects.items() if not isinstance(value or {}, dict)
    ]
    if wrong:
        return [*errors, *wrong]
    if status == "firing" and not _summary(alert, title):
        errors.append(f"'{path}' has neither labels nor an annotation that says what is wrong")
    if not says(alert.get("fingerprint")) and not objects["labels"]:
        errors.append(f"'{path}.fingerprint' is missing, and so are the labels")
    return errors


def _event(
    integration: Integration,
    key: str,
    said: Mapping[str, Any],
    alert: Mapping[str, Any],
    title: str | None,
    dialect: Dialect,
) -> Event:
    labels = _part(alert, "labels")
    description = dialect.describe(said, alert)
    firing = alert["status"] == "firing"
    return Event(
        action=_ACTIONS[alert["status"]],
        key=key,
        fingerprint=_fingerprint(alert),
        summary=_summary(alert, title) if firing else _annotated(alert),
        source=_source(said, labels),
        severity=severity_of(integration, labels.get("severity")),
        at=time_of(alert.get("startsAt" if firing else "endsAt")),
        description=text_of(description, LONGEST_TEXT) if description else None,
        labels=labels_of(labels),
        links=_links(said, alert, dialect),
    )


def _part(alert: Mapping[str, Any], name: str) -> dict[str, Any]:
    return alert.get(name) or {}


def _fingerprint(alert: Mapping[str, Any]) -> str:
    given = alert.get("fingerprint")
    if isinstance(given, str) and says(given) and len(given) <= LONGEST_KEY:
        return text_of(given, LONGEST_KEY)
    return digest_of(given if says(given) else _part(alert, "labels"))


def _annotated(alert: Mapping[str, Any]) -> str | None:
    """What people wrote about the alert, in one line."""
    notes = _part(alert, "annotations")
    first = (described({}, alert) or "").strip().partition("\n")[0]
    lines = (line_of(one, LONGEST_TITLE) for one in (notes.get("summary"), notes.get("title"), first))
    return next((line for line in lines if line), None)


def _summary(alert: Mapping[str, Any], title: str | None) -> str | None:
    """What is wrong. A resolved alert without annotations has none: its name would say less than its trigger did."""
    labels = _part(alert, "labels")
    name, instance = line_of(labels.get("alertname"), LONGEST_TITLE), line_of(labels.get("instance"), LONGEST_TITLE)
    named = f"{name} on {instance}" if name and instance else name
    plain = ", ".join(f"{key}={text_of(value, LONGEST_NAME)}" for key, value in list(labels.items())[:10])
    return _annotated(alert) or line_of(named, LONGEST_TITLE) or title or line_of(plain, LONGEST_TITLE)


def _source(said: Mapping[str, Any], labels: Mapping[str, Any]) -> str | None:
    url = said.get("externalURL")
    host = urlsplit(url).hostname if isinstance(url, str) and not url_issues("url", url) else None
    named = (line_of(one, LONGEST_NAME) for one in (labels.get("instance"), labels.get("job"), host))
    return next((one for one in named if one), None)


def _links(said: Mapping[str, Any], alert: Mapping[str, Any], dialect: Dialect) -> tuple[EventLink, ...]:
    notes = _part(alert, "annotations")
    pairs: list[tuple[object, object]] = [(notes.get(name), "Runbook") for name in _RUNBOOKS]
    pairs += [(alert.get(name), text) for name, text in dialect.links.items()]
    return links_of([*pairs, (said.get("externalURL"), "Alerts")])
