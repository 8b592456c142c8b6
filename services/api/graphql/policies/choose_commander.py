"""`chooseCommanderPolicy`: whose first step is the incident commander on call."""

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
class ChooseCommanderPolicyInput:
    """The policy."""

    escalation_policy_id: ID
    idempotency_key: str | None = None


@strawberry.type
class ChooseCommanderPolicySuccess:
    """It is so now."""

    escalation_policy: EscalationPolicy
    changed: bool
    replayed: bool


@errors.mutation(ChooseCommanderPolicySuccess, CATALOG_FAILURES)
async def choose_commander_policy(
    info: Info,
    input: ChooseCommanderPolicyInput,
) -> ChooseCommanderPolicySuccess:
    """Choose the policy whose first step is paged when an incident is declared major."""
    require_admin(info)
    store = info.context.api.store
    path = ("input", "escalationPolicyId")
    policy = await store.policies.get(parse_id("EscalationPolicy", input.escalation_policy_id, path))
    command = command_of(info, "chooseCommanderPolicy", input)
    await store.organization.create(
        lambda now: Decision(catalog.Organization()), system("organization", catalog.ORGANIZATION_ID)
    )
    result = await store.organization.update(
        catalog.ORGANIZATION_ID, catalog.choose_commander_policy(policy.id), command
    )
    return ChooseCommanderPolicySuccess(
        escalation_policy=EscalationPolicy.of(policy), changed=result.changed, replayed=result.replayed
    )
