"""Major incidents: an accelerated process beside the status. Any responder declares one at once."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import facts
from shared.domain.changes import Reachable, call, changed, demand, refusal
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.incident import Incident, Major, MajorState
from shared.domain.lifecycle import Action
from shared.domain.texts import refuse_text

DECLARED = "major incident"


@dataclass(frozen=True, slots=True)
class MajorCall:
    """Whom a declaration pages, looked up before: the commander on call, and who subscribed to majors."""

    commander_ids: tuple[str, ...]
    subscriber_ids: tuple[str, ...]
    reachable: Reachable


def propose_major(business_impact: str | None) -> Decide[Incident]:
    """Say that it should be handled as a major incident; it is optional, anybody can declare it at once."""
    refuse_text("businessImpact", business_impact)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.PROPOSE_MAJOR)
        if incident.major.state in (MajorState.PROPOSED, MajorState.DECLARED):
            return unchanged(incident)
        major = replace(incident.major, state=MajorState.PROPOSED, business_impact=business_impact)
        return changed(incident, command, now, facts.MajorProposed(business_impact), major=major)

    return decide


def declare_major(business_impact: str, called: MajorCall) -> Decide[Incident]:
    """It is a major incident: the commander on call and the subscribers are paged."""
    refuse_text("businessImpact", business_impact, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.DECLARE_MAJOR)
        if incident.major.state is MajorState.DECLARED:
            return unchanged(incident)
        wanted = (*called.commander_ids, *called.subscriber_ids)
        paged = call(incident, wanted, called.reachable, DECLARED, command, now)
        why = None if called.commander_ids else "no commander policy is chosen, or its first step names nobody"
        fact = facts.MajorDeclared(business_impact, paged.decided, paged.unreachable, why or paged.why)
        major = Major(MajorState.DECLARED, business_impact, now)
        return changed(incident, command, now, fact, major=major, pages=(*incident.pages, *paged.pages))

    return decide


def stand_down_major(reason: str | None) -> Decide[Incident]:
    """It is no major incident any more, or a proposal was turned down."""
    refuse_text("reason", reason)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.STAND_DOWN_MAJOR)
        match incident.major.state:
            case MajorState.STOOD_DOWN:
                return unchanged(incident)
            case MajorState.NONE:
                raise refusal(incident, Action.STAND_DOWN_MAJOR, "It was not declared a major incident.")
            case MajorState.PROPOSED | MajorState.DECLARED:
                major = replace(incident.major, state=MajorState.STOOD_DOWN, stood_down_at=now)
                pages = tuple(page for page in incident.pages if page.reason != DECLARED)
                fact = facts.MajorStoodDown(reason)
                return changed(incident, command, now, fact, major=major, pages=pages)

    return decide
