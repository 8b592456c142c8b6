"""The incident as clients see it."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, global_id, parse_entry_cursor
from services.api.graphql.node import Count, Node, PageInfo
from services.api.graphql.scalars import Cursor, serialize_datetime
from services.api.graphql.services.types import Service
from services.api.graphql.users.types import User
from shared.domain import incident as domain
from shared.domain import lifecycle
from shared.domain.commands import ActorKind
from shared.domain.entry import Entry, Standing, summarize
from shared.domain.errors import InvalidInput, Issue
from shared.domain.lifecycle import Action as IncidentAction
from shared.domain.lifecycle import Status as IncidentStatus
from shared.domain.priority import Level, Priority, Severity

MOST_ENTRIES = 100
MOST_COUNTED = 10_000
OFFERED = (
    IncidentAction.ACKNOWLEDGE,
    IncidentAction.INVESTIGATE,
    IncidentAction.MITIGATE,
    IncidentAction.RESOLVE,
    IncidentAction.CLOSE,
)

strawberry.enum(IncidentStatus, name="IncidentStatus")
strawberry.enum(IncidentAction, name="IncidentAction")
strawberry.enum(Priority, name="Priority")
strawberry.enum(Level, name="Level")
strawberry.enum(Severity, name="Severity")
strawberry.enum(domain.Prioritization, name="Prioritization")
strawberry.enum(domain.EscalationState, name="EscalationState")
strawberry.enum(ActorKind, name="ActorKind")


@strawberry.type
class Label:
    """One label."""

    key: str
    value: str


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

    status: IncidentStatus
    priority: Priority | None
    service_ids: list[ID]

    @classmethod
    def of(cls, standing: Standing) -> "IncidentStanding":
        """From the domain's standing."""
        return cls(
            status=lifecycle.Status(standing.status),
            priority=Priority(standing.priority) if standing.priority else None,
            service_ids=[ID(global_id("Service", key)) for key in standing.service_ids],
        )


@strawberry.type
class TimelineEntry:
    """One fact of the incident's life. `type` may be one that you do not know; `summary` always says it in
    words.
    """

    id: ID
    type: str
    at: datetime
    actor: Actor
    via: str
    note: str | None
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
            cursor=Cursor(entry_cursor(entry.position)) if entry.position else None,
            was=IncidentStanding.of(entry.was) if entry.was else None,
            now=IncidentStanding.of(entry.now) if entry.now else None,
            data=JSON(_plain(entry.data)),
            entry=entry,
        )


def people_in(entry: Entry) -> list[str]:
    """The ids of the people whom an entry speaks of."""
    ids = [entry.actor.id] if entry.actor.kind is ActorKind.PERSON else []
    if user_id := entry.data.get("user_id"):
        ids.append(str(user_id))
    return ids + [str(page["user_id"]) for page in entry.data.get("pages", ())]


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


@strawberry.type
class ActionState:
    """Whether a button should be shown: what it requires, and why it is blocked."""

    action: IncidentAction
    allowed: bool
    requires: list[str]
    blocked_by: str | None


@strawberry.enum
class PendingActionType(Enum):
    """What Tocsin does next by itself."""

    ESCALATE = "escalate"


@strawberry.type
class PendingAction:
    """Something that happens at `at` unless someone acts. `target` says to whom or what."""

    type: PendingActionType
    at: datetime
    target: str | None


@strawberry.type
class EscalationStatus:
    """Where the escalation stands. `cycle` never resets; `nextStep` counts from 0."""

    state: domain.EscalationState
    cycle: int
    next_step: int
    policy: str | None


@strawberry.type
class Incident(Node):
    """The unit of response."""

    number: int
    reference: str
    title: str
    description: str | None
    status: IncidentStatus
    is_open: bool
    priority: Priority | None
    prioritization: domain.Prioritization
    impact: Level | None
    urgency: Level | None
    explanation: str | None
    severity: Severity | None
    category: str | None
    subcategory: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    triggered_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    canceled_at: datetime | None
    workaround: str | None
    resolution: str | None
    fix: str | None
    review: str | None
    insights: str | None
    reopen_count: int
    repeats: int
    value: strawberry.Private[domain.Incident]

    @strawberry.field
    def labels(self) -> list[Label]:
        """Key and value pairs from the report."""
        return [Label(key=key, value=value) for key, value in self.value.labels.items()]

    @strawberry.field
    def reporter(self) -> Actor:
        """Who reported it."""
        return Actor.of(self.value.reporter)

    @strawberry.field
    async def services(self, info: Info) -> list[Service]:
        """The affected services."""
        found = await info.context.loaders.services.load_many(self.value.service_ids)
        return [Service.of(service) for service in found if service]

    @strawberry.field
    async def responders(self, info: Info) -> list[User]:
        """The people who work on it, in the order in which they joined."""
        found = await info.context.loaders.users.load_many(self.value.responders)
        return [User.of(user) for user in found if user]

    @strawberry.field
    def escalation(self) -> EscalationStatus:
        """Where the escalation stands."""
        escalation = self.value.escalation
        policy = escalation.policy.name if escalation.policy else None
        return EscalationStatus(
            state=escalation.state, cycle=escalation.cycle, next_step=escalation.step, policy=policy
        )

    @strawberry.field
    def actions(self) -> list[ActionState]:
        """Every action that has a mutation, and whether the present status allows it."""
        possible = lifecycle.allowed(self.value.status)
        return [
            ActionState(
                action=action,
                allowed=action in possible,
                requires=list(move.requires),
                blocked_by=None if action in possible else f"the incident is {self.value.status}",
            )
            for action, move in lifecycle.MOVES.items()
            if action in OFFERED
        ]

    @strawberry.field
    async def pending_actions(self, info: Info) -> list[PendingAction]:
        """What happens next by itself, and when; the earliest first."""
        target = await self._next_people(info)
        pending = [
            PendingAction(type=PendingActionType(kind), at=at, target=target)
            for kind, at in self.value.timers.items()
            if kind in {known.value for known in PendingActionType}
        ]
        return sorted(pending, key=lambda action: action.at)

    async def _next_people(self, info: Info) -> str | None:
        escalation = self.value.escalation
        if not escalation.policy or escalation.step >= len(escalation.policy.steps):
            return None
        users = await info.context.loaders.users.load_many(escalation.policy.steps[escalation.step].user_ids)
        return ", ".join(user.name for user in users if user)

    @strawberry.field
    async def timeline(self, info: Info, first: int = 50, after: Cursor | None = None) -> Timeline:
        """What happened, oldest first: the log, and the caller's own last write."""
        if not 1 <= first <= MOST_ENTRIES:
            raise InvalidInput(Issue(("first",), "OUT_OF_RANGE", f"first is 1 to {MOST_ENTRIES}, not {first}."))
        position = parse_entry_cursor(after) if after else 0
        # The outbox is read first: an entry that is logged in between is then found in both, never in
        # neither.
        waiting = await info.context.api.store.incidents.pending_entries(self.value.id)
        rows = await info.context.api.store.log.timeline(self.value.id, position, first + 1)
        more = len(rows) > first
        entries = rows[:first]
        if not more:
            logged = {entry.id for entry in entries}
            known = await info.context.api.store.log.known({entry.id for entry in waiting} - logged)
            entries += [entry for entry in waiting if entry.id not in logged and entry.id not in known]
        nodes = [TimelineEntry.of(entry) for entry in entries]
        placed = [node.cursor for node in nodes if node.cursor]
        page_info = PageInfo(
            has_next_page=more,
            has_previous_page=position > 0,
            start_cursor=placed[0] if placed else None,
            end_cursor=placed[-1] if placed else None,
        )
        return Timeline(
            edges=[TimelineEdge(cursor=node.cursor, node=node) for node in nodes],
            nodes=nodes,
            page_info=page_info,
        )

    @classmethod
    def of(cls, value: Any) -> "Incident":
        """From the domain's incident."""
        plain = {name: getattr(value, name) for name in _SAME}
        return cls(
            id=ID(global_id("Incident", value.id)),
            reference=f"INC-{value.number}",
            value=value,
            **plain,
        )


_OWN = {"id", "reference", "value"}
_SAME = tuple(
    field.python_name
    for field in Incident.__strawberry_definition__.fields  # type: ignore[attr-defined]
    if field.base_resolver is None and field.python_name not in _OWN
)


@strawberry.type
class IncidentEdge:
    """An incident with its cursor."""

    cursor: Cursor
    node: Incident


@strawberry.type
class IncidentConnection:
    """A page of incidents. `asOf` is the log's position before the list was read: subscribe after it, and
    nothing is missed.

    The order by priority has a mutable key: an incident whose priority changes between two pages can be
    repeated or skipped in the paging; the subscription after `asOf` repairs that. `NEWEST` never does.
    """

    edges: list[IncidentEdge]
    nodes: list[Incident]
    page_info: PageInfo
    as_of: Cursor
    where: strawberry.Private[Any]

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        """How many match, counted up to 10,000."""
        value = await info.context.api.store.incidents.count(self.where, MOST_COUNTED + 1)
        return Count(value=min(value, MOST_COUNTED), capped=value > MOST_COUNTED)
