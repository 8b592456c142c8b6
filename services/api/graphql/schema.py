"""The schema: every field of Query, Mutation and Subscription in one list, its limits, and what clients see
of errors.
"""

import re
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import DisableIntrospection, MaskErrors, ParserCache
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types import ExecutionContext

from services.api.graphql import errors, queries
from services.api.graphql.incidents.acknowledge import acknowledge_incident
from services.api.graphql.incidents.add_note import add_note
from services.api.graphql.incidents.close import close_incident
from services.api.graphql.incidents.errors import ConflictHandler, InvalidTransitionHandler
from services.api.graphql.incidents.investigate import investigate_incident
from services.api.graphql.incidents.mitigate import mitigate_incident
from services.api.graphql.incidents.queries import incident, incidents
from services.api.graphql.incidents.report import report_incident
from services.api.graphql.incidents.resolve import resolve_incident
from services.api.graphql.incidents.stream import (
    CaughtUp,
    Changed,
    Entered,
    Left,
    Resync,
    incident_changed,
    incident_events,
)
from services.api.graphql.limits import Guard
from services.api.graphql.policies.choose_fallback import choose_fallback_policy
from services.api.graphql.policies.create import create_escalation_policy
from services.api.graphql.policies.queries import escalation_policies
from services.api.graphql.scalars import SCALARS
from services.api.graphql.services.create import create_service
from services.api.graphql.services.queries import services
from services.api.graphql.users.add_contact_method import add_contact_method
from services.api.graphql.users.create import create_user
from services.api.graphql.users.queries import users
from services.api.graphql.users.send_test_notification import send_test_notification
from shared.domain import errors as domain
from shared.domain.errors import Failure
from shared.telemetry import logger

log = logger("graphql")

QUERIES: list[Any] = [
    queries.node,
    queries.viewer,
    queries.channels,
    incident,
    incidents,
    services,
    users,
    escalation_policies,
]
MUTATIONS: list[Any] = [
    report_incident,
    acknowledge_incident,
    investigate_incident,
    mitigate_incident,
    resolve_incident,
    close_incident,
    add_note,
    create_service,
    create_user,
    add_contact_method,
    send_test_notification,
    create_escalation_policy,
    choose_fallback_policy,
]
SUBSCRIPTIONS: list[Any] = [incident_events, incident_changed]


HINT = re.compile(r" Did you mean .*\?$")


def is_unexpected(error: GraphQLError) -> bool:
    """Whether a resolver raised it, rather than graphql-core judging the query."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


def should_mask(error: GraphQLError) -> bool:
    """What graphql-core says of the query is shown as it is, but for its hints at names that were not guessed."""
    return is_unexpected(error) or bool(HINT.search(error.message))


class Mask(MaskErrors):
    """Failures keep their sentence and code; anything else becomes one sentence with the request's id."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=should_mask)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """What the client sees of an error that must not be shown as it is."""
        failure = error.original_error
        if not is_unexpected(error):
            return GraphQLError(HINT.sub("", error.message), error.nodes, path=error.path)
        if isinstance(failure, Failure):
            issues = [strawberry.asdict(issue) for issue in errors.issues_of(failure)]
            extensions = {"code": errors.CODES[type(failure)].value, "issues": issues}
            return GraphQLError(str(failure), error.nodes, path=error.path, extensions=extensions)
        request_id = self.execution_context.context.request_id
        message = f"Something unexpected went wrong. Request {request_id} says what, in the server's log."
        return GraphQLError(
            message, error.nodes, path=error.path, extensions={"code": "INTERNAL", "requestId": request_id}
        )


class Schema(strawberry.Schema):
    """Logs what clients do not see."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """One error-level line for each unexpected error, with the request's id; nothing for bad queries."""
        for error in errors:
            if is_unexpected(error) and not isinstance(error.original_error, Failure):
                context = execution_context.context if execution_context else None
                log.error(
                    "a resolver failed",
                    request=getattr(context, "request_id", None),
                    path=error.path,
                    exc_info=error.original_error,
                )


def build(*, introspection: bool = True) -> Schema:
    """The schema of the API."""
    extensions: list[Any] = [Mask, lambda: ParserCache(maxsize=256), lambda: Guard(maxsize=256)]
    if not introspection:
        extensions.append(DisableIntrospection)
    return Schema(
        query=create_type("Query", QUERIES),
        mutation=create_type("Mutation", MUTATIONS),
        subscription=create_type("Subscription", SUBSCRIPTIONS),
        types=[Changed, Entered, Left, CaughtUp, Resync],
        extensions=extensions,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True, relay_max_results=100),
        exception_handlers=[
            errors.plain(domain.InvalidInput, errors.ValidationError),
            errors.plain(domain.NotFound, errors.NotFoundError),
            errors.plain(domain.Forbidden, errors.ForbiddenError),
            errors.plain(domain.KeyReused, errors.IdempotencyError),
            errors.plain(domain.Unavailable, errors.UnavailableError, retryable=True),
            ConflictHandler(),
            InvalidTransitionHandler(),
        ],
    )
