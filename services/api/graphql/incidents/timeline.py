"""The timeline: an incident's entries as clients see them. It is the log, not a second record."""

import asyncio
import heapq
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, global_id, parse_entry_cursor
from services.api.graphql.node import PageInfo
from services.api.graphql.pages import Window, limit_of
from services.api.graphql.scalars import Cursor, serialize_datetime
from shared.domain.commands import ActorKind
from shared.domain.entry import Entry, Standing
from shared.domain.lifecycle import Status
from shared.domain.priority import Priority
from shared.domain.summaries import people_in, summarize

strawberry.enum(Status, name="IncidentStatus")
strawberry.enum(Priority, name="Priority")
strawberry.enum(ActorKind, name="ActorKind")

USUAL_ENTRIES = 50
ID_OF = {
    "user_id": "User", "ceded_by": "User", "responders": "User", "unreachable": "User",
    "service_ids": "Service", "team_ids": "Team", "integration_id": "Integration",
    "incident_id": "Incident", "into": "Incident", "out_of": "Incident", "recurrence_of": "Incident",
}  # fmt: skip
"""The fields of facts that hold keys, and whose keys they are."""

NODES = {ActorKind.PERSON: "User", ActorKind.INTEGRATION: "Integration"}
"""The actors that can be asked for by their id, and what they are."""

REASONS = ("reason", "why", "rule", "explanation", "cause")
"""The fields in which facts say why."""


@strawberry.type
class Actor:
    """Who acted. `name` is resolved on reading; null when it is not known (any more)."""

    kind: ActorKind
    id: ID
    key: strawberry.Private[str]

    @strawberry.field
    async def name(self, info: Info) -> str | None:
        """The person's or the integration's present name, or the part of Tocsin that acted."""
        if self.kind is ActorKind.SYSTEM:
            return self.key
        loaders = info.context.loaders
        known = await (loaders.users if self.kind is ActorKind.PERSON else loaders.integrations).load(self.key)
        return known.name if known else None

    @classmethod
    def of(cls, actor: Any) -> "Actor":
        """From the domain's actor."""
        known = NODES.get(actor.kind)
        return cls(kind=actor.kind, id=ID(global_id(known, actor.id) if known else actor.id), key=actor.id)


@strawberry.type
class IncidentStanding:
    """What filters look at, at one moment."""

    status: Status
    priority: Priority | None
    service_ids: list[ID]
    team_ids: list[ID]
    category: str | None
    assignee_id: ID | None
    breached: bool

    @classmethod
    def of(cls, standing: Standing) -> "IncidentStanding":
        """From the domain's standing."""
        return cls(
            status=Status(standing.status),
            priority=Priority(standing.priority) if standing.priority else None,
            service_ids=[ID(global_id("Service", key)) for key in standing.service_ids],
            team_ids=[ID(global_id("Team", key)) for key in standing.team_ids],
            category=standing.category,
            assignee_id=ID(global_id("User", standing.assignee_id)) if standing.assignee_id else None,
            breached=standing.breached,
        )


@strawberry.type
class TimelineEntry:
    """One fact of the incident's life. `type` may be one that you do not know; `summary` always says it in words.
    `via`: the way by which it came; `reason`: why, if anybody or anything said so; `was` and `now`: where the incident
    stood before and after.
    """

    id: ID
    type: str
    at: datetime
    actor: Actor
    via: str
    note: str | None
    reason: str | None
    cursor: Cursor | None
    was: IncidentStanding | None
    now: IncidentStanding | None
    data: JSON
    entry: strawberry.Private[Entry]

    @strawberry.field
    async def summary(self, info: Info) -> str:
        """A sentence for people, with present names."""
        ids = people_in(self.entry)
        users = await info.context.loaders.users.load_many(ids)
        names = {key: user.name for key, user in zip(ids, users, strict=True) if user}
        by = self.entry.actor
        if by.kind is ActorKind.INTEGRATION and (source := await info.context.loaders.integrations.load(by.id)):
            names[by.id] = source.name
        return summarize(self.entry, names)

    @classmethod
    def of(cls, entry: Entry) -> "TimelineEntry":
        """From a row of the log, or of an outbox (then without a cursor)."""
        return cls(
            id=ID(entry.id),
            type=type_of(entry),
            at=entry.at,
            actor=Actor.of(entry.actor),
            via=entry.via,
            note=entry.note,
            reason=next((str(entry.data[name]) for name in REASONS if entry.data.get(name)), entry.note),
            cursor=Cursor(entry_cursor(entry.position)) if entry.position else None,
            was=IncidentStanding.of(entry.was) if entry.was else None,
            now=IncidentStanding.of(entry.now) if entry.now else None,
            data=JSON(_plain(entry.data)),
            entry=entry,
        )


def type_of(entry: Entry) -> str:
    """The fact's name; that of an action item's begins with "action_item."."""
    return entry.type if entry.aggregate == "incident" else f"{entry.aggregate}.{entry.type}"


def _plain(value: Any, name: str = "") -> Any:
    """As clients know it: times as RFC 3339, names in camelCase, global ids."""
    if isinstance(value, datetime):
        return serialize_datetime(value)
    if isinstance(value, dict):
        return {_camel(key): _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, name) for inner in value]
    return global_id(ID_OF[name], value) if name in ID_OF and isinstance(value, str) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@strawberry.type
class TimelineEdge:
    """An entry with its cursor; null while the entry waits to be logged."""

    cursor: Cursor | None
    node: TimelineEntry


@strawberry.type
class Timeline:
    """The incident's facts, oldest first. What was written but not logged yet stands at the end of the last
    page.
    """

    edges: list[TimelineEdge]
    nodes: list[TimelineEntry]
    page_info: PageInfo


async def read_timeline(info: Info, key: str, window: Window) -> Timeline:
    """The page of an incident's timeline that `window` asks for. Raises InvalidInput."""
    limit, backwards = limit_of(window, USUAL_ENTRIES)
    text, name = (window.before, "before") if backwards else (window.after, "after")
    position = parse_entry_cursor(text, (name,)) if text is not None else None
    if backwards:
        entries, more = await _latest(info, key, position, limit)
    else:
        entries, more = await _following(info, key, position or 0, limit)
    nodes = [TimelineEntry.of(entry) for entry in entries]
    placed = [node.cursor for node in nodes if node.cursor]
    page_info = PageInfo(
        has_next_page=position is not None if backwards else more,
        has_previous_page=more if backwards else position is not None,
        start_cursor=placed[0] if placed else None,
        end_cursor=placed[-1] if placed else None,
    )
    edges = [TimelineEdge(cursor=node.cursor, node=node) for node in nodes]
    return Timeline(edges=edges, nodes=nodes, page_info=page_info)


async def _following(info: Info, key: str, position: int, limit: int) -> tuple[list[Entry], bool]:
    """Up to `limit` entries after `position`, and whether there are more; what waits to be logged comes last."""
    subjects, waiting = await _waiting(info, key)
    rows = await info.context.api.store.log.timeline(subjects, position, limit + 1)
    if len(rows) > limit:
        return rows[:limit], True
    return [*rows, *await _unlogged(info, waiting, rows)], False


async def _latest(info: Info, key: str, position: int | None, limit: int) -> tuple[list[Entry], bool]:
    """The last entries, up to `limit`, before `position` (from the end, when there is none), and whether there are more
    before them. What waits to be logged stands at the end, and does not count.
    """
    subjects, waiting = await _waiting(info, key)
    rows = await info.context.api.store.log.latest(subjects, position, limit + 1)
    unlogged = await _unlogged(info, waiting, rows) if position is None else []
    return [*reversed(rows[:limit]), *unlogged], len(rows) > limit


async def _waiting(info: Info, key: str) -> tuple[tuple[str, ...], list[Entry]]:
    """Whose rows make up the timeline, and the entries that wait to be logged.

    They are read before the log: an entry that is logged in between is then found in both, never in neither.
    """
    store = info.context.api.store
    own, (item_ids, of_items) = await asyncio.gather(
        store.incidents.pending_entries(key), store.action_items.waiting(key)
    )
    return (key, *item_ids), list(heapq.merge(own, of_items, key=lambda entry: entry.at))


async def _unlogged(info: Info, waiting: list[Entry], rows: list[Entry]) -> list[Entry]:
    logged = {entry.id for entry in rows}
    known = await info.context.api.store.log.known({entry.id for entry in waiting} - logged)
    return [entry for entry in waiting if entry.id not in logged and entry.id not in known]
