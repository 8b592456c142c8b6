"""On hold: work waits for somebody else, and the resolve clock with it."""

from datetime import datetime

from shared.domain import facts
from shared.domain.changes import changed, demand
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.incident import Hold, HoldReason, Incident
from shared.domain.lifecycle import Action
from shared.domain.texts import future_issues, refuse, refuse_text


def hold(reason: HoldReason, note: str | None, until: datetime | None) -> Decide[Incident]:
    """Wait for somebody else, until a time if one is given. Nobody's incident cannot wait: it would be silent."""
    refuse_text("note", note, 2_000)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.HOLD)
        refuse(future_issues("until", until, now))
        if incident.hold and (incident.hold.reason, incident.hold.until) == (reason, until):
            return unchanged(incident)
        since = incident.hold.since if incident.hold else now
        return changed(incident, command, now, facts.Held(reason, until), hold=Hold(reason, since, until, note))

    return decide


def release_hold(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """It goes on, by somebody's word."""
    demand(incident, Action.RELEASE_HOLD)
    if incident.hold is None:
        return unchanged(incident)
    return changed(incident, command, now, facts.HoldReleased("asked for"), hold=None)
