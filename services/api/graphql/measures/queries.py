"""`incidentMeasures`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.measures.types import IncidentMeasures, MeasureFilter, MeasureGroupResult
from services.api.graphql.scalars import Cursor
from shared.domain.errors import InvalidInput, Issue, is_storable
from shared.domain.measures import Grouping
from shared.store.measures import Figures, Where

USUAL = timedelta(weeks=13)
LONGEST = timedelta(days=400)
MOST_GROUPS = 500
MOST_VALUES = 30
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@strawberry.field
async def incident_measures(
    info: Info,
    from_: Annotated[datetime | None, strawberry.argument(name="from")] = None,
    to: datetime | None = None,
    group_by: Grouping | None = None,
    filter: MeasureFilter | None = None,
) -> IncidentMeasures:
    """What incidents took, of the last 13 weeks unless said otherwise; at most of 400 days, and 500 groups."""
    store = info.context.api.store
    where = _where(*_range(from_, to, store.clock.now()), filter or MeasureFilter())
    as_of = await store.measures.watermark()
    found = await store.measures.figures(where, group_by)
    return IncidentMeasures(
        as_of=Cursor(entry_cursor(as_of)),
        from_=where.begin,
        to=where.end,
        groups=[MeasureGroupResult.of(one, group_by) for one in _ordered(found[:MOST_GROUPS], group_by)],
        capped=len(found) > MOST_GROUPS,
    )


def _range(begin: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Raises InvalidInput."""
    end = end or now
    begin = begin or max(end, EARLIEST + USUAL) - USUAL
    if begin >= end:
        raise InvalidInput(Issue(("from",), "OUT_OF_ORDER", "The range ends before it begins."))
    if end - begin > LONGEST:
        raise InvalidInput(Issue(("from",), "OUT_OF_RANGE", f"A range has at most {LONGEST.days} days."))
    return begin, end


def _where(begin: datetime, end: datetime, asked: MeasureFilter) -> Where:
    """Raises InvalidInput."""
    lists = {
        "serviceIds": asked.service_ids,
        "teamIds": asked.team_ids,
        "priority": asked.priority,
        "category": asked.category,
    }
    for name, values in lists.items():
        if values is not None and len(values) > MOST_VALUES:
            raise InvalidInput(Issue(("filter", name), "TOO_MANY", f"At most {MOST_VALUES} values."))
    if not all(is_storable(text) for text in asked.category or ()):
        raise InvalidInput(Issue(("filter", "category"), "INVALID", "There is no category of such a name."))
    return Where(
        begin,
        end,
        service_ids=_keys("Service", "serviceIds", asked.service_ids),
        team_ids=_keys("Team", "teamIds", asked.team_ids),
        priorities=tuple(asked.priority) if asked.priority is not None else None,
        categories=tuple(asked.category) if asked.category is not None else None,
    )


def _keys(kind: str, name: str, texts: list[ID] | None) -> tuple[str, ...] | None:
    if texts is None:
        return None
    return tuple(parse_id(kind, text, ("filter", name)) for text in texts)


def _ordered(found: list[Figures], by: Grouping | None) -> list[Figures]:
    """Priorities and weeks have an order of their own; those without one come last."""
    if by not in (Grouping.PRIORITY, Grouping.WEEK):
        return found
    return sorted(found, key=lambda one: (one.key is None, one.key or ""))
