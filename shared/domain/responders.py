"""People: who owns the incident, who works on it in which role, and who was asked to."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import facts
from shared.domain.changes import REQUESTED, Called, Reachable, call, changed, demand, joined, refusal
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import Incident, RequestState, Responder, ResponderRequest, ResponderRole
from shared.domain.lifecycle import Action
from shared.domain.texts import refuse_text

ANSWER_WITHIN = timedelta(minutes=15)
LONGEST_WAIT = timedelta(days=1)
MOST_REQUESTS = 100

ASSIGNED = "assigned"
COMMANDER = ResponderRole.INCIDENT_COMMANDER


def assign(user_id: str, reachable: Reachable) -> Decide[Incident]:
    """Give it to somebody, who is paged unless they ask themselves. The escalation goes on until it is acknowledged."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.ASSIGN)
        if incident.assignee_id == user_id:
            return unchanged(incident)
        called = Called()
        kept = tuple(page for page in incident.pages if page.reason != ASSIGNED)
        if command.actor.id != user_id:
            called = call(replace(incident, pages=kept), (user_id,), reachable, ASSIGNED, command, now)
        fact = facts.Assigned(user_id, incident.assignee_id, called.decided, called.why)
        return changed(
            incident,
            command,
            now,
            fact,
            assignee_id=user_id,
            responders=joined(incident, user_id, now),
            pages=(*kept, *called.pages),
        )

    return decide


def join(roles: tuple[ResponderRole, ...]) -> Decide[Incident]:
    """Whoever asks works on it too, in these roles."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.JOIN)
        person = command.actor.id
        if incident.responder(person):
            return _in_roles(incident, person, roles, command, now) if roles else unchanged(incident)
        fact = facts.ResponderAdded(person, roles, _ceded(incident, person, roles))
        added = replace(incident, responders=joined(incident, person, now))
        return changed(incident, command, now, fact, value=_with_roles(added, person, roles))

    return decide


def leave(user_id: str | None = None) -> Decide[Incident]:
    """Whoever asks, or the named user, does not work on it any more. An owner has to be replaced first."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.LEAVE)
        person = user_id or command.actor.id
        if not incident.responder(person):
            return unchanged(incident)
        if incident.assignee_id == person and incident.is_open:
            raise refusal(incident, Action.LEAVE, "The assignee cannot leave: assign the incident to somebody first.")
        kept = tuple(responder for responder in incident.responders if responder.user_id != person)
        owner = None if incident.assignee_id == person else incident.assignee_id
        fact = facts.ResponderRemoved(person)
        return changed(incident, command, now, fact, responders=kept, assignee_id=owner)

    return decide


def set_roles(user_id: str, roles: tuple[ResponderRole, ...]) -> Decide[Incident]:
    """What a responder does; there is one commander, so a new one takes over."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.SET_ROLES)
        if not incident.responder(user_id):
            text = "This user is not a responder: request them, or let them join."
            raise InvalidInput(Issue(("input", "userId"), "NOT_A_RESPONDER", text))
        return _in_roles(incident, user_id, roles, command, now)

    return decide


def request_responder(
    user_id: str, role: ResponderRole | None, answer_within: timedelta, reachable: Reachable
) -> Decide[Incident]:
    """Ask somebody to join: they are paged, and accept, decline, or let it lapse."""
    if not timedelta(minutes=1) <= answer_within <= LONGEST_WAIT:
        text = "A request waits for a minute to a day."
        raise InvalidInput(Issue(("input", "answerWithinSeconds"), "OUT_OF_RANGE", text))

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.REQUEST_RESPONDER)
        if incident.responder(user_id) or _pending(incident, user_id):
            return unchanged(incident)
        if len(incident.responder_requests) >= MOST_REQUESTS:
            text = f"An incident has at most {MOST_REQUESTS} requests."
            raise InvalidInput(Issue(("input", "userId"), "TOO_MANY", text))
        asked = ResponderRequest(user_id, command.actor, now, now + answer_within, role)
        called = call(incident, (user_id,), reachable, REQUESTED, command, now)
        fact = facts.ResponderRequested(user_id, asked.lapses_at, role, called.decided, called.why)
        return changed(
            incident,
            command,
            now,
            fact,
            responder_requests=(*incident.responder_requests, asked),
            pages=(*incident.pages, *called.pages),
        )

    return decide


def accept_request(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """Whoever was asked comes. A request that lapsed can still be accepted; who joined already has."""
    demand(incident, Action.ANSWER_REQUEST)
    person = command.actor.id
    asked = _latest(incident, person)
    if asked.state is RequestState.ACCEPTED or (incident.responder(person) and asked.state is not RequestState.PENDING):
        return unchanged(incident)
    fact = facts.ResponderRequestAccepted(person, asked.role, _ceded(incident, person, (asked.role,)))
    answered = _answered(incident, person, RequestState.ACCEPTED, now)
    answered = replace(answered, responders=joined(answered, person, now))
    if asked.role:
        answered = _with_roles(answered, person, (asked.role,))
    return changed(incident, command, now, fact, value=answered)


def decline_request(reason: str | None) -> Decide[Incident]:
    """Whoever was asked does not come."""
    refuse_text("reason", reason)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.ANSWER_REQUEST)
        asked = _latest(incident, command.actor.id)
        if asked.state is not RequestState.PENDING:
            return unchanged(incident)
        fact = facts.ResponderRequestDeclined(command.actor.id, reason)
        answered = _answered(incident, command.actor.id, RequestState.DECLINED, now)
        return changed(incident, command, now, fact, value=answered)

    return decide


def lapse_requests(incident: Incident, now: datetime) -> tuple[Incident, tuple[facts.Fact, ...]]:
    """The requests that nobody answered by `now`, and the facts that say so. Their pages are not sent any more."""
    lapsed = [
        asked.user_id
        for asked in incident.responder_requests
        if asked.state is RequestState.PENDING and asked.lapses_at <= now
    ]
    for user_id in lapsed:
        incident = _answered(incident, user_id, RequestState.LAPSED, now)
    return incident, tuple(facts.ResponderRequestLapsed(user_id) for user_id in lapsed)


def _pending(incident: Incident, user_id: str) -> ResponderRequest | None:
    waiting = (asked for asked in incident.responder_requests if asked.state is RequestState.PENDING)
    return next((asked for asked in waiting if asked.user_id == user_id), None)


def _latest(incident: Incident, user_id: str) -> ResponderRequest:
    for asked in reversed(incident.responder_requests):
        if asked.user_id == user_id:
            return asked
    raise InvalidInput(Issue(("input", "id"), "NOT_REQUESTED", "You were not asked to join this incident."))


def _answered(incident: Incident, user_id: str, state: RequestState, now: datetime) -> Incident:
    """The incident with that user's last request answered and their page for it taken off."""
    last = max((n for n, one in enumerate(incident.responder_requests) if one.user_id == user_id), default=None)
    if last is None:
        return incident
    requests = list(incident.responder_requests)
    requests[last] = replace(requests[last], state=state, answered_at=now)
    pages = tuple(page for page in incident.pages if (page.user_id, page.reason) != (user_id, REQUESTED))
    return replace(incident, responder_requests=tuple(requests), pages=pages)


def _in_roles(
    incident: Incident, user_id: str, roles: tuple[ResponderRole, ...], command: Command, now: datetime
) -> Decision[Incident]:
    responder = incident.responder(user_id)
    was = responder.roles if responder else ()
    if set(was) == set(roles):
        return unchanged(incident)
    fact = facts.RolesChanged(user_id, roles, was, _ceded(incident, user_id, roles))
    return changed(incident, command, now, fact, value=_with_roles(incident, user_id, roles))


def _ceded(incident: Incident, user_id: str, roles: tuple[ResponderRole | None, ...]) -> str | None:
    """Who loses the command when this user gets these roles."""
    if COMMANDER not in roles:
        return None
    others = (other.user_id for other in incident.responders if other.user_id != user_id and COMMANDER in other.roles)
    return next(others, None)


def _with_roles(incident: Incident, user_id: str, roles: tuple[ResponderRole, ...]) -> Incident:
    if not roles and not any(one.roles for one in incident.responders if one.user_id == user_id):
        return incident
    people = tuple(_cast(responder, user_id, roles) for responder in incident.responders)
    return replace(incident, responders=people)


def _cast(responder: Responder, user_id: str, roles: tuple[ResponderRole, ...]) -> Responder:
    if responder.user_id == user_id:
        return replace(responder, roles=roles)
    if COMMANDER in roles and COMMANDER in responder.roles:
        return replace(responder, roles=tuple(role for role in responder.roles if role is not COMMANDER))
    return responder
