"""The moves of an incident's status that a person, a source or the passing of time asks for."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain import facts
from shared.domain.catalog import ClosurePolicy
from shared.domain.changes import changed, item_id, joined, moves, refusal
from shared.domain.clocks import AUTO_CLOSE
from shared.domain.commands import ActorKind, Command, Decide, Decision, unchanged
from shared.domain.incident import (
    ESCALATE,
    ESCALATION,
    Escalation,
    EscalationState,
    Incident,
    MajorState,
    Task,
    TaskSource,
    TaskState,
)
from shared.domain.lifecycle import Action, Status
from shared.domain.status_updates import LONGEST_UPDATE, final_updates
from shared.domain.texts import refuse, refuse_text, text_issues
from shared.domain.words import with_words

RESOLVED_BY_SOURCE = "All alerts are resolved, say their sources."


def acknowledge(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """Someone takes it: paging stops. A second acknowledger joins as responder."""
    if not moves(incident, Action.ACKNOWLEDGE):
        return _join(incident, command, now)
    fact = facts.Acknowledged(_canceled(incident))
    fields = {"status": Status.ACKNOWLEDGED, **_taken(incident, command, now)}
    return changed(incident, command, now, fact, value=quiet(incident), **fields)


def unacknowledge(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """It is given back: nobody owns it, and a new escalation cycle begins at step 0."""
    if not moves(incident, Action.UNACKNOWLEDGE):
        return unchanged(incident)
    fields = {"status": Status.TRIGGERED, "acknowledged_at": None, "assignee_id": None, "hold": None}
    return changed(incident, command, now, facts.Unacknowledged(), value=rearmed(incident, now), **fields)


def investigate(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    """Search for the cause; counts as an acknowledgement when there was none."""
    if not moves(incident, Action.INVESTIGATE):
        return _join(incident, command, now)
    fact = facts.Investigating(_canceled(incident))
    fields = {"status": Status.INVESTIGATING, **_taken(incident, command, now)}
    return changed(incident, command, now, fact, value=quiet(incident), **fields)


def mitigate(workaround: str) -> Decide[Incident]:
    """Service is restored by a workaround."""
    refuse_text("workaround", workaround, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not moves(incident, Action.MITIGATE):
            return unchanged(incident)
        return changed(
            incident,
            command,
            now,
            facts.Mitigated(workaround, _canceled(incident)),
            value=quiet(incident),
            status=Status.MITIGATED,
            mitigated_at=now,
            workaround=workaround,
            workaround_worked=None,
            words=with_words(incident.words, workaround),
            **_taken(incident, command, now),
        )

    return decide


def retrigger(cause: str) -> Decide[Incident]:
    """It broke again while it was mitigated: it pages again."""
    refuse_text("cause", cause)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not moves(incident, Action.RETRIGGER):
            return unchanged(incident)
        return retriggered(incident, command, now, cause)

    return decide


def retriggered(incident: Incident, command: Command, now: datetime, cause: str) -> Decision[Incident]:
    """The decision that brings a mitigated incident back: it pages again."""
    fields = {"status": Status.TRIGGERED, "mitigated_at": None, "hold": None}
    fact = facts.Retriggered(cause)
    return changed(incident, command, now, fact, value=rearmed(incident, now), **fields)


def resolve(
    resolution: str | None,
    fix: str | None,
    closure: ClosurePolicy = ClosurePolicy(),  # noqa: B008 - it is frozen
    *,
    last_word: str | None = None,
) -> Decide[Incident]:
    """The incident is over. Workaround (temporary) and fix (permanent) are recorded apart.

    closure: what it must go through before it is closed. last_word: the last status update of every audience that was
    told anything; without it they are told that the incident is resolved.
    """
    refuse(
        [
            *text_issues("resolution", resolution),
            *text_issues("fix", fix),
            *text_issues("statusUpdate", last_word, LONGEST_UPDATE),
        ]
    )

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not moves(incident, Action.RESOLVE):
            return unchanged(incident)
        fact = facts.Resolved(resolution, fix, len(incident.pages))
        updates, told = final_updates(incident, last_word, command, now)
        tasks, added = _review_tasks(incident, closure, command, now)
        ended = replace(over(incident), timers=_closing(closure, now))
        return changed(
            incident,
            command,
            now,
            fact,
            *told,
            *added,
            value=ended,
            status=Status.RESOLVED,
            resolved_at=now,
            resolution=resolution,
            fix=fix or incident.fix,
            status_updates=updates,
            tasks=tasks,
            words=with_words(incident.words, resolution, fix),
        )

    return decide


def _closing(closure: ClosurePolicy, now: datetime) -> dict[str, datetime]:
    days = closure.auto_close_days
    return {AUTO_CLOSE: now + timedelta(days=days)} if days else {}


def _review_tasks(
    incident: Incident, closure: ClosurePolicy, command: Command, now: datetime
) -> tuple[tuple[Task, ...], tuple[facts.Fact, ...]]:
    """The incident's tasks with those that the policy asks for; a second resolution does not ask again."""
    is_major = incident.major.state in (MajorState.DECLARED, MajorState.STOOD_DOWN)
    wanted = incident.priority in closure.review_priorities or (closure.review_majors and is_major)
    known = {task.title for task in incident.tasks if task.source is TaskSource.REVIEW}
    titles = [title for title in closure.review_tasks if wanted and title not in known]
    fresh = tuple(
        Task(item_id(command, f"review:{title}"), title, TaskSource.REVIEW, now, owner_id=incident.assignee_id)
        for title in titles
    )
    told = tuple(facts.TaskAdded(task.id, task.title, task.source, task.owner_id) for task in fresh)
    return (*incident.tasks, *fresh), told


def reopen(cause: str) -> Decide[Incident]:
    """It came back, by a person's word."""
    refuse_text("cause", cause)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not moves(incident, Action.REOPEN):
            return unchanged(incident)
        return reopened(incident, command, now, cause)

    return decide


def close(insights: str | None) -> Decide[Incident]:
    """Frozen: its keys are released, later signals open a new incident. Open review tasks keep it from that."""
    refuse_text("insights", insights)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not moves(incident, Action.CLOSE):
            return unchanged(incident)
        if why := closure_gate(incident):
            raise refusal(incident, Action.CLOSE, why)
        return closed(incident, command, now, insights=insights)

    return decide


def closure_gate(incident: Incident) -> str | None:
    """What has to be done before it can be closed; None when nothing has."""
    waiting = [
        task.title for task in incident.tasks if task.source is TaskSource.REVIEW and task.state is TaskState.OPEN
    ]
    if not waiting:
        return None
    return f"{len(waiting)} review task{'s are' if len(waiting) > 1 else ' is'} open: {', '.join(waiting)}."


def closed(
    incident: Incident, command: Command, now: datetime, *, insights: str | None = None, why: str | None = None
) -> Decision[Incident]:
    """The decision that closes it."""
    review = replace(incident.review, insights=insights or incident.review.insights)
    ended = replace(incident, open_keys=(), pages=(), timers={})
    fields = {"status": Status.CLOSED, "closed_at": now, "review": review}
    return changed(incident, command, now, facts.Closed(insights, why), value=ended, **fields)


def cancel(reason: str) -> Decide[Incident]:
    """A false alarm."""
    refuse_text("reason", reason, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        if not moves(incident, Action.CANCEL):
            return unchanged(incident)
        fact = facts.Canceled(reason, len(incident.pages))
        ended = replace(over(incident), open_keys=())
        return changed(incident, command, now, fact, value=ended, status=Status.CANCELED, canceled_at=now)

    return decide


def reopened(incident: Incident, command: Command, now: datetime, cause: str) -> Decision[Incident]:
    """The decision that brings a resolved or canceled incident back: it pages again, and takes its keys back.

    A key that another incident holds by now stays there: the store leaves it out.
    """
    count = incident.reopen_count + 1
    return changed(
        incident,
        command,
        now,
        facts.Reopened(count, cause),
        value=rearmed(incident, now),
        status=Status.TRIGGERED,
        triggered_at=now,
        open_keys=incident.keys,
        reopen_count=count,
        acknowledged_at=None,
        mitigated_at=None,
        resolved_at=None,
        canceled_at=None,
    )


def rearmed(incident: Incident, now: datetime) -> Incident:
    """The incident with a new escalation cycle from step 0, at once."""
    escalation = Escalation(EscalationState.ARMED, cycle=incident.escalation.cycle + 1)
    pages = tuple(page for page in incident.pages if page.reason != ESCALATION)
    return replace(incident, escalation=escalation, pages=pages, timers={**incident.timers, ESCALATE: now})


def quiet(incident: Incident) -> Incident:
    """The incident with its escalation stopped and its pages cancelled. Who was called for another reason still is."""
    timers = {kind: at for kind, at in incident.timers.items() if kind != ESCALATE}
    escalation = replace(incident.escalation, state=EscalationState.STOPPED)
    pages = tuple(page for page in incident.pages if page.reason != ESCALATION)
    return replace(incident, escalation=escalation, pages=pages, timers=timers)


def over(incident: Incident) -> Incident:
    """The incident with nothing pending any more."""
    return replace(quiet(incident), pages=(), timers={})


def _canceled(incident: Incident) -> int:
    return sum(page.reason == ESCALATION for page in incident.pages)


def _join(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
    if command.actor.kind is not ActorKind.PERSON or incident.responder(command.actor.id):
        return unchanged(incident)
    fact = facts.ResponderAdded(command.actor.id)
    responders = joined(incident, command.actor.id, now)
    return replace(changed(incident, command, now, fact, responders=responders), changed=False)


def _taken(incident: Incident, command: Command, now: datetime) -> dict[str, Any]:
    """It is somebody's: a person who takes it joins, and owns it if nobody does."""
    at = {"acknowledged_at": incident.acknowledged_at or now}
    if command.actor.kind is not ActorKind.PERSON:
        return at
    person = command.actor.id
    return at | {"responders": joined(incident, person, now), "assignee_id": incident.assignee_id or person}
