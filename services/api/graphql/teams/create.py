"""`createTeam`: people who own services together."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, key_for, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import Info
from services.api.graphql.teams.types import Team
from shared.domain import catalog


@strawberry.input
class CreateTeamInput:
    """A team."""

    name: str
    idempotency_key: str | None = None


@strawberry.type
class CreateTeamSuccess:
    """It exists now; name it for services."""

    team: Team
    replayed: bool


@errors.mutation(CreateTeamSuccess, CATALOG_FAILURES)
async def create_team(info: Info, input: CreateTeamInput) -> CreateTeamSuccess:
    """Create a team."""
    require_admin(info)
    store = info.context.api.store
    command = command_of(info, "createTeam", input)
    team = catalog.Team(key_for(command), input.name, store.clock.now())
    result = await store.teams.create(lambda now: catalog.create_team(team), command)
    return CreateTeamSuccess(team=Team.of(result.value), replayed=result.replayed)
