"""What every mutation of one incident has in common: its input's shape, its success, its failures, and how it is
carried out.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

from services.api.graphql import errors
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError
from services.api.graphql.incidents.types import Incident
from services.api.graphql.scalars import Cursor
from shared.domain import incident as domain
from shared.domain.catalog import Role
from shared.domain.changes import expecting
from shared.domain.commands import Decide
from shared.store.update import Result

F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S", bound="IncidentMutationSuccess")

FAILURES: tuple[type[Any], ...] = (
    errors.ValidationError,
    errors.NotFoundError,
    errors.ForbiddenError,
    InvalidTransitionError,
    ConflictError,
    errors.IdempotencyError,
    errors.UnavailableError,
)


@strawberry.interface
class IncidentMutationSuccess:
    """`cursor`: subscribe after it to see this change and all that follow. `changed`: false when it was so
    already.
    `replayed`: this idempotency key had succeeded before.
    """

    incident: Incident
    cursor: Cursor
    changed: bool
    replayed: bool


@strawberry.input
class Asked:
    """What every command of a caller takes. `expectedVersion`: another one is a conflict, and changes nothing."""

    note: str | None = None
    idempotency_key: str | None = None
    expected_version: int | None = None


@strawberry.input
class IncidentMutationInput(Asked):
    """What each of them takes."""

    id: ID = strawberry.field()


def incident_mutation(success: type[Any]) -> Callable[[F], F]:
    """The decorator of an incident mutation's resolver."""
    return errors.mutation(success, FAILURES)


async def carry_out(
    info: Info, name: str, asked: IncidentMutationInput, decide: Decide[domain.Incident], success: type[S]
) -> S:
    """Check, decide, write, and answer. Raises domain failures, which the schema turns into results."""
    info.context.viewer.require(Role.RESPONDER)
    key = parse_id("Incident", asked.id)
    command = command_of(info, name, asked)
    cursor = entry_cursor(info.context.api.tail.head)
    result = await info.context.api.store.incidents.update(key, expecting(asked.expected_version, decide), command)
    return answer(success, result, cursor)


def answer(success: type[S], result: Result[domain.Incident], cursor: str, **more: Any) -> S:
    """The success that shows what became of the command."""
    return success(
        incident=Incident.of(result.value),
        cursor=Cursor(cursor),
        changed=result.changed,
        replayed=result.replayed,
        **more,
    )
