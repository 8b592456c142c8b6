"""Which incidents, and in which order. The same filter serves lists and, but for texts and times, subscriptions."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from services.api.graphql.context import ID
from services.api.graphql.ids import parse_id
from shared.domain.entry import Standing
from shared.domain.errors import InvalidInput, Issue, is_storable
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority
from shared.domain.words import words_of
from shared.store import filters
from shared.store.filters import Between, Filter, Order

MOST_VALUES = 30
MOST_WORDS = 10
LONGEST_SEARCH = 500


@strawberry.input
class LabelFilter:
    """A label that must be there, with this value."""

    key: str
    value: str


@strawberry.input
class TimeRange:
    """From `from` on, up to and without `to`; either may be left out."""

    from_: datetime | None = strawberry.field(name="from", default=None)
    to: datetime | None = None


@strawberry.input
class IncidentFilter:
    """All given conditions must hold; within one, any of its values, but all of the labels. `open` is short for the
    statuses TRIGGERED .. MITIGATED. `breached`: an SLA clock ran out. `text`: all its words occur in title,
    description, findings, root cause, resolution, fix or notes.
    """

    status: list[Status] | None = None
    priority: list[Priority] | None = None
    service_ids: list[ID] | None = None
    team_ids: list[ID] | None = None
    category: list[str] | None = None
    assignee_ids: list[ID] | None = None
    labels: list[LabelFilter] | None = None
    open: bool | None = None
    breached: bool | None = None
    major: bool | None = None
    text: str | None = None
    created_at: TimeRange | None = None
    updated_at: TimeRange | None = None
    resolved_at: TimeRange | None = None


@strawberry.enum
class IncidentOrder(Enum):
    """PRIORITY: the most urgent first, then the oldest. NEWEST: the last reported first. LAST_CHANGED: the last
    changed first.
    """

    PRIORITY = "PRIORITY"
    NEWEST = "NEWEST"
    LAST_CHANGED = "LAST_CHANGED"


_ORDERS = {
    IncidentOrder.PRIORITY: filters.BY_PRIORITY,
    IncidentOrder.NEWEST: filters.NEWEST,
    IncidentOrder.LAST_CHANGED: filters.LAST_CHANGED,
}
_LISTS = {
    "status": "status",
    "priority": "priority",
    "service_ids": "serviceIds",
    "team_ids": "teamIds",
    "category": "category",
    "assignee_ids": "assigneeIds",
    "labels": "labels",
}
_NOT_IN_THE_LOG = {
    "labels": "labels",
    "text": "text",
    "major": "major",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "resolved_at": "resolvedAt",
}


def filter_of(asked: IncidentFilter | None, path: tuple[str, ...] = ("filter",)) -> Filter:
    """The store's filter; `path` is where it stands in the operation's arguments. Raises InvalidInput."""
    if asked is None:
        return Filter()
    for name, shown in _LISTS.items():
        values = getattr(asked, name)
        if values is not None and len(values) > MOST_VALUES:
            raise InvalidInput(Issue((*path, shown), "TOO_MANY", f"At most {MOST_VALUES} values."))
    return Filter(
        statuses=_statuses(asked),
        priorities=_values(asked.priority),
        service_ids=_keys("Service", (*path, "serviceIds"), asked.service_ids),
        team_ids=_keys("Team", (*path, "teamIds"), asked.team_ids),
        categories=_values(asked.category),
        assignee_ids=_keys("User", (*path, "assigneeIds"), asked.assignee_ids),
        labels=_labels((*path, "labels"), asked.labels),
        breached=asked.breached,
        major=asked.major,
        words=_words((*path, "text"), asked.text),
        created=_between((*path, "createdAt"), asked.created_at),
        updated=_between((*path, "updatedAt"), asked.updated_at),
        resolved=_between((*path, "resolvedAt"), asked.resolved_at),
    )


def stream_filter_of(asked: IncidentFilter | None) -> Filter:
    """The filter of a subscription, which is judged by what the log says of an incident at each moment. Raises
    InvalidInput for what the log does not say.
    """
    for name, shown in _NOT_IN_THE_LOG.items():
        if asked is not None and getattr(asked, name) is not None:
            text = f"A subscription cannot be filtered by {shown}."
            raise InvalidInput(Issue(("filter", shown), "UNSUPPORTED", text))
    return filter_of(asked)


def order_of(asked: IncidentOrder | None, where: Filter) -> Order:
    """The store's order: by priority unless asked otherwise; a search by the newest. Raises InvalidInput for a search
    in another order that is not of open incidents only: it would have to look at every incident that ever was.
    """
    if asked is None:
        return filters.NEWEST if where.words else filters.BY_PRIORITY
    order = _ORDERS[asked]
    if where.words and order is not filters.NEWEST and not where.is_of_open:
        text = "A search comes in the order NEWEST, unless the filter has `open: true`."
        raise InvalidInput(Issue(("orderBy",), "UNSUPPORTED", text))
    return order


def matches(where: Filter, standing: Standing | None) -> bool:
    """Whether an incident of that standing is in the filtered list; one that does not exist yet is not."""
    if standing is None:
        return False
    return (
        _holds(where.statuses, standing.status)
        and _holds(where.priorities, standing.priority)
        and _holds(where.categories, standing.category)
        and _holds(where.assignee_ids, standing.assignee_id)
        and (where.service_ids is None or bool(set(where.service_ids) & set(standing.service_ids)))
        and (where.team_ids is None or bool(set(where.team_ids) & set(standing.team_ids)))
        and (where.breached is None or where.breached is standing.breached)
    )


def _holds(wanted: tuple[str, ...] | None, value: str | None) -> bool:
    return wanted is None or value in wanted


def _values(given: list[Any] | None) -> tuple[Any, ...] | None:
    return tuple(given) if given is not None else None


def _keys(kind: str, path: tuple[str, ...], texts: list[ID] | None) -> tuple[str, ...] | None:
    if texts is None:
        return None
    return tuple(parse_id(kind, text, path) for text in texts)


def _labels(path: tuple[str, ...], given: list[LabelFilter] | None) -> tuple[tuple[str, str], ...]:
    for label in given or ():
        if not label.key or label.key.startswith("$") or "." in label.key or not is_storable(label.key):
            text = f"{label.key[:50]!r} is not the key of a label."
            raise InvalidInput(Issue(path, "INVALID", text))
    return tuple((label.key, label.value) for label in given or ())


def _words(path: tuple[str, ...], text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    if len(text) > LONGEST_SEARCH:
        told = f"A search has at most {LONGEST_SEARCH} characters."
        raise InvalidInput(Issue(path, "LENGTH", told))
    found = words_of(text)
    if not found:
        told = "There is no word of two letters or digits to search for."
        raise InvalidInput(Issue(path, "EMPTY", told))
    if len(found) > MOST_WORDS:
        raise InvalidInput(Issue(path, "TOO_MANY", f"A search has at most {MOST_WORDS} words."))
    return tuple(sorted(found, key=len, reverse=True))


def _between(path: tuple[str, ...], asked: TimeRange | None) -> Between:
    if asked is None:
        return Between()
    if asked.from_ and asked.to and asked.from_ >= asked.to:
        raise InvalidInput(Issue(path, "OUT_OF_ORDER", "The range ends before it begins."))
    return Between(asked.from_, asked.to)


def _statuses(asked: IncidentFilter) -> tuple[Status, ...] | None:
    if asked.open is None:
        return tuple(asked.status) if asked.status is not None else None
    wanted = [status for status in Status if (status in OPEN) is asked.open]
    return tuple(status for status in wanted if asked.status is None or status in asked.status)
