"""What every change of an incident has in common: what is refused, what it leads to, who is paged by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain.catalog import ContactMethod
from shared.domain.clocks import breaches, settle
from shared.domain.commands import Actor, ActorKind, Command, Decide, Decision, identity
from shared.domain.errors import Conflict, InvalidTransition
from shared.domain.facts import Fact, HoldReleased, PageDecided, ResponderRequestLapsed
from shared.domain.incident import ESCALATION, Incident, Page, RequestState, Responder
from shared.domain.lifecycle import ASKS, MOVES, Action, allowed
from shared.domain.notification import notification_id

REQUESTED = "responder requested"
"""Why somebody is paged who is asked to join."""

CALLS_FOR = timedelta(minutes=30)
"""How long a page beside the escalation is tried by one contact method."""

Reachable = Mapping[str, tuple[ContactMethod, ...]]
"""User id -> the contact methods that may be used now, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Called:
    """Who is paged at once by a change, and why somebody is not."""

    pages: tuple[Page, ...] = ()
    unreachable: tuple[str, ...] = field(default=())

    @property
    def decided(self) -> tuple[PageDecided, ...]:
        """The pages as facts name them."""
        return tuple(PageDecided(page.id, page.user_id, page.channel) for page in self.pages)

    @property
    def why(self) -> str | None:
        """Why somebody is not paged; None when everybody is."""
        return "no contact method to page them by" if self.unreachable else None


def changed(
    before: Incident, command: Command, now: datetime, *told: Fact, value: Incident | None = None, **fields: Any
) -> Decision[Incident]:
    """`value` (the incident itself, if none is given) with `fields`, a higher version if a person or a source asked,
    and its clocks settled.
    """
    version = before.version + (command.actor.kind is not ActorKind.SYSTEM)
    asked = _welcomed(replace(value or before, updated_at=now, version=version, **fields), now)
    after = settle(before, replace(asked, pages=_without_calls_to(command.actor, asked)), now)
    return Decision(after, (*told, *breaches(before, after), *_ended(before, after, told)))


def _without_calls_to(actor: Actor, incident: Incident) -> tuple[Page, ...]:
    """Whoever acts on it knows of it: they are not called beside the escalation any more."""
    if actor.kind is not ActorKind.PERSON:
        return incident.pages
    return tuple(page for page in incident.pages if page.reason == ESCALATION or page.user_id != actor.id)


def _ended(before: Incident, after: Incident, told: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """What ended by the way, without a fact of its own: a hold, and requests that nobody answered."""
    ended: list[Fact] = []
    if before.hold and not after.hold and not any(isinstance(fact, HoldReleased) for fact in told):
        ended.append(HoldReleased(f"the incident is {after.status}"))
    if not after.is_open:
        ended += [
            ResponderRequestLapsed(asked.user_id)
            for was, asked in zip(before.responder_requests, after.responder_requests, strict=False)
            if was.state is RequestState.PENDING and asked.state is RequestState.LAPSED
        ]
    return tuple(ended)


def _welcomed(incident: Incident, now: datetime) -> Incident:
    """Whoever came, by whatever way, has answered the request to come."""
    came = {
        asked.user_id
        for asked in incident.responder_requests
        if asked.state is RequestState.PENDING and incident.responder(asked.user_id)
    }
    if not came:
        return incident
    requests = tuple(
        replace(asked, state=RequestState.ACCEPTED, answered_at=now)
        if asked.state is RequestState.PENDING and asked.user_id in came
        else asked
        for asked in incident.responder_requests
    )
    pages = tuple(page for page in incident.pages if page.reason != REQUESTED or page.user_id not in came)
    return replace(incident, responder_requests=requests, pages=pages)


def moves(incident: Incident, action: Action) -> bool:
    """Whether `action` changes the status; False when what it asks for is so; InvalidTransition otherwise."""
    move = MOVES[action]
    if incident.status in move.sources:
        return True
    if incident.status in move.already:
        return False
    raise refusal(incident, action)


def demand(incident: Incident, action: Action) -> None:
    """Raise InvalidTransition unless the status allows `action`."""
    if incident.status not in ASKS[action].statuses:
        raise refusal(incident, action)


def refusal(incident: Incident, action: Action, why: str | None = None) -> InvalidTransition:
    """The failure that names the present status, what is allowed instead, and why, if the status alone does not say."""
    return InvalidTransition(incident, action, incident.status, allowed(incident.status), why)


def expecting(version: int | None, decide: Decide[Incident]) -> Decide[Incident]:
    """`decide`, but only on that version; Conflict otherwise. None expects nothing."""

    def guarded(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if version is not None and version != incident.version:
            raise Conflict(incident, version, incident.version)
        return decide(incident, command, now)

    return decide if version is None else guarded


def joined(incident: Incident, user_id: str, now: datetime) -> tuple[Responder, ...]:
    """The responders with this user among them."""
    if incident.responder(user_id):
        return incident.responders
    return (*incident.responders, Responder(user_id, now))


def call(
    incident: Incident, user_ids: tuple[str, ...], reachable: Reachable, reason: str, command: Command, now: datetime
) -> Called:
    """Pages for these users, beside the escalation, but for the person who asks: they know. `reason` says why they are
    called ("assigned").
    """
    known = {page.user_id for page in incident.pages if page.reason == reason}
    asking = command.actor.id if command.actor.kind is ActorKind.PERSON else None
    pages, unreachable = [], []
    for user_id in dict.fromkeys(user_ids):
        if user_id == asking:
            continue
        methods = reachable.get(user_id, ())
        if not methods:
            unreachable.append(user_id)
        elif user_id not in known:
            pages.append(_page(incident, user_id, methods[0], reason, command, now))
    return Called(tuple(pages), tuple(unreachable))


def _page(
    incident: Incident, user_id: str, method: ContactMethod, reason: str, command: Command, now: datetime
) -> Page:
    cycle = incident.escalation.cycle
    page_id = notification_id(incident.id, cycle, 0, user_id, method.id, f"{reason}:{command.id}")
    return Page(page_id, cycle, 0, user_id, method.id, method.channel, now, now + CALLS_FOR, reason=reason)


def item_id(command: Command, kind: str) -> str:
    """The id of something that this command adds to an incident: the same however often it is decided."""
    return identity(command.id, kind)
