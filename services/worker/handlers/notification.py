"""Notification: carries out the pages that an incident holds, each under one id that never changes.

The order of writes is what the promise rests on: claim (so that no other sender has it), look at the incident
again (so that an acknowledgement is obeyed), send, note the outcome, and only then take the page off the
incident.
"""

import asyncio
import random
import uuid
from datetime import datetime, timedelta

from services.worker.handler import SWEEP, Deps, Handler, Work
from shared.channels import Channel, Message
from shared.crashpoints import reached
from shared.domain import facts
from shared.domain.catalog import ContactMethod, User
from shared.domain.commands import Decision, system
from shared.domain.escalation import page_delivered, page_failed
from shared.domain.incident import ESCALATION, Incident, Page
from shared.domain.notification import (
    Deferred,
    Delivered,
    Delivery,
    Notification,
    Outcome,
    Refused,
    cancel,
    claim,
    claimed,
    conclude,
)
from shared.store.update import Loaded, Result
from shared.telemetry import NOTIFICATIONS, POSSIBLE_REPEATS, logger
from shared.wire import global_id

log = logger("notification")

FIRST_BACKOFF = 2.0
LONGEST_BACKOFF = 60.0


async def handle(work: Work, deps: Deps) -> None:
    """Carry out every page of the incident that is nobody else's and due."""
    loaded = await deps.store.incidents.find(work.incident_id)
    if loaded is None:
        return
    results = await asyncio.gather(
        *(_carry_out(page, loaded.value, work, deps) for page in loaded.value.pages), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _carry_out(page: Page, incident: Incident, work: Work, deps: Deps) -> None:
    owner = f"{deps.owner}:{uuid.uuid4().hex[:8]}"
    known = await deps.store.notifications.find(page.id) if work.cause == SWEEP else None
    held = await (_claim_known(page, owner, deps) if known else _claim(page, incident, owner, deps))
    notification = held.value
    if notification.status is Delivery.SENT:
        await _note_delivered(notification, deps)
        return
    if notification.status is Delivery.FAILED:
        await _note_failed(page, notification.error or "unknown", deps)
        return
    if notification.status is not Delivery.SENDING or notification.owner != owner:
        return
    reached("notification.after_claim")
    present, users = await asyncio.gather(
        deps.store.incidents.find(incident.id), deps.store.users.many((page.user_id,))
    )
    if present is None or page.id not in {live.id for live in present.value.pages}:
        await deps.store.notifications.update(page.id, cancel, system("notification", page.id, "cancel", owner))
        return
    outcome = await _send(page, present.value, users.get(page.user_id), notification, deps)
    reached("notification.after_send")
    await _record(page, held, present, outcome, deps)


async def _claim(page: Page, incident: Incident, owner: str, deps: Deps) -> Loaded[Notification]:
    """The notification as ours, or as it stands when it is not to be had. Creating it claims it, in one
    write.
    """

    def create(now: datetime) -> Decision[Notification]:
        fresh = Notification(
            page.id, incident.id, page.user_id, page.contact_method_id, page.channel, now, until=page.until
        )
        return Decision(claimed(fresh, owner, now, deps.settings.send_lease))

    made: Result[Notification] = await deps.store.notifications.create(create, system("notification", page.id))
    if not made.replayed or made.value.owner == owner:
        return made.loaded
    return await _claim_known(page, owner, deps)


async def _claim_known(page: Page, owner: str, deps: Deps) -> Loaded[Notification]:
    taken = await deps.store.notifications.update(
        page.id, claim(owner, deps.settings.send_lease), system("notification", page.id, "claim", owner)
    )
    return taken.loaded


async def _send(page: Page, incident: Incident, user: User | None, notification: Notification, deps: Deps) -> Outcome:
    method = (
        next((method for method in user.reachable_by() if method.id == page.contact_method_id), None) if user else None
    )
    channel = deps.channels.get(page.channel)
    if user is None or method is None or channel is None:
        return Refused("the contact method does not exist any more")
    message = compose(page, incident, user, notification, deps)
    if notification.possible_repeat:
        POSSIBLE_REPEATS.labels(page.channel).inc()
    outcome = await _attempt(channel, method, message, deps)
    NOTIFICATIONS.labels(page.channel, type(outcome).__name__.lower()).inc()
    return outcome


async def _attempt(channel: Channel, method: ContactMethod, message: Message, deps: Deps) -> Outcome:
    limit = deps.settings.send_lease.total_seconds() * 0.6
    try:
        async with asyncio.timeout(limit):
            return await channel.send(method.address, method.secret, message)
    except TimeoutError:
        return Deferred(f"no answer within {limit:.0f} seconds")
    except Exception as error:
        log.exception("a channel raised", channel=channel.name, notification=message.id)
        return Deferred(f"the channel failed: {type(error).__name__}")


def compose(page: Page, incident: Incident, user: User, notification: Notification, deps: Deps) -> Message:
    """What the person reads, and the machine."""
    priority = incident.priority or "no priority yet"
    link = f"{deps.settings.public_url}/incidents/{incident.number}"
    beside = None if page.reason == ESCALATION else page.reason
    lines = [
        incident.title,
        f"You are called because: {beside}" if beside else "",
        f"{priority} because {incident.explanation}" if incident.explanation else "",
        link,
    ]
    return Message(
        id=page.id,
        type="page",
        at=page.at,
        recipient=user.name,
        title=f"[{priority}] {incident.reference}: {incident.title}" + (f" ({beside})" if beside else ""),
        text="\n".join(line for line in lines if line),
        data={
            "notificationId": page.id,
            "incidentId": global_id("Incident", incident.id),
            "incidentNumber": incident.number,
            "incidentTitle": incident.title,
            "status": incident.status,
            "priority": incident.priority,
            "cycle": page.cycle,
            "step": page.step,
            "reason": page.reason,
            "userId": global_id("User", user.id),
        },
        possible_repeat=notification.possible_repeat > 0,
    )


async def _record(
    page: Page, held: Loaded[Notification], present: Loaded[Incident], outcome: Outcome, deps: Deps
) -> None:
    owner = held.value.owner or ""
    command = system("notification", page.id, "conclude", owner)
    decide = conclude(outcome, owner, _backoff(held.value.attempts))
    concluded = (await deps.store.notifications.update(page.id, decide, command, known=held)).value
    reached("notification.after_record")
    match concluded.status:
        case Delivery.SENT:
            await _note_delivered(concluded, deps, present)
        case Delivery.FAILED:
            await _note_failed(page, concluded.error or "unknown", deps)
        case Delivery.PENDING | Delivery.SENDING | Delivery.CANCELED:
            if isinstance(outcome, Delivered):
                log.warning("delivered, but the lease had passed to another sender", notification=page.id)
    reached("notification.after_fact")


async def _note_delivered(notification: Notification, deps: Deps, known: Loaded[Incident] | None = None) -> None:
    decide = page_delivered(
        notification.id,
        notification.user_id,
        notification.channel,
        possible_repeat=notification.possible_repeat > 0,
    )
    command = system("notification", notification.id, "delivered")
    await deps.store.incidents.update(notification.incident_id, decide, command, known)


async def _note_failed(page: Page, error: str, deps: Deps) -> None:
    notification = await deps.store.notifications.get(page.id)
    users = await deps.store.users.many((page.user_id,))
    methods = users[page.user_id].reachable_by() if page.user_id in users else ()
    command = system("notification", page.id, "failed")
    await deps.store.incidents.update(notification.incident_id, page_failed(page, error, methods), command)


def _backoff(attempts: int) -> timedelta:
    ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (attempts - 1))
    return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311


handler = Handler(
    name="notification",
    hears=(
        facts.Escalated,
        facts.NotificationFailed,
        facts.Assigned,
        facts.ResponderRequested,
        facts.MajorDeclared,
        facts.StatusUpdateOverdue,
    ),
    handle=handle,
    undone=lambda store, ranks, after: store.incidents.with_pages(ranks, after),
)
