"""Which incidents, and in which order. The same filter serves lists and subscriptions."""

from enum import Enum

import strawberry

from services.api.graphql.context import ID
from services.api.graphql.ids import parse_id
from shared.domain.entry import Standing
from shared.domain.errors import InvalidInput, Issue
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority
from shared.store.incidents import BY_PRIORITY, NEWEST, Filter, Order

MOST_VALUES = 50


@strawberry.input
class IncidentFilter:
    """All given conditions must hold; within one, any of its values. `open` is short for the statuses
    TRIGGERED .. MITIGATED.
    """

    status: list[Status] | None = None
    priority: list[Priority] | None = None
    service_ids: list[ID] | None = None
    open: bool | None = None


@strawberry.enum
class IncidentOrder(Enum):
    """PRIORITY: the most urgent first, then the oldest. NEWEST: the last reported first."""

    PRIORITY = "PRIORITY"
    NEWEST = "NEWEST"


def filter_of(asked: IncidentFilter | None) -> Filter:
    """The store's filter. Raises InvalidInput."""
    if asked is None:
        return Filter()
    for name in ("status", "priority", "service_ids"):
        values = getattr(asked, name)
        if values is not None and len(values) > MOST_VALUES:
            raise InvalidInput(Issue(("filter", name), "TOO_MANY", f"At most {MOST_VALUES} values."))
    keys = None
    if asked.service_ids is not None:
        keys = tuple(parse_id("Service", text, ("filter", "serviceIds")) for text in asked.service_ids)
    priorities = tuple(asked.priority) if asked.priority is not None else None
    return Filter(_statuses(asked), priorities, keys)


def _statuses(asked: IncidentFilter) -> tuple[Status, ...] | None:
    if asked.open is None:
        return tuple(asked.status) if asked.status is not None else None
    wanted = [status for status in Status if (status in OPEN) is asked.open]
    return tuple(status for status in wanted if asked.status is None or status in asked.status)


def order_of(asked: IncidentOrder) -> Order:
    """The store's order."""
    return BY_PRIORITY if asked is IncidentOrder.PRIORITY else NEWEST


def matches(where: Filter, standing: Standing | None) -> bool:
    """Whether an incident of that standing is in the filtered list; one that does not exist yet is not."""
    if standing is None:
        return False
    return (
        (where.statuses is None or standing.status in where.statuses)
        and (where.priorities is None or standing.priority in where.priorities)
        and (where.service_ids is None or bool(set(where.service_ids) & set(standing.service_ids)))
    )
