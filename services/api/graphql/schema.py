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
from services.api.graphql.action_items.create import create_action_item
from services.api.graphql.action_items.queries import action_items
from services.api.graphql.action_items.update import update_action_item
from services.api.graphql.descriptions import describe
from services.api.graphql.incidents.accept_request import accept_responder_request
from services.api.graphql.incidents.acknowledge import acknowledge_incident, acknowledge_incidents
from services.api.graphql.incidents.add_finding import add_finding
from services.api.graphql.incidents.add_link import add_link
from services.api.graphql.incidents.add_note import add_note, add_notes
from services.api.graphql.incidents.add_task import add_task
from services.api.graphql.incidents.assign import assign_incident, assign_incidents
from services.api.graphql.incidents.cancel import cancel_incident, cancel_incidents
from services.api.graphql.incidents.close import close_incident, close_incidents
from services.api.graphql.incidents.complete_review import complete_review
from services.api.graphql.incidents.correct_status_update import correct_status_update
from services.api.graphql.incidents.correct_time import correct_incident_time
from services.api.graphql.incidents.declare_major import declare_major
from services.api.graphql.incidents.decline_request import decline_responder_request
from services.api.graphql.incidents.draft_status_update import draft_status_update
from services.api.graphql.incidents.edit import edit_incident
from services.api.graphql.incidents.errors import HANDLERS
from services.api.graphql.incidents.hold import hold_incident, hold_incidents
from services.api.graphql.incidents.investigate import investigate_incident, investigate_incidents
from services.api.graphql.incidents.join import join_incident
from services.api.graphql.incidents.leave import leave_incident
from services.api.graphql.incidents.merge import merge_incidents
from services.api.graphql.incidents.mitigate import mitigate_incident, mitigate_incidents
from services.api.graphql.incidents.override_priority import override_priority
from services.api.graphql.incidents.propose_major import propose_major
from services.api.graphql.incidents.publish_status_update import publish_status_update
from services.api.graphql.incidents.queries import incident, incidents
from services.api.graphql.incidents.rate_workaround import rate_workaround
from services.api.graphql.incidents.record_fix import record_fix
from services.api.graphql.incidents.relate import relate_incidents, unrelate_incidents
from services.api.graphql.incidents.release_hold import release_hold
from services.api.graphql.incidents.release_priority import release_priority
from services.api.graphql.incidents.remove_link import remove_link
from services.api.graphql.incidents.reopen import reopen_incident, reopen_incidents
from services.api.graphql.incidents.report import report_incident
from services.api.graphql.incidents.request_responder import request_responder
from services.api.graphql.incidents.resolve import resolve_incident, resolve_incidents
from services.api.graphql.incidents.retrigger import retrigger_incident, retrigger_incidents
from services.api.graphql.incidents.set_category import set_category
from services.api.graphql.incidents.set_parent import set_parent
from services.api.graphql.incidents.set_responder_roles import set_responder_roles
from services.api.graphql.incidents.set_root_cause import set_root_cause
from services.api.graphql.incidents.stand_down_major import stand_down_major
from services.api.graphql.incidents.stream import (
    CaughtUp,
    Changed,
    Entered,
    Left,
    Resync,
    incident_changed,
    incident_events,
)
from services.api.graphql.incidents.unacknowledge import unacknowledge_incident, unacknowledge_incidents
from services.api.graphql.incidents.unmerge import unmerge_incident
from services.api.graphql.incidents.update_review import update_review
from services.api.graphql.incidents.update_task import update_task
from services.api.graphql.integrations.create import create_integration
from services.api.graphql.integrations.queries import integration, integrations
from services.api.graphql.integrations.revoke import revoke_integration
from services.api.graphql.integrations.rotate_key import rotate_integration_key
from services.api.graphql.integrations.update import update_integration
from services.api.graphql.limits import Guard
from services.api.graphql.measures.queries import incident_measures
from services.api.graphql.policies.choose_closure import choose_closure_policy
from services.api.graphql.policies.choose_commander import choose_commander_policy
from services.api.graphql.policies.choose_fallback import choose_fallback_policy
from services.api.graphql.policies.create import create_escalation_policy
from services.api.graphql.policies.queries import escalation_policies, organization
from services.api.graphql.scalars import SCALARS
from services.api.graphql.services.create import create_service
from services.api.graphql.services.queries import services
from services.api.graphql.teams.create import create_team
from services.api.graphql.teams.queries import teams
from services.api.graphql.users.add_contact_method import add_contact_method
from services.api.graphql.users.create import create_user
from services.api.graphql.users.queries import users
from services.api.graphql.users.send_test_notification import send_test_notification
from services.api.graphql.users.subscribe_to_majors import subscribe_to_majors
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
    teams,
    users,
    escalation_policies,
    organization,
    action_items,
    incident_measures,
    integration,
    integrations,
]
MUTATIONS: list[Any] = [
    create_action_item,
    update_action_item,
    accept_responder_request,
    acknowledge_incident,
    acknowledge_incidents,
    add_finding,
    add_link,
    add_note,
    add_notes,
    add_task,
    assign_incident,
    assign_incidents,
    cancel_incident,
    cancel_incidents,
    close_incident,
    close_incidents,
    complete_review,
    correct_status_update,
    correct_incident_time,
    declare_major,
    decline_responder_request,
    draft_status_update,
    edit_incident,
    hold_incident,
    hold_incidents,
    investigate_incident,
    investigate_incidents,
    join_incident,
    leave_incident,
    merge_incidents,
    mitigate_incident,
    mitigate_incidents,
    override_priority,
    propose_major,
    publish_status_update,
    rate_workaround,
    record_fix,
    relate_incidents,
    unrelate_incidents,
    release_hold,
    release_priority,
    remove_link,
    reopen_incident,
    reopen_incidents,
    report_incident,
    request_responder,
    resolve_incident,
    resolve_incidents,
    retrigger_incident,
    retrigger_incidents,
    set_category,
    set_parent,
    set_responder_roles,
    set_root_cause,
    stand_down_major,
    unacknowledge_incident,
    unacknowledge_incidents,
    unmerge_incident,
    update_review,
    update_task,
    choose_closure_policy,
    choose_commander_policy,
    choose_fallback_policy,
    create_escalation_policy,
    create_service,
    create_team,
    add_contact_method,
    create_user,
    send_test_notification,
    subscribe_to_majors,
    create_integration,
    revoke_integration,
    rotate_integration_key,
    update_integration,
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
            message = HINT.sub("", error.message)
            return GraphQLError(message, error.nodes, path=error.path, extensions=error.extensions)
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
        """One error-level line for each unexpected error, with the request's id; a code for what graphql-core says."""
        for error in errors:
            if not error.extensions and error.original_error is None:
                error.extensions = {"code": "BAD_REQUEST"}
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
    schema = Schema(
        query=create_type("Query", QUERIES),
        mutation=create_type("Mutation", MUTATIONS),
        subscription=create_type("Subscription", SUBSCRIPTIONS),
        types=[Changed, Entered, Left, CaughtUp, Resync],
        extensions=extensions,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True, relay_max_results=100),
        exception_handlers=HANDLERS,
    )
    describe(schema)
    return schema
