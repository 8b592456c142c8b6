"""`createUser`: a person who can be called."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, key_for, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import Info
from services.api.graphql.users.types import User
from shared.domain import catalog


@strawberry.input
class CreateUserInput:
    """A person. `timeZone` is an IANA name, such as Europe/Madrid."""

    name: str
    email: str
    time_zone: str = "UTC"
    idempotency_key: str | None = None


@strawberry.type
class CreateUserSuccess:
    """They exist now; add contact methods next."""

    user: User
    replayed: bool


@errors.mutation(CreateUserSuccess, CATALOG_FAILURES)
async def create_user(info: Info, input: CreateUserInput) -> CreateUserSuccess:
    """Create a user."""
    require_admin(info)
    store = info.context.api.store
    command = command_of(info, "createUser", input)
    user = catalog.User(key_for(command), input.name, input.email, store.clock.now(), time_zone=input.time_zone)
    result = await store.users.create(lambda now: catalog.create_user(user), command)
    return CreateUserSuccess(user=User.of(result.value), replayed=result.replayed)
