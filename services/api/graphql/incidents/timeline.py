"""The timeline: an incident's entries as clients see them. It is the log, not a second record."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, global_id
from services.api.graphql.node import PageInfo
from services.api.graphql.scalars import Cursor, serialize_datetime
from shared.domain.commands import ActorKind
from shared.domain.entry import Entry, Standing
from shared.domain.lifecycle import Status
from shared.domain.priority import Priority
from shared.domain.summaries import people_in, summarize

strawberry.enum(Status, name="IncidentStatus")
strawberry.enum(Priority, name="Priority")
strawberry.enum(ActorKind, name="ActorKind")

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
        """The person's present name, or the part of Tocsin that acted."""
        if self.kind is not ActorKind.PERSON:
            return self.key
        user = await info.context.loaders.users.load(self.key)
        return user.name if user else None

    @classmethod
    def of(cls, actor: Any) -> "Actor":
        """From the domain's actor."""
        known = actor.kind is ActorKind.PERSON
        return cls(kind=actor.kind, id=ID(global_id("User", actor.id) if known else actor.id), key=actor.id)


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
        return summarize(self.entry, names)

    @classmethod
    def of(cls, entry: Entry) -> "TimelineEntry":
        """From a row of the log, or of an outbox (then without a cursor)."""
        return cls(
            id=ID(entry.id),
            type=entry.type,
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


def _plain(value: Any) -> Any:
    """JSON values only: times as RFC 3339."""
    if isinstance(value, datetime):
        return serialize_datetime(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


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
