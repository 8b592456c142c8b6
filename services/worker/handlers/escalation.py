"""Escalation: takes the step that is due. Its timer is in the incident; a message only saves the wait for the
ticker.
"""

import asyncio
import uuid
from datetime import timedelta

from services.worker.handler import Deps, Handler, Work
from shared.crashpoints import reached
from shared.domain import facts
from shared.domain.catalog import User
from shared.domain.commands import system
from shared.domain.escalation import Candidate, Plan, escalate
from shared.domain.incident import ESCALATE, Incident
from shared.store.store import Store

SKEW = timedelta(milliseconds=200)
"""Two processes' idea of the server's clock differs by less than this."""


async def handle(work: Work, deps: Deps) -> None:
    """Take the step, if its time has come."""
    loaded = await deps.store.incidents.find(work.incident_id)
    if loaded is None or (due := loaded.value.timers.get(ESCALATE)) is None:
        return
    early = due - deps.store.clock.now()
    if early > SKEW:
        return
    if early > timedelta():
        await asyncio.sleep(early.total_seconds())
    plan = await look_up(deps.store, loaded.value)
    command = system("escalation", uuid.uuid4().hex)
    await deps.store.incidents.update(loaded.value.id, escalate(plan), command, known=loaded)
    reached("escalation.after_write")


async def look_up(store: Store, incident: Incident) -> Plan:
    """The policies that may run, in order of preference, and how their users are reached."""
    of_services, fallback, pinned = await asyncio.gather(
        store.services.on_call(incident.service_ids),
        store.organization.on_call(),
        _pinned_users(store, incident),
    )
    candidates = [Candidate(found.policy, f"policy of {found.owner}") for found in of_services]
    candidates += [Candidate(found.policy, "the organisation's fallback policy") for found in fallback]
    users = {user.id: user for found in (*of_services, *fallback) for user in found.users} | pinned
    return Plan(tuple(candidates), {key: user.reachable_by() for key, user in users.items()})


async def _pinned_users(store: Store, incident: Incident) -> dict[str, User]:
    policy = incident.escalation.policy
    return await store.users.many(tuple({key for step in policy.steps for key in step.user_ids})) if policy else {}


handler = Handler(
    name="escalation",
    hears=(
        facts.Prioritized,
        facts.PriorityOverridden,
        facts.Reopened,
        facts.Retriggered,
        facts.Unacknowledged,
        facts.Unmerged,
    ),
    handle=handle,
    timers=(ESCALATE,),
)
