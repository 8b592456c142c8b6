"""`incident` and `incidents`."""

from typing import Any

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.filters import IncidentFilter, IncidentOrder, filter_of, order_of
from services.api.graphql.incidents.types import Incident, IncidentConnection, IncidentEdge
from services.api.graphql.pages import Window, read_page
from services.api.graphql.scalars import Cursor
from shared.domain import incident as domain


@strawberry.input
class DedupKeyInput:
    """A dedup key, and the service it was reported for (none: reported without a service)."""

    key: str
    service_id: ID | None = None


@strawberry.input(one_of=True)
class IncidentBy:
    """Exactly one of them. A dedup key answers the incident that holds it now, else the last one that held it."""

    id: strawberry.Maybe[ID]
    number: strawberry.Maybe[int]
    dedup_key: strawberry.Maybe[DedupKeyInput]


@strawberry.field
async def incident(info: Info, by: IncidentBy) -> Incident | None:
    """One incident; null when there is none."""
    found: domain.Incident | None = None
    if by.id is not None:
        found = await info.context.loaders.incidents.load(parse_id("Incident", by.id.value, ("by", "id")))
    elif by.number is not None:
        found = await info.context.api.store.incidents.by_number(by.number.value)
    elif by.dedup_key is not None:
        found = await _by_key(info, by.dedup_key.value)
    return Incident.of(found) if found else None


async def _by_key(info: Info, asked: DedupKeyInput) -> domain.Incident | None:
    store = info.context.api.store
    path = ("by", "dedupKey", "serviceId")
    service = "-" if asked.service_id is None else parse_id("Service", asked.service_id, path)
    key = f"report:{service}|{asked.key}"
    holder = await store.incidents.holder(key)
    return holder.value if holder else await store.incidents.last_holder(key)


@strawberry.field
async def incidents(
    info: Info,
    filter: IncidentFilter | None = None,
    order_by: IncidentOrder | None = None,
    first: int | None = None,
    after: Cursor | None = None,
    last: int | None = None,
    before: Cursor | None = None,
) -> IncidentConnection:
    """A page of incidents; `first` is at most 100. The order is PRIORITY unless asked otherwise, of a search NEWEST."""
    where = filter_of(filter)
    order = order_of(order_by, where)
    as_of = info.context.api.tail.head
    store = info.context.api.store

    async def fetch(place: tuple[Any, ...] | None, limit: int, backwards: bool) -> list[domain.Incident]:
        return await store.incidents.page(where, order, place, limit, backwards=backwards)

    window = Window(first, after, last, before)
    page = await read_page(order.name, window, order.place, tuple(int for _ in order.keys), fetch)
    nodes = [Incident.of(value) for value in page.values]
    return IncidentConnection(
        edges=[IncidentEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=page.info,
        as_of=Cursor(entry_cursor(as_of)),
        where=where,
    )
