"""What every mutation of one incident has in common: its input's shape, its success, and how it is carried
out.
"""

from typing import TypeVar

import strawberry

from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, parse_id
from services.api.graphql.incidents.types import Incident
from services.api.graphql.scalars import Cursor
from shared.domain import incident as domain
from shared.domain.catalog import Role
from shared.domain.commands import Decide
from shared.domain.incident import expecting

S = TypeVar("S", bound="IncidentMutationSuccess")


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
class IncidentMutationInput:
    """What each of them takes."""

    id: ID
    note: str | None = None
    idempotency_key: str | None = None
    expected_version: int | None = None


async def carry_out(
    info: Info, name: str, asked: IncidentMutationInput, decide: Decide[domain.Incident], success: type[S]
) -> S:
    """Check, decide, write, and answer. Raises domain failures, which the schema turns into results."""
    info.context.viewer.require(Role.RESPONDER)
    key = parse_id("Incident", asked.id)
    command = command_of(info, name, asked)
    cursor = entry_cursor(info.context.api.tail.head)
    result = await info.context.api.store.incidents.update(key, expecting(asked.expected_version, decide), command)
    return success(
        incident=Incident.of(result.value),
        cursor=Cursor(cursor),
        changed=result.changed,
        replayed=result.replayed,
    )
