"""Failures that show the incident as it stands, and how every failure becomes a result."""

from typing import Any

import strawberry
from strawberry.schema import ExceptionHandler
from strawberry.schema.exception_handlers import get_exception_types

from services.api.graphql.errors import (
    ErrorCode,
    ForbiddenError,
    IdempotencyError,
    NotFoundError,
    UnavailableError,
    UserError,
    ValidationError,
    plain,
)
from services.api.graphql.incidents.types import Incident
from shared.domain import errors
from shared.domain.lifecycle import Action


@strawberry.type
class ConflictError(UserError):
    """It was changed since you read it; here is how it stands."""

    incident: Incident


@strawberry.type
class InvalidTransitionError(UserError):
    """The lifecycle does not allow it from the present status; here is what it allows."""

    incident: Incident
    allowed: list[Action]


class ConflictHandler(ExceptionHandler[errors.Conflict, ConflictError]):
    """Shows the present incident."""

    def handle(self, exception: errors.Conflict, *, field: Any, info: Any) -> ConflictError:
        """The failure as its result."""
        incident = Incident.of(exception.value)
        return ConflictError(message=str(exception), code=ErrorCode.CONFLICT, incident=incident)


class InvalidTransitionHandler(ExceptionHandler[errors.InvalidTransition, InvalidTransitionError]):
    """Shows the present incident and what it allows."""

    def handle(self, exception: errors.InvalidTransition, *, field: Any, info: Any) -> InvalidTransitionError:
        """The failure as its result."""
        return InvalidTransitionError(
            message=str(exception),
            code=ErrorCode.INVALID_TRANSITION,
            incident=Incident.of(exception.value),
            allowed=[Action(action) for action in exception.allowed],
        )


HANDLERS: tuple[Any, ...] = (
    plain(errors.InvalidInput, ValidationError),
    plain(errors.NotFound, NotFoundError),
    plain(errors.Forbidden, ForbiddenError),
    plain(errors.KeyReused, IdempotencyError),
    plain(errors.Unavailable, UnavailableError, retryable=True),
    ConflictHandler(),
    InvalidTransitionHandler(),
)


def as_result(failure: errors.Failure) -> UserError:
    """The failure as clients see it inside a result."""
    for handler in HANDLERS:
        if isinstance(failure, get_exception_types(handler)):
            result: UserError = handler.handle(failure, field=None, info=None)
            return result
    raise failure
