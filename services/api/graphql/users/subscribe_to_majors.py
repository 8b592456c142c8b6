"""`subscribeToMajors`: be paged when an incident is declared major, or not any more."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES
from services.api.graphql.commands import command_of
from services.api.graphql.context import Info
from services.api.graphql.users.types import User
from shared.domain import catalog
from shared.domain.catalog import Role


@strawberry.input
class SubscribeToMajorsInput:
    """Whether you want it."""

    wanted: bool = True
    idempotency_key: str | None = None


@strawberry.type
class SubscribeToMajorsSuccess:
    """It is so now."""

    user: User
    changed: bool
    replayed: bool


@errors.mutation(SubscribeToMajorsSuccess, CATALOG_FAILURES)
async def subscribe_to_majors(info: Info, input: SubscribeToMajorsInput) -> SubscribeToMajorsSuccess:
    """Be paged when an incident is declared major."""
    viewer = info.context.viewer
    viewer.require(Role.RESPONDER)
    command = command_of(info, "subscribeToMajors", input)
    result = await info.context.api.store.users.update(viewer.user_id, catalog.hear_majors(input.wanted), command)
    return SubscribeToMajorsSuccess(user=User.of(result.value), changed=result.changed, replayed=result.replayed)
