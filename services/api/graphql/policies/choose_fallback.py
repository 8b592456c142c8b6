"""`chooseFallbackPolicy`: who is called where no service or no policy is known."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.policies.types import EscalationPolicy
from shared.domain import catalog
from shared.domain.commands import Decision, system


@strawberry.input
class ChooseFallbackPolicyInput:
    """The policy."""

    escalation_policy_id: ID
    idempotency_key: str | None = None


@strawberry.type
class ChooseFallbackPolicySuccess:
    """It is so now."""

    escalation_policy: EscalationPolicy
    changed: bool
    replayed: bool


@errors.mutation(ChooseFallbackPolicySuccess, CATALOG_FAILURES)
async def choose_fallback_policy(
    info: Info,
    input: ChooseFallbackPolicyInput,
) -> ChooseFallbackPolicySuccess:
    """Choose the organisation's fallback policy."""
    require_admin(info)
    store = info.context.api.store
    path = ("input", "escalationPolicyId")
    policy = await store.policies.get(parse_id("EscalationPolicy", input.escalation_policy_id, path))
    command = command_of(info, "chooseFallbackPolicy", input)
    await store.organization.create(
        lambda now: Decision(catalog.Organization()), system("organization", catalog.ORGANIZATION_ID)
    )
    result = await store.organization.update(catalog.ORGANIZATION_ID, catalog.choose_fallback(policy.id), command)
    return ChooseFallbackPolicySuccess(
        escalation_policy=EscalationPolicy.of(policy), changed=result.changed, replayed=result.replayed
    )
