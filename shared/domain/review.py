"""The post-incident review, which is written while the incident is RESOLVED, and audited corrections of its times."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.domain import facts
from shared.domain.changes import changed, demand, refusal
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import Correctable, Correction, Incident, ReviewState
from shared.domain.lifecycle import Action
from shared.domain.texts import past_issues, refuse, refuse_text, text_issues
from shared.domain.transitions import closure_gate

MOST_FACTORS = 50
LONGEST_FACTOR = 2_000
LONGEST_REASON = 2_000
MOST_CORRECTIONS = 50

PATHS: Mapping[str, str] = {
    "what_happened": "whatHappened",
    "impact": "impact",
    "went_well": "wentWell",
    "went_badly": "wentBadly",
    "insights": "insights",
}
"""The review's texts, and what they are called in the input."""

FIELD_OF: Mapping[Correctable, str] = {
    Correctable.IMPACT_BEGAN: "impact_began_at",
    Correctable.TRIGGERED: "triggered_at",
    Correctable.ACKNOWLEDGED: "acknowledged_at",
    Correctable.MITIGATED: "mitigated_at",
    Correctable.RESOLVED: "resolved_at",
}
"""In the order in which these times follow one another."""


def update_review(given: Mapping[str, Any]) -> Decide[Incident]:
    """Write the given parts of the review: `what_happened`, `contributing_factors`, `impact`, `went_well`,
    `went_badly`, `insights`.
    """
    issues = [issue for name, path in PATHS.items() for issue in text_issues(path, given.get(name))]
    factors = given.get("contributing_factors", ())
    if len(factors) > MOST_FACTORS:
        text = f"A review has at most {MOST_FACTORS} contributing factors."
        issues.append(Issue(("input", "contributingFactors"), "TOO_MANY", text))
    for index, factor in enumerate(factors):
        issues += text_issues(f"contributingFactors.{index}", factor, LONGEST_FACTOR, required=True)
    refuse(issues)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.REVIEW)
        changes = {name: value for name, value in given.items() if getattr(incident.review, name) != value}
        if not changes:
            return unchanged(incident)
        review = replace(incident.review, **changes)
        if review.state is ReviewState.NOT_STARTED:
            review = replace(review, state=ReviewState.IN_PROGRESS)
        return changed(incident, command, now, facts.ReviewUpdated(changes), review=review)

    return decide


def complete_review(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """The review is done. Its tasks must be done too, or given up with a reason."""
    demand(incident, Action.COMPLETE_REVIEW)
    if incident.review.state is ReviewState.COMPLETED:
        return unchanged(incident)
    if why := closure_gate(incident):
        raise refusal(incident, Action.COMPLETE_REVIEW, why)
    review = replace(incident.review, state=ReviewState.COMPLETED, completed_at=now)
    return changed(incident, command, now, facts.ReviewCompleted(), review=review)


def correct_time(what: Correctable, at: datetime, reason: str) -> Decide[Incident]:
    """A recorded time was wrong. The original stays visible; measures follow the corrected one."""
    refuse_text("reason", reason, LONGEST_REASON, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.CORRECT_TIME)
        name = FIELD_OF[what]
        present: datetime | None = getattr(incident, name)
        refuse([*past_issues("at", at, now, incident.created_at), *_order_issues(incident, what, at)])
        if present is None and what is not Correctable.IMPACT_BEGAN:
            text = f"The incident was not {what.lower()} yet: there is no time to correct."
            raise InvalidInput(Issue(("input", "what"), "NOT_RECORDED", text))
        if present == at:
            return unchanged(incident)
        if len(incident.corrections) >= MOST_CORRECTIONS:
            text = f"The times of an incident are corrected at most {MOST_CORRECTIONS} times."
            raise InvalidInput(Issue(("input", "what"), "TOO_MANY", text))
        # a time that was recorded anew since (after a reopening) has an original of its own
        original = next(
            (one.original for one in incident.corrections if (one.what, one.corrected) == (what, present)), present
        )
        correction = Correction(what, original, at, now, command.actor.id, reason)
        times: dict[str, Any] = {name: at}
        corrected = replace(incident, corrections=(*incident.corrections, correction), **times)
        return changed(incident, command, now, facts.TimeCorrected(what, at, reason, present), value=corrected)

    return decide


def _order_issues(incident: Incident, what: Correctable, at: datetime) -> list[Issue]:
    """A time can neither come before one that it follows nor after one that it leads to."""
    order = list(FIELD_OF)
    place = order.index(what)
    issues = []
    for other, name in FIELD_OF.items():
        known: datetime | None = getattr(incident, name)
        if known is None or other is what:
            continue
        earlier = order.index(other) < place
        if (earlier and known > at) or (not earlier and known < at):
            side = "before" if earlier else "after"
            text = f"It cannot lie {side} the time of {other}."
            issues.append(Issue(("input", "at"), "OUT_OF_ORDER", text))
    if incident.closed_at and at > incident.closed_at:
        issues.append(Issue(("input", "at"), "OUT_OF_ORDER", "It cannot lie after the incident was closed."))
    return issues
