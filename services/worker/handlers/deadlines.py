"""Deadlines: what happens by itself when its time has come, other than the escalation's next step.

Requests lapse, holds end, SLA clocks run out, status updates become overdue, resolved incidents are closed.
"""

import uuid

from services.worker.handler import Deps, Handler, Work
from shared.crashpoints import reached
from shared.domain.catalog import ClosurePolicy
from shared.domain.clocks import RESOLVE_DUE
from shared.domain.commands import system
from shared.domain.deadlines import KINDS, fall_due


async def handle(work: Work, deps: Deps) -> None:
    """Carry out what is due, in one write. Its claim is the write itself: whoever is second finds nothing due."""
    loaded = await deps.store.incidents.find(work.incident_id)
    now = deps.store.clock.now()
    if loaded is None or not any(at <= now for kind, at in loaded.value.timers.items() if kind in KINDS):
        return
    incident = loaded.value
    people = {responder.user_id for responder in incident.responders} | {incident.assignee_id or ""}
    users = await deps.store.users.many(tuple(people))
    reachable = {key: user.reachable_by() for key, user in users.items()}
    command = system("deadlines", uuid.uuid4().hex)
    closure = ClosurePolicy()
    if RESOLVE_DUE in incident.timers:
        closure = (await deps.store.organization.settings()).closure
    decide = fall_due(reachable, closure)
    await deps.store.incidents.update(loaded.value.id, decide, command, known=loaded)
    reached("deadlines.after_write")


handler = Handler(name="deadlines", hears=(), handle=handle, timers=KINDS)
