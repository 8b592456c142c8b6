"""`createService`: something that can break, and who is called then."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, key_for, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.services.types import Service
from shared.domain import catalog
from shared.domain.errors import InvalidInput, Issue
from shared.domain.texts import LONGEST_NAME, refuse, text_issues


@strawberry.input
class CreateServiceInput:
    """`tier` 1 matters most, 3 least; without a policy the organisation's fallback policy is used."""

    name: str
    tier: int = 3
    description: str | None = None
    category: str | None = None
    escalation_policy_id: ID | None = None
    team_id: ID | None = None
    depends_on: list[ID] = strawberry.field(default_factory=list)
    idempotency_key: str | None = None


@strawberry.type
class CreateServiceSuccess:
    """It exists now."""

    service: Service
    replayed: bool


@errors.mutation(CreateServiceSuccess, CATALOG_FAILURES)
async def create_service(info: Info, input: CreateServiceInput) -> CreateServiceSuccess:
    """Create a service."""
    require_admin(info)
    store = info.context.api.store
    command = command_of(info, "createService", input)
    policy_id = await _policy(info, input.escalation_policy_id)
    team_id = await _team(info, input.team_id)
    depends_on = await _dependencies(info, input.depends_on)
    refuse([*text_issues("description", input.description), *text_issues("category", input.category, LONGEST_NAME)])
    service = catalog.Service(
        id=key_for(command),
        name=input.name,
        tier=input.tier,
        created_at=store.clock.now(),
        description=input.description,
        category=input.category,
        policy_id=policy_id,
        team_id=team_id,
        depends_on=depends_on,
    )
    result = await store.services.create(lambda now: catalog.create_service(service), command)
    return CreateServiceSuccess(service=Service.of(result.value), replayed=result.replayed)


async def _policy(info: Info, text: ID | None) -> str | None:
    if text is None:
        return None
    path = ("input", "escalationPolicyId")
    key = parse_id("EscalationPolicy", text, path)
    if await info.context.loaders.policies.load(key) is None:
        raise InvalidInput(Issue(path, "NOT_FOUND", "There is no such escalation policy."))
    return key


async def _team(info: Info, text: ID | None) -> str | None:
    if text is None:
        return None
    path = ("input", "teamId")
    key = parse_id("Team", text, path)
    if await info.context.loaders.teams.load(key) is None:
        raise InvalidInput(Issue(path, "NOT_FOUND", "There is no such team."))
    return key


async def _dependencies(info: Info, texts: list[ID]) -> tuple[str, ...]:
    path = ("input", "dependsOn")
    keys = [parse_id("Service", text, (*path, str(n))) for n, text in enumerate(texts)]
    found = await info.context.loaders.services.load_many(keys) if keys else []
    missing = [n for n, service in enumerate(found) if service is None]
    refuse([Issue((*path, str(n)), "NOT_FOUND", "There is no such service.") for n in missing])
    return tuple(dict.fromkeys(keys))
