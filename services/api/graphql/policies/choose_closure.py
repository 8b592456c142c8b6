"""`chooseClosurePolicy`: when incidents close by themselves, and which are reviewed before."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import Info
from services.api.graphql.policies.types import ClosurePolicy
from shared.domain import catalog
from shared.domain.commands import Decision, system
from shared.domain.priority import Priority


@strawberry.input
class ChooseClosurePolicyInput:
    """`autoCloseDays` null: never by itself. The review tasks gate the closure of incidents of `reviewPriorities`, and
    of majors with `reviewMajors`; they are taken over when an incident is resolved.
    """

    auto_close_days: int | None = 14
    review_tasks: list[str] = strawberry.field(default_factory=list)
    review_priorities: list[Priority] = strawberry.field(default_factory=list)
    review_majors: bool = False
    idempotency_key: str | None = None


@strawberry.type
class ChooseClosurePolicySuccess:
    """It holds for what is resolved from now on."""

    closure_policy: ClosurePolicy
    changed: bool
    replayed: bool


@errors.mutation(ChooseClosurePolicySuccess, CATALOG_FAILURES)
async def choose_closure_policy(info: Info, input: ChooseClosurePolicyInput) -> ChooseClosurePolicySuccess:
    """Choose what a resolved incident must go through before it is closed."""
    require_admin(info)
    store = info.context.api.store
    command = command_of(info, "chooseClosurePolicy", input)
    policy = catalog.ClosurePolicy(
        auto_close_days=input.auto_close_days,
        review_tasks=tuple(dict.fromkeys(input.review_tasks)),
        review_priorities=tuple(dict.fromkeys(input.review_priorities)),
        review_majors=input.review_majors,
    )
    decide = catalog.choose_closure(policy)
    await store.organization.create(
        lambda now: Decision(catalog.Organization()), system("organization", catalog.ORGANIZATION_ID)
    )
    result = await store.organization.update(catalog.ORGANIZATION_ID, decide, command)
    shown = ClosurePolicy.of(result.value.closure)
    return ChooseClosurePolicySuccess(closure_policy=shown, changed=result.changed, replayed=result.replayed)
