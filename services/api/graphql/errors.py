"""Domain failures as result types. Everything unexpected is masked once, in `schema.py`."""

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, TypeVar, Union

import strawberry
from strawberry.schema import ExceptionHandler

from shared.domain import errors
from shared.domain.errors import Failure

F = TypeVar("F", bound=Callable[..., Any])


@strawberry.enum
class ErrorCode(Enum):
    """What kind of expected failure it is."""

    VALIDATION = "VALIDATION"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    CONFLICT = "CONFLICT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    UNAVAILABLE = "UNAVAILABLE"


@strawberry.type
class Issue:
    """One thing that is wrong: where, which kind, and a sentence."""

    path: list[str]
    code: str
    message: str


@strawberry.interface
class UserError:
    """An expected failure: nothing was changed. `retryable`: the same call may succeed later."""

    message: str
    code: ErrorCode
    retryable: bool = False
    issues: list[Issue] = strawberry.field(default_factory=list)


@strawberry.type
class ValidationError(UserError):
    """The input is wrong; see the issues."""


@strawberry.type
class NotFoundError(UserError):
    """No such thing."""


@strawberry.type
class ForbiddenError(UserError):
    """Your token's role does not allow it."""


@strawberry.type
class UnavailableError(UserError):
    """A server that is needed does not answer. Nothing is lost; try again."""


@strawberry.type
class IdempotencyError(UserError):
    """The idempotency key was used before with other input."""


def mutation(success: type[Any], failures: tuple[type[Any], ...]) -> Callable[[F], F]:
    """The decorator of a mutation's resolver. Its failures are raised; clients see the nullable union of `success` and
    `failures`: `DoThingSuccess` gives `DoThingPayload`.
    """
    name = success.__name__.removesuffix("Success") + "Payload"
    union: Any = Annotated[Union[(success, *failures)], strawberry.union(name)]
    declared: Callable[[F], F] = strawberry.mutation(graphql_type=union | None)
    return declared


CODES: dict[type[Failure], ErrorCode] = {
    errors.InvalidInput: ErrorCode.VALIDATION,
    errors.NotFound: ErrorCode.NOT_FOUND,
    errors.Forbidden: ErrorCode.FORBIDDEN,
    errors.InvalidTransition: ErrorCode.INVALID_TRANSITION,
    errors.Conflict: ErrorCode.CONFLICT,
    errors.KeyReused: ErrorCode.IDEMPOTENCY_KEY_REUSED,
    errors.Unavailable: ErrorCode.UNAVAILABLE,
}


def issues_of(failure: Failure) -> list[Issue]:
    """The failure's issues for the client; empty but for a bad input."""
    found = failure.issues if isinstance(failure, errors.InvalidInput) else ()
    return [Issue(path=list(issue.path), code=issue.code, message=issue.message) for issue in found]


def plain(failure_type: type[Failure], error_type: type[Any], *, retryable: bool = False) -> ExceptionHandler[Any]:
    """The handler that shows `failure_type` as `error_type`, with nothing but the common fields."""

    class Handler:
        def handle(self, exception: Failure, *, field: Any, info: Any) -> Any:
            return error_type(
                message=str(exception),
                code=CODES[failure_type],
                retryable=retryable,
                issues=issues_of(exception),
            )

    handler: Any = Handler()
    handler.exception_type = failure_type
    handler.error_type = error_type
    return handler  # type: ignore[no-any-return]
