"""The incident as clients see it."""

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec
import strawberry
from strawberry.scalars import JSON

from services.api.graphql.action_items.types import ActionItem
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import global_id
from services.api.graphql.incidents import parts
from services.api.graphql.incidents.alerts import Alert
from services.api.graphql.incidents.timeline import Actor, Timeline, read_timeline
from services.api.graphql.node import Count, Node, PageInfo
from services.api.graphql.pages import Window
from services.api.graphql.scalars import Cursor
from services.api.graphql.services.types import Service
from services.api.graphql.teams.types import Team
from services.api.graphql.users.types import User
from shared.domain import incident as domain
from shared.domain.actions import actions_of
from shared.domain.catalog import Role
from shared.domain.clocks import AUTO_CLOSE, HOLD_END, REQUEST_LAPSE, RESOLVE_DUE, SLA, UPDATE_DUE
from shared.domain.deadlines import writers
from shared.domain.incident import ESCALATE
from shared.domain.lifecycle import Status as IncidentStatus
from shared.domain.priority import Level, Priority, Severity

MOST_COUNTED = 10_000
MOST_RECURRENCES = 20

strawberry.enum(Level, name="Level")
strawberry.enum(Severity, name="Severity")


@strawberry.enum
class PendingActionType(Enum):
    """What Tocsin does next by itself."""

    ESCALATE = ESCALATE
    LAPSE_REQUEST = REQUEST_LAPSE
    RELEASE_HOLD = HOLD_END
    REMIND_OF_STATUS_UPDATE = UPDATE_DUE
    CHECK_SLA = SLA
    CLOSE = AUTO_CLOSE
    RESOLVE = RESOLVE_DUE


@strawberry.type
class PendingAction:
    """Something that happens at `at` unless someone acts. `target` says to whom or what."""

    type: PendingActionType
    at: datetime
    target: str | None


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
    environment: str | None
    source: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    impact_began_at: datetime | None
    triggered_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    canceled_at: datetime | None
    root_cause: str | None
    workaround: str | None
    workaround_worked: bool | None
    resolution: str | None
    fix: str | None
    next_update_due_at: datetime | None
    is_breached: bool
    reopen_count: int
    repeats: int
    value: strawberry.Private[domain.Incident]

    @strawberry.field
    def labels(self) -> list[parts.Label]:
        """Key and value pairs from the report."""
        return [parts.Label(key=key, value=value) for key, value in self.value.labels.items()]

    @strawberry.field
    def dedup_keys(self) -> list[str]:
        """The keys under which repeats reached it, as they were reported."""
        return [key.partition("|")[2] for key in self.value.keys]

    @strawberry.field
    def links(self) -> list[parts.Link]:
        """Addresses that belong to it: pages, attachments, changes, runbooks."""
        return [parts.Link.of(link) for link in self.value.links]

    @strawberry.field
    def reporter(self) -> Actor:
        """Who reported it."""
        return Actor.of(self.value.reporter)

    @strawberry.field
    async def payload(self, info: Info) -> JSON | None:
        """What the source sent, as it was; null when there was none or its retention time (30 days) is over."""
        info.context.ask()
        found = await info.context.api.store.payloads.find(self.value.id)
        return JSON(msgspec.json.decode(found.value.text)) if found else None

    @strawberry.field
    async def services(self, info: Info) -> list[Service]:
        """The affected services."""
        found = await info.context.loaders.services.load_many(self.value.service_ids)
        return [Service.of(service) for service in found if service]

    @strawberry.field
    async def teams(self, info: Info) -> list[Team]:
        """The teams that own them."""
        found = await info.context.loaders.teams.load_many(self.value.team_ids)
        return [Team.of(team) for team in found if team]

    @strawberry.field
    async def assignee(self, info: Info) -> User | None:
        """Who owns it."""
        return await parts.user_of(info, self.value.assignee_id)

    @strawberry.field
    def responders(self) -> list[parts.Responder]:
        """The people who work on it, in the order in which they joined."""
        return [parts.Responder.of(responder) for responder in self.value.responders]

    @strawberry.field
    def responder_requests(self) -> list[parts.ResponderRequest]:
        """Who was asked to join, and what they said."""
        return [parts.ResponderRequest.of(asked) for asked in self.value.responder_requests]

    @strawberry.field
    def tasks(self) -> list[parts.Task]:
        """What there is to do, for the response and for the review."""
        return [parts.Task.of(task) for task in self.value.tasks]

    @strawberry.field
    def alerts(self) -> list[Alert]:
        """What its sources say, the first hundred of them."""
        return [Alert.of(alert) for alert in self.value.alerts]

    @strawberry.field
    def firing_count(self) -> int:
        """How many alerts fire, also of those that are not shown."""
        return self.value.firing

    @strawberry.field
    def findings(self) -> list[parts.Finding]:
        """What was found out about the cause."""
        return [parts.Finding.of(finding) for finding in self.value.findings]

    @strawberry.field
    def status_updates(self) -> list[parts.StatusUpdate]:
        """What audiences were told, and drafts."""
        return [parts.StatusUpdate.of(update) for update in self.value.status_updates]

    @strawberry.field
    def hold(self) -> parts.Hold | None:
        """What it waits for; null when it is not on hold."""
        return parts.Hold.of(self.value.hold) if self.value.hold else None

    @strawberry.field
    def sla(self) -> list[parts.SlaClock]:
        """By when it should be acknowledged and resolved."""
        return [parts.SlaClock.of(clock) for clock in self.value.sla]

    @strawberry.field
    def major(self) -> parts.Major:
        """Whether it is handled as a major incident."""
        return parts.Major.of(self.value.major)

    @strawberry.field
    def review(self) -> parts.Review:
        """The post-incident review."""
        return parts.Review.of(self.value.review)

    @strawberry.field
    async def action_items(self, info: Info) -> list[ActionItem] | None:
        """What is to be done so that it does not come again, oldest first."""
        info.context.ask()
        found = await info.context.api.store.action_items.of_incident(self.value.id)
        return [ActionItem.of(item) for item in sorted(found, key=lambda item: (item.created_at, item.id))]

    @strawberry.field
    def corrections(self) -> list[parts.TimeCorrection]:
        """The times that were corrected, with what was recorded at first."""
        return [parts.TimeCorrection.of(correction) for correction in self.value.corrections]

    @strawberry.field
    async def parent(self, info: Info) -> "Incident | None":
        """The larger incident that it is part of."""
        return await self._other(info, self.value.parent_id)

    @strawberry.field
    async def children(self, info: Info) -> "list[Incident]":
        """The incidents that are part of it."""
        return await self._others(info, self.value.child_ids)

    @strawberry.field
    async def related(self, info: Info) -> "list[Incident]":
        """Incidents that it has to do with."""
        return await self._others(info, self.value.related_ids)

    @strawberry.field
    async def merged_into(self, info: Info) -> "Incident | None":
        """The incident in which it lives on."""
        return await self._other(info, self.value.merged.into if self.value.merged else None)

    @strawberry.field
    async def merged_from(self, info: Info) -> "list[Incident]":
        """The incidents that were merged into it."""
        return await self._others(info, self.value.merged_from)

    @strawberry.field
    async def recurrence_of(self, info: Info) -> "Incident | None":
        """The incident that held its dedup key before, and was over."""
        return await self._other(info, self.value.recurrence_of)

    @strawberry.field
    async def recurrences(self, info: Info) -> "list[Incident] | None":
        """The incidents that came after it under its dedup key, the newest first, at most 20."""
        info.context.ask()
        found = await info.context.api.store.incidents.recurrences(self.value.id, MOST_RECURRENCES)
        return [Incident.of(value) for value in found]

    async def _other(self, info: Info, key: str | None) -> "Incident | None":
        found = await info.context.loaders.incidents.load(key) if key else None
        return Incident.of(found) if found else None

    async def _others(self, info: Info, keys: tuple[str, ...]) -> "list[Incident]":
        found = await info.context.loaders.incidents.load_many(keys)
        return [Incident.of(value) for value in found if value]

    @strawberry.field
    def escalation(self) -> parts.EscalationStatus:
        """Where the escalation stands."""
        escalation = self.value.escalation
        policy = escalation.policy.name if escalation.policy else None
        return parts.EscalationStatus(
            state=escalation.state, cycle=escalation.cycle, next_step=escalation.step, policy=policy
        )

    @strawberry.field
    def actions(self, info: Info) -> list[parts.ActionState]:
        """Every action, its mutations, whether you may do it to the present state, and if not, why."""
        viewer = info.context.viewer
        reads = None if viewer.reaches(Role.RESPONDER) else f"your token has the role {viewer.role}"
        return [parts.ActionState.of(state, reads) for state in actions_of(self.value, viewer.user_id)]

    @strawberry.field
    async def pending_actions(self, info: Info) -> list[PendingAction]:
        """What happens next by itself, and when; the earliest first."""
        due = sorted(self.value.timers.items(), key=lambda timer: timer[1])
        return [
            PendingAction(type=PendingActionType(kind), at=at, target=await self._target(info, kind))
            for kind, at in due
            if kind in {known.value for known in PendingActionType}
        ]

    async def _target(self, info: Info, kind: str) -> str | None:
        escalation = self.value.escalation
        keys: tuple[str, ...] = ()
        if kind == ESCALATE and escalation.policy and escalation.step < len(escalation.policy.steps):
            keys = escalation.policy.steps[escalation.step].user_ids
        elif kind == UPDATE_DUE:
            keys = writers(self.value)
        elif kind == REQUEST_LAPSE:
            waiting = domain.RequestState.PENDING
            keys = tuple(asked.user_id for asked in self.value.responder_requests if asked.state is waiting)
        users = await info.context.loaders.users.load_many(keys)
        return ", ".join(user.name for user in users if user) or None

    @strawberry.field
    async def timeline(
        self,
        info: Info,
        first: int | None = None,
        after: Cursor | None = None,
        last: int | None = None,
        before: Cursor | None = None,
    ) -> Timeline | None:
        """What happened, oldest first: the log, and the caller's own last write. Action items are told here too."""
        info.context.ask()
        return await read_timeline(info, self.value.id, Window(first, after, last, before))

    @classmethod
    def of(cls, value: Any) -> "Incident":
        """From the domain's incident."""
        plain = {name: getattr(value, name) for name in _SAME}
        return cls(id=ID(global_id("Incident", value.id)), value=value, **plain)


_OWN = {"id", "value"}
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

    The orders PRIORITY and LAST_CHANGED have mutable keys: an incident that changes its place between two pages can be
    repeated or skipped in the paging; the subscription after `asOf` repairs that. `NEWEST` never does.
    """

    edges: list[IncidentEdge]
    nodes: list[Incident]
    page_info: PageInfo
    as_of: Cursor
    where: strawberry.Private[Any]

    @strawberry.field
    async def total_count(self, info: Info) -> Count | None:
        """How many match, counted up to 10,000."""
        info.context.ask()
        value = await info.context.api.store.incidents.count(self.where, MOST_COUNTED + 1)
        return Count(value=min(value, MOST_COUNTED), capped=value > MOST_COUNTED)
