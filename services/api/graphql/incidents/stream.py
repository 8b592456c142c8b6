"""`incidentEvents` and `incidentChanged`: live, in order, and never missing an event.

With a filter the stream says what becomes of the filtered list: an incident enters it, changes in it, leaves
it. That is judged by the incident's standing before and after each fact, as the log has it; so a replay says
the same as the live stream did.
"""

import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, global_id, list_cursor, parse_entry_cursor, parse_id
from services.api.graphql.incidents.filters import IncidentFilter, matches, stream_filter_of
from services.api.graphql.incidents.timeline import TimelineEntry
from services.api.graphql.incidents.types import Incident, IncidentEdge
from services.api.graphql.scalars import Cursor
from shared.domain.entry import Entry
from shared.domain.errors import Forbidden
from shared.store.filters import BY_PRIORITY, Filter
from shared.telemetry import SUBSCRIPTIONS

ASK_AGAIN = 1.0


@strawberry.interface
class IncidentStreamItem:
    """`cursor`: subscribe after it to go on from here. `incident` is its present state (drop an older
    `version`).
    """

    cursor: Cursor
    type: str
    at: datetime
    key: strawberry.Private[str | None] = None

    @strawberry.field
    async def incident(self, info: Info) -> Incident | None:
        """The incident as it is now; what it was then, the entry says."""
        found = await info.context.loaders.incidents.load(self.key) if self.key else None
        return Incident.of(found) if found else None


@strawberry.type
class Changed(IncidentStreamItem):
    """A fact about an incident of the list. `idempotencyKey`: of the command that caused it, to know one's
    own.
    """

    entry: TimelineEntry
    idempotency_key: str | None


@strawberry.type
class Entered(IncidentStreamItem):
    """An incident came into the list, by `entry`."""

    entry: TimelineEntry

    @strawberry.field
    async def edge(self, info: Info) -> IncidentEdge | None:
        """The incident with its cursor in the order by priority."""
        found = await info.context.loaders.incidents.load(self.key) if self.key else None
        if found is None:
            return None
        place = list_cursor(BY_PRIORITY.name, BY_PRIORITY.place(found))
        return IncidentEdge(cursor=Cursor(place), node=Incident.of(found))


@strawberry.type
class Left(IncidentStreamItem):
    """An incident is not of the list any more; `reason` is the fact that took it out."""

    id: ID
    reason: str
    entry: TimelineEntry


@strawberry.type
class CaughtUp(IncidentStreamItem):
    """All that had happened when you subscribed has been sent; what follows is live."""


@strawberry.type
class Resync(IncidentStreamItem):
    """Your cursor is not of this log (restored from a backup?): read your lists again; the stream goes on
    from `from`.
    """

    from_: Cursor = strawberry.field(name="from")


@strawberry.subscription
async def incident_events(
    info: Info,
    after: Cursor | None = None,
    filter: IncidentFilter | None = None,
) -> AsyncIterator[IncidentStreamItem]:
    """Every fact of every incident in the filter, after a cursor (default: from now on)."""
    where = stream_filter_of(filter)
    async for item in _stream(info, parse_entry_cursor(after) if after is not None else None, where, None):
        yield item


@strawberry.subscription
async def incident_changed(info: Info, id: ID, after: Cursor | None = None) -> AsyncIterator[IncidentStreamItem]:
    """Every fact of one incident, after a cursor (default: from now on)."""
    key = parse_id("Incident", id, ("id",))
    async for item in _stream(info, parse_entry_cursor(after) if after is not None else None, Filter(), key):
        yield item


async def _stream(info: Info, after: int | None, where: Filter, only: str | None) -> AsyncIterator[IncidentStreamItem]:
    api = info.context.api
    head = await api.store.log.head()
    position = head if after is None else after
    SUBSCRIPTIONS.inc()
    try:
        if position > head:
            yield Resync(cursor=_cursor(head), type="resync", at=api.store.clock.now(), from_=_cursor(head))
            position = head
        behind, asked_at = position < head, time.monotonic()
        if not behind:
            yield CaughtUp(cursor=_cursor(position), type="caught_up", at=api.store.clock.now())
        async for batch in api.tail.follow(position):
            for entry in batch:
                position = entry.position or position
                if item := _item(entry, where, only):
                    info.context.asked = 0
                    yield item
            if behind and position >= head:
                behind = False
                yield CaughtUp(cursor=_cursor(position), type="caught_up", at=api.store.clock.now())
            if time.monotonic() - asked_at > ASK_AGAIN:
                asked_at = time.monotonic()
                await _ask_again(info)
    finally:
        SUBSCRIPTIONS.dec()


async def _ask_again(info: Info) -> None:
    """End the stream when its token has been revoked."""
    if await info.context.api.auth.by_digest(info.context.viewer.digest) is None:
        raise Forbidden("The token has been revoked.")


def _item(entry: Entry, where: Filter, only: str | None) -> IncidentStreamItem | None:
    if entry.aggregate == "action_item":
        return _of_action_item(entry, where, only)
    if entry.aggregate != "incident" or (only is not None and entry.subject != only):
        return None
    was, now = matches(where, entry.was), matches(where, entry.now)
    at: dict[str, Any] = {
        "cursor": _cursor(entry.position or 0),
        "type": entry.type,
        "at": entry.at,
        "key": entry.subject,
    }
    shown = TimelineEntry.of(entry)
    if was and not now:
        return Left(**at, id=ID(global_id("Incident", entry.subject)), reason=entry.type, entry=shown)
    if now and not was:
        return Entered(**at, entry=shown)
    return Changed(**at, entry=shown, idempotency_key=entry.key) if now else None


def _of_action_item(entry: Entry, where: Filter, only: str | None) -> IncidentStreamItem | None:
    """What happens to an action item stands on its incident's timeline; no filter of incidents says where."""
    incident_id = str(entry.data.get("incident_id"))
    if only != incident_id and (only is not None or where != Filter()):
        return None
    cursor = _cursor(entry.position or 0)
    shown = TimelineEntry.of(entry)
    return Changed(cursor=cursor, type=shown.type, at=entry.at, key=incident_id, entry=shown, idempotency_key=entry.key)


def _cursor(position: int) -> Cursor:
    return Cursor(entry_cursor(position))
