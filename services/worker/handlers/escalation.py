"""Escalation: takes the step that is due. Its timer is in the incident; a message only saves the wait for the
ticker.
"""

import asyncio
import uuid
from datetime import timedelta

from services.worker.handler import Deps, Handler, Work
from shared.crashpoints import reached
from shared.domain import facts
from shared.domain.commands import system
from shared.domain.escalation import Candidate, Plan, escalate
from shared.domain.incident import ESCALATE, Incident
from shared.store.store import Store

SKEW = timedelta(milliseconds=200)
"""Two processes' idea of the server's clock differs by less than this."""


async def handle(work: Work, deps: Deps) -> None:
    """Take the step, if its time has come."""
    loaded = work.known or await deps.store.incidents.find(work.incident_id)
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
    services, organization = await asyncio.gather(
        store.services.many(incident.service_ids), store.organization.present()
    )
    reasons = {
        service.policy_id: f"policy of {service.name}"
        for service in (services[key] for key in incident.service_ids if key in services)
        if service.policy_id
    }
    if organization.fallback_policy_id:
        reasons.setdefault(organization.fallback_policy_id, "the organisation's fallback policy")
    found = await store.policies.many(tuple(reasons))
    policies = tuple(Candidate(found[key], why) for key, why in reasons.items() if key in found)
    pinned = incident.escalation.policy
    named = [candidate.policy for candidate in policies] + ([pinned] if pinned else [])
    user_ids = {user_id for policy in named for step in policy.steps for user_id in step.user_ids}
    users = await store.users.many(tuple(sorted(user_ids)))
    return Plan(policies, {key: user.reachable_by() for key, user in users.items()})


handler = Handler(
    name="escalation",
    hears=(facts.Prioritized, facts.Reopened, facts.Unacknowledged),
    handle=handle,
    timers=(ESCALATE,),
)
