"""Measures as clients see them. Durations are seconds."""

from datetime import datetime

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import global_id
from services.api.graphql.scalars import Cursor
from services.api.graphql.services.types import Service
from services.api.graphql.teams.types import Team
from shared.domain.measures import Grouping, Spread
from shared.domain.priority import Priority
from shared.store.measures import Figures

strawberry.enum(Grouping, name="MeasureGroup")


@strawberry.input
class MeasureFilter:
    """All given conditions must hold, by the incidents' present state; within one, any of its values."""

    service_ids: list[ID] | None = None
    team_ids: list[ID] | None = None
    priority: list[Priority] | None = None
    category: list[str] | None = None


@strawberry.type
class Statistic:
    """How `n` durations are spread, in seconds; percentiles by nearest rank. Null when there are none."""

    n: int
    mean: float | None
    p50: float | None
    p90: float | None

    @classmethod
    def of(cls, value: Spread) -> "Statistic":
        """From the domain's spread."""
        return cls(n=value.n, mean=value.mean, p50=value.p50, p90=value.p90)


@strawberry.type
class SelfResolved:
    """Incidents that their source resolved before any person took them."""

    count: int
    time_to_resolve: Statistic


@strawberry.type
class InterruptionCount:
    """Notifications that reached people, by the hours where each of them lives: working hours are 8 to 18 from Monday
    to Friday, sleeping hours 22 to 8.
    """

    working: int
    waking: int
    sleeping: int


@strawberry.type
class MeasureGroupResult:
    """The measures of one group. `key` is its priority, category or week ("2026-W48"), or the id of its service or
    team; null for all together, and for the incidents that have none.

    `count` counts all of them, `resolvedCount` those that are RESOLVED or CLOSED, `reopenedCount` those that came
    back; `reopenRate` is their share in all that were ever over. The times are those of the incidents that did not
    resolve themselves.
    """

    key: str | None
    count: int
    resolved_count: int
    reopened_count: int
    reopen_rate: float | None
    self_resolved: SelfResolved
    time_to_detect: Statistic
    time_to_acknowledge: Statistic
    time_to_restore: Statistic
    time_to_resolve: Statistic
    interruptions: InterruptionCount
    by: strawberry.Private[Grouping | None]
    place: strawberry.Private[str | None]

    @strawberry.field
    async def service(self, info: Info) -> Service | None:
        """The service, when grouped by services; null as well when it is not there any more."""
        if self.by is not Grouping.SERVICE or self.place is None:
            return None
        found = await info.context.loaders.services.load(self.place)
        return Service.of(found) if found else None

    @strawberry.field
    async def team(self, info: Info) -> Team | None:
        """The team, when grouped by teams; null as well when it is not there any more."""
        if self.by is not Grouping.TEAM or self.place is None:
            return None
        found = await info.context.loaders.teams.load(self.place)
        return Team.of(found) if found else None

    @classmethod
    def of(cls, value: Figures, by: Grouping | None) -> "MeasureGroupResult":
        """From the store's figures."""
        hours = value.interruptions
        return cls(
            key=_key(value.key, by),
            count=value.count,
            resolved_count=value.resolved,
            reopened_count=value.reopened,
            reopen_rate=value.reopened / value.was_over if value.was_over else None,
            self_resolved=SelfResolved(count=value.self_resolved, time_to_resolve=Statistic.of(value.self_resolve)),
            time_to_detect=Statistic.of(value.detect),
            time_to_acknowledge=Statistic.of(value.acknowledge),
            time_to_restore=Statistic.of(value.restore),
            time_to_resolve=Statistic.of(value.resolve),
            interruptions=InterruptionCount(working=hours.working, waking=hours.waking, sleeping=hours.sleeping),
            by=by,
            place=value.key,
        )


@strawberry.type
class IncidentMeasures:
    """What incidents took that were triggered from `from` up to and without `to`. Canceled and merged ones are left
    out.

    `asOf`: up to which place of the log the figures follow it, some seconds behind. `capped`: there are more groups
    than these, which are the largest. An incident of several services or teams is in the group of each.
    """

    as_of: Cursor
    from_: datetime = strawberry.field(name="from")
    to: datetime
    groups: list[MeasureGroupResult]
    capped: bool


def _key(key: str | None, by: Grouping | None) -> str | None:
    match by, key:
        case Grouping.SERVICE, str():
            return global_id("Service", key)
        case Grouping.TEAM, str():
            return global_id("Team", key)
        case _:
            return key
