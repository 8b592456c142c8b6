"""What the mutations of the catalog have in common."""

from typing import Any

import uuid_utils.compat as uuid

from services.api.graphql import errors
from services.api.graphql.context import Info
from shared.domain.catalog import Role
from shared.domain.commands import Command

CATALOG_FAILURES: tuple[type[Any], ...] = (
    errors.ValidationError,
    errors.NotFoundError,
    errors.ForbiddenError,
    errors.IdempotencyError,
    errors.UnavailableError,
)


def key_for(command: Command) -> str:
    """The new thing's key; with an idempotency key the command's, so that the same ask creates it once."""
    return command.id if command.key else uuid.uuid7().hex


def require_admin(info: Info) -> None:
    """Raise Forbidden unless the viewer may configure."""
    info.context.viewer.require(Role.ADMIN)
