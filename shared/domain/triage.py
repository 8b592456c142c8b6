"""Categorization and prioritization: what the rules say, and what a person says instead."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.domain import facts
from shared.domain.category import Categorization, categorize
from shared.domain.changes import changed, demand
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.incident import ESCALATE, EscalationState, Incident, Prioritization
from shared.domain.lifecycle import Action, Status
from shared.domain.priority import Assessment, Priority
from shared.domain.texts import LONGEST_NAME, LONGEST_TITLE, refuse, refuse_text, text_issues
from shared.domain.transitions import rearmed
from shared.domain.words import words_of_report

LONGEST_CATEGORY = 100
BY_PERSON = "a person says so"


def triage(
    assessment: Assessment, categorization: Categorization, service_ids: tuple[str, ...] | None = None
) -> Decide[Incident]:
    """Give the incident its priority and category, and let its first page go now.

    service_ids: the services that were looked at; when the incident has others by now, they are still to be looked at.
    """

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        outdated = service_ids is not None and service_ids != incident.service_ids
        if incident.prioritization is not Prioritization.PENDING or outdated:
            return unchanged(incident)
        called = _paged_now(_called_again(incident, assessment.priority.rank, now), now)
        prioritized = facts.Prioritized(
            assessment.priority, assessment.impact, assessment.urgency, assessment.explanation
        )
        told: list[facts.Fact] = [prioritized]
        fields: dict[str, Any] = {}
        if not incident.category_corrected:
            fields = {"category": categorization.category, "subcategory": categorization.subcategory}
            told.append(facts.Categorized(categorization.category, categorization.subcategory, categorization.rule))
        return changed(
            incident,
            command,
            now,
            *told,
            value=called,
            prioritization=Prioritization.COMPUTED,
            priority=assessment.priority,
            rank=assessment.priority.rank,
            impact=assessment.impact,
            urgency=assessment.urgency,
            explanation=assessment.explanation,
            **fields,
        )

    return decide


def _paged_now(incident: Incident, now: datetime) -> Incident:
    """The first step waits for the priority, and for nothing else."""
    if ESCALATE not in incident.timers or incident.escalation.state is not EscalationState.ARMED:
        return incident
    return replace(incident, timers={**incident.timers, ESCALATE: now})


def _called_again(incident: Incident, rank: int, now: datetime) -> Incident:
    """A TRIGGERED incident whose escalation is over, and which turns out to be more urgent, is paged for again."""
    silent = incident.status is Status.TRIGGERED and ESCALATE not in incident.timers
    return rearmed(incident, now) if silent and rank < incident.rank else incident


def correct_category(category: str, subcategory: str | None) -> Decide[Incident]:
    """A person says what kind of incident it is; the rules do not say otherwise from then on."""
    refuse(
        [
            *text_issues("category", category, LONGEST_CATEGORY, required=True),
            *text_issues("subcategory", subcategory, LONGEST_CATEGORY),
        ]
    )

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.CATEGORIZE)
        if incident.category_corrected and (incident.category, incident.subcategory) == (category, subcategory):
            return unchanged(incident)
        fact = facts.Categorized(category, subcategory, BY_PERSON)
        corrected = replace(incident, category=category, subcategory=subcategory, category_corrected=True)
        return changed(incident, command, now, fact, value=corrected)

    return decide


def override_priority(priority: Priority, reason: str) -> Decide[Incident]:
    """A person sets the priority; it holds until it is released."""
    refuse_text("reason", reason, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.OVERRIDE_PRIORITY)
        if incident.prioritization is Prioritization.OVERRIDDEN and incident.priority is priority:
            return unchanged(incident)
        called = _paged_now(_called_again(incident, priority.rank, now), now)
        told: list[facts.Fact] = [facts.PriorityOverridden(priority, incident.priority, reason)]
        fields: dict[str, Any] = {}
        if incident.category is None:  # triage has not spoken, and will not any more
            found = categorize(f"{incident.title}\n{incident.description or ''}", incident.labels, None)
            fields = {"category": found.category, "subcategory": found.subcategory}
            told.append(facts.Categorized(found.category, found.subcategory, found.rule))
        return changed(
            incident,
            command,
            now,
            *told,
            value=called,
            prioritization=Prioritization.OVERRIDDEN,
            priority=priority,
            rank=priority.rank,
            explanation=reason,
            **fields,
        )

    return decide


def release_priority(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """Give up a person's priority: triage speaks again. Until it has, the present one stays."""
    demand(incident, Action.RELEASE_PRIORITY)
    if incident.prioritization is not Prioritization.OVERRIDDEN:
        return unchanged(incident)
    fact = facts.PriorityReleased(incident.priority or "none")
    return changed(incident, command, now, fact, prioritization=Prioritization.PENDING)


def edit(given: dict[str, Any]) -> Decide[Incident]:
    """Put right what was known at first: `title`, `description`, `environment`, or (with `team_ids`) `service_ids`.

    Other services are other evidence: triage speaks again, unless a person set the priority.
    """
    refuse(
        [
            *text_issues("title", given.get("title"), LONGEST_TITLE, required="title" in given),
            *text_issues("description", given.get("description")),
            *text_issues("environment", given.get("environment"), LONGEST_NAME),
        ]
    )

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.EDIT)
        new = {name: value for name, value in given.items() if getattr(incident, name) != value}
        if not new:
            return unchanged(incident)
        fact = facts.Edited({name: getattr(incident, name) for name in new}, new)
        words = words_of_report(new.get("title"), new.get("description"), incident.words)
        edited = replace(incident, words=words, **new)
        if "service_ids" in new and incident.is_open and incident.prioritization is Prioritization.COMPUTED:
            edited = replace(edited, prioritization=Prioritization.PENDING)
        return changed(incident, command, now, fact, value=edited)

    return decide
