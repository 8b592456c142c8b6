"""The escalation policy as clients see it."""

from datetime import datetime

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import global_id
from services.api.graphql.node import Node, PageInfo
from services.api.graphql.scalars import Cursor
from services.api.graphql.users.types import User
from shared.domain import catalog
from shared.domain.priority import Priority


@strawberry.type
class EscalationStep:
    """Whom a step calls at once, and how long it then waits."""

    delay_seconds: int
    value: strawberry.Private[catalog.Step]

    @strawberry.field
    async def users(self, info: Info) -> list[User]:
        """The people of this step that exist."""
        found = await info.context.loaders.users.load_many(self.value.user_ids)
        return [User.of(user) for user in found if user]


@strawberry.type
class EscalationPolicy(Node):
    """Who is called, in which order; run through `repeat` + 1 times."""

    name: str
    repeat: int
    created_at: datetime
    steps: list[EscalationStep]

    @classmethod
    def of(cls, value: catalog.Policy) -> "EscalationPolicy":
        """From the domain's policy."""
        return cls(
            id=ID(global_id("EscalationPolicy", value.id)),
            name=value.name,
            repeat=value.repeat,
            created_at=value.created_at,
            steps=[EscalationStep(delay_seconds=step.delay_seconds, value=step) for step in value.steps],
        )


@strawberry.type
class EscalationPolicyEdge:
    """A policy with its cursor."""

    cursor: Cursor
    node: EscalationPolicy


@strawberry.type
class EscalationPolicyConnection:
    """A page of policies, oldest first."""

    edges: list[EscalationPolicyEdge]
    nodes: list[EscalationPolicy]
    page_info: PageInfo


@strawberry.type
class ClosurePolicy:
    """What a resolved incident must go through before it is closed."""

    auto_close_days: int | None
    review_tasks: list[str]
    review_priorities: list[Priority]
    review_majors: bool

    @classmethod
    def of(cls, value: catalog.ClosurePolicy) -> "ClosurePolicy":
        """From the domain's policy."""
        return cls(
            auto_close_days=value.auto_close_days,
            review_tasks=list(value.review_tasks),
            review_priorities=list(value.review_priorities),
            review_majors=value.review_majors,
        )


@strawberry.type
class Organization:
    """The settings that belong to nobody else."""

    value: strawberry.Private[catalog.Organization]

    @strawberry.field
    async def fallback_policy(self, info: Info) -> EscalationPolicy | None:
        """Who is called where no service or no policy is known."""
        return await _policy(info, self.value.fallback_policy_id)

    @strawberry.field
    async def commander_policy(self, info: Info) -> EscalationPolicy | None:
        """The policy whose first step is the incident commander on call."""
        return await _policy(info, self.value.commander_policy_id)

    @strawberry.field
    def closure_policy(self) -> ClosurePolicy:
        """What a resolved incident must go through before it is closed."""
        return ClosurePolicy.of(self.value.closure)


async def _policy(info: Info, key: str | None) -> EscalationPolicy | None:
    found = await info.context.loaders.policies.load(key) if key else None
    return EscalationPolicy.of(found) if found else None
