"""Triage: category and priority of what was just logged."""

from services.worker.handler import Deps, Handler, Work
from shared.crashpoints import reached
from shared.domain import facts
from shared.domain.category import categorize
from shared.domain.commands import system
from shared.domain.incident import Prioritization
from shared.domain.priority import Evidence, assess
from shared.domain.triage import triage


async def handle(work: Work, deps: Deps) -> None:
    """Look up what is hit, assess, and write both."""
    loaded = await deps.store.incidents.find(work.incident_id)
    if loaded is None or loaded.value.prioritization is not Prioritization.PENDING:
        return
    incident = loaded.value
    services, affected = await deps.store.services.affected(incident.service_ids)
    category = next((service.category for service in services if service.category), None)
    evidence = Evidence(incident.stated_impact, incident.stated_urgency, incident.severity, affected)
    text = f"{incident.title}\n{incident.description or ''}"
    decide = triage(assess(evidence), categorize(text, incident.labels, category), incident.service_ids)
    command = system("triage", incident.id, incident.version)
    await deps.store.incidents.update(incident.id, decide, command, known=loaded)
    reached("triage.after_write")


handler = Handler(
    name="triage",
    hears=(facts.Triggered, facts.Edited, facts.PriorityReleased, facts.SeverityRaised),
    handle=handle,
    undone=lambda store, ranks, after: store.incidents.unprioritized(ranks, after),
)
