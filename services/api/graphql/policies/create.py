"""`createEscalationPolicy`: who is called, in which order."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, key_for, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.policies.types import EscalationPolicy
from shared.domain import catalog
from shared.domain.errors import InvalidInput, Issue


@strawberry.input
class EscalationStepInput:
    """Whom to call at once, and how long (seconds) to wait before the next step."""

    user_ids: list[ID]
    delay_seconds: int = 300


@strawberry.input
class CreateEscalationPolicyInput:
    """The steps are run through `repeat` + 1 times."""

    name: str
    steps: list[EscalationStepInput]
    repeat: int = 0
    idempotency_key: str | None = None


@strawberry.type
class CreateEscalationPolicySuccess:
    """It exists now."""

    escalation_policy: EscalationPolicy
    replayed: bool


@errors.mutation(CreateEscalationPolicySuccess, CATALOG_FAILURES)
async def create_escalation_policy(
    info: Info,
    input: CreateEscalationPolicyInput,
) -> CreateEscalationPolicySuccess:
    """Create an escalation policy."""
    require_admin(info)
    store = info.context.api.store
    command = command_of(info, "createEscalationPolicy", input)
    steps = tuple([await _step(info, n, step) for n, step in enumerate(input.steps)])
    policy = catalog.Policy(key_for(command), input.name, steps, store.clock.now(), input.repeat)
    result = await store.policies.create(lambda now: catalog.create_policy(policy), command)
    return CreateEscalationPolicySuccess(escalation_policy=EscalationPolicy.of(result.value), replayed=result.replayed)


async def _step(info: Info, index: int, step: EscalationStepInput) -> catalog.Step:
    path = ("input", "steps", str(index), "userIds")
    keys = tuple(dict.fromkeys(parse_id("User", text, path) for text in step.user_ids))
    if keys and None in await info.context.loaders.users.load_many(keys):
        raise InvalidInput(Issue(path, "NOT_FOUND", f"Step {index + 1} calls a user who does not exist."))
    return catalog.Step(keys, step.delay_seconds)
