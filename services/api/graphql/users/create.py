"""`createUser`: a person who can be called."""

from typing import Annotated

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import key_for, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import Info
from services.api.graphql.users.types import User
from shared.domain import catalog


@strawberry.input
class CreateUserInput:
    """A person."""

    name: str
    email: str
    idempotency_key: str | None = None


@strawberry.type
class CreateUserSuccess:
    """They exist now; add contact methods next."""

    user: User
    replayed: bool


CreateUserPayload = Annotated[
    CreateUserSuccess
    | errors.ValidationError
    | errors.ForbiddenError
    | errors.IdempotencyError
    | errors.UnavailableError,
    strawberry.union("CreateUserPayload"),
]


@strawberry.mutation
async def create_user(info: Info, input: CreateUserInput) -> CreateUserPayload | None:
    """Create a user."""
    require_admin(info)
    store = info.context.api.store
    command = command_of(info, "createUser", input)
    user = catalog.User(key_for(command), input.name, input.email, store.clock.now())
    result = await store.users.create(lambda now: catalog.create_user(user), command)
    return CreateUserSuccess(user=User.of(result.value), replayed=result.replayed)
