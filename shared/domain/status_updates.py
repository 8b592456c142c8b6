"""Status updates: what an audience is told, how often, and the last word."""

from dataclasses import replace
from datetime import datetime

from shared.domain import facts
from shared.domain.changes import changed, demand, item_id
from shared.domain.clocks import next_update
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.errors import InvalidInput, Issue
from shared.domain.facts import Fact
from shared.domain.incident import Audience, Incident, StatusUpdate
from shared.domain.lifecycle import Action
from shared.domain.texts import refuse_text

MOST_UPDATES = 200
LONGEST_UPDATE = 2_000
RESOLVED = "This incident is resolved."

OVERDUE = "status update overdue"
"""Why somebody is paged who is to write one."""


def draft(audience: Audience, text: str) -> Decide[Incident]:
    """Write an update without publishing it."""
    refuse_text("text", text, LONGEST_UPDATE, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        _refuse_more(incident)
        update = _update(audience, text, command, now)
        fact = facts.StatusUpdateDrafted(update.id, audience, text)
        return changed(incident, command, now, fact, status_updates=(*incident.status_updates, update))

    return decide


def publish(audience: Audience, text: str) -> Decide[Incident]:
    """Tell an audience at once."""
    refuse_text("text", text, LONGEST_UPDATE, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        _refuse_more(incident)
        update = _update(audience, text, command, now)
        return _published(incident, (*incident.status_updates, update), update, command, now)

    return decide


def publish_draft(update_id: str, text: str | None) -> Decide[Incident]:
    """Tell an audience what was drafted, with a last change of its text if one is given."""
    refuse_text("text", text, LONGEST_UPDATE, required=text is not None)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.UPDATE_STATUS)
        known = _find(incident, update_id)
        if known.published_at:
            return unchanged(incident)
        update = replace(known, text=text or known.text)
        updates = tuple(update if one.id == update_id else one for one in incident.status_updates)
        return _published(incident, updates, update, command, now)

    return decide


def correct(update_id: str, text: str) -> Decide[Incident]:
    """What an audience was told was wrong. The timeline keeps what it was."""
    refuse_text("text", text, LONGEST_UPDATE, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.UPDATE_STATUS)
        known = _find(incident, update_id)
        if not known.published_at:
            text_ = "This update is a draft: publish it instead."
            raise InvalidInput(Issue(("input", "statusUpdateId"), "NOT_PUBLISHED", text_))
        if known.text == text:
            return unchanged(incident)
        update = replace(known, text=text, corrected_at=now)
        updates = tuple(update if one.id == update_id else one for one in incident.status_updates)
        fact = facts.StatusUpdateCorrected(known.id, known.audience, text, known.text)
        return changed(incident, command, now, fact, status_updates=updates)

    return decide


def final_updates(
    incident: Incident, last_word: str | None, command: Command, now: datetime
) -> tuple[tuple[StatusUpdate, ...], tuple[Fact, ...]]:
    """All updates with the last one for every audience that was told anything, and the facts that say so.

    What is not given is not guessed: a resolution may hold what the public must not read.
    """
    audiences = dict.fromkeys(update.audience for update in incident.status_updates if update.published_at)
    text = last_word if last_word and last_word.strip() else RESOLVED
    fresh = tuple(
        StatusUpdate(item_id(command, f"final:{audience}"), audience, text, command.actor.id, now, published_at=now)
        for audience in audiences
    )
    told = tuple(facts.StatusUpdatePublished(update.id, update.audience, text, final=True) for update in fresh)
    return (*incident.status_updates, *fresh), told


def _update(audience: Audience, text: str, command: Command, now: datetime) -> StatusUpdate:
    return StatusUpdate(item_id(command, "status_update"), audience, text, command.actor.id, now)


def _published(
    incident: Incident, updates: tuple[StatusUpdate, ...], update: StatusUpdate, command: Command, now: datetime
) -> Decision[Incident]:
    told = replace(update, published_at=now)
    updates = tuple(told if one.id == update.id else one for one in updates)
    due = next_update(incident, now)
    fact = facts.StatusUpdatePublished(update.id, update.audience, update.text, due)
    pages = tuple(page for page in incident.pages if page.reason != OVERDUE)
    return changed(incident, command, now, fact, status_updates=updates, next_update_due_at=due, pages=pages)


def _find(incident: Incident, update_id: str) -> StatusUpdate:
    for update in incident.status_updates:
        if update.id == update_id:
            return update
    text = "The incident has no such status update."
    raise InvalidInput(Issue(("input", "statusUpdateId"), "NOT_FOUND", text))


def _refuse_more(incident: Incident) -> None:
    demand(incident, Action.UPDATE_STATUS)
    if len(incident.status_updates) >= MOST_UPDATES:
        text = f"An incident has at most {MOST_UPDATES} status updates."
        raise InvalidInput(Issue(("input", "text"), "TOO_MANY", text))
