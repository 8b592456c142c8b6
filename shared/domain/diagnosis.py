"""Investigation and diagnosis: notes, findings, the root cause, tasks, links; and what came of the workaround."""

from dataclasses import replace
from datetime import datetime

from shared.domain import facts
from shared.domain.changes import changed, demand, item_id
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import KEEP, Finding, Incident, Link, LinkKind, Task, TaskSource, TaskState
from shared.domain.lifecycle import Action
from shared.domain.texts import LONGEST_TITLE, refuse, refuse_text, text_issues, url_issues
from shared.domain.words import with_words

MOST_LINKS = 100
MOST_TASKS = 200
MOST_FINDINGS = 100
LONGEST_FINDING = 4_000


def add_note(text: str) -> Decide[Incident]:
    """Write something down, whatever the status; a closed incident is frozen."""
    refuse_text("text", text, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.ADD_NOTE)
        words = with_words(incident.words, text)
        return changed(incident, command, now, facts.NoteAdded(text), words=words)

    return decide


def add_finding(text: str) -> Decide[Incident]:
    """Something was found out about the cause."""
    refuse_text("text", text, LONGEST_FINDING, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.DIAGNOSE)
        finding = Finding(item_id(command, "finding"), text, now, command.actor.id)
        if any(known.id == finding.id for known in incident.findings):
            return unchanged(incident)
        _refuse_more("findings", len(incident.findings), MOST_FINDINGS)
        fact = facts.FindingAdded(finding.id, text)
        words = with_words(incident.words, text)
        return changed(incident, command, now, fact, findings=(*incident.findings, finding), words=words)

    return decide


def set_root_cause(text: str) -> Decide[Incident]:
    """What caused it, as far as is known now."""
    refuse_text("rootCause", text, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.DIAGNOSE)
        if incident.root_cause == text:
            return unchanged(incident)
        fact = facts.RootCauseSet(text, incident.root_cause)
        return changed(incident, command, now, fact, root_cause=text, words=with_words(incident.words, text))

    return decide


def rate_workaround(*, worked: bool) -> Decide[Incident]:
    """Whether the workaround did restore the service; measures believe it."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.RATE_WORKAROUND)
        if incident.workaround is None:
            raise InvalidInput(Issue(("input", "id"), "NO_WORKAROUND", "No workaround is recorded yet."))
        if incident.workaround_worked is worked:
            return unchanged(incident)
        return changed(incident, command, now, facts.WorkaroundRated(worked), workaround_worked=worked)

    return decide


def record_fix(fix: str) -> Decide[Incident]:
    """What was changed for good, before or after the resolution."""
    refuse_text("fix", fix, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.RECORD_FIX)
        if incident.fix == fix:
            return unchanged(incident)
        fact = facts.FixRecorded(fix, incident.fix)
        return changed(incident, command, now, fact, fix=fix, words=with_words(incident.words, fix))

    return decide


def link_issues(url: str, title: str | None, path: str = "") -> tuple[Issue, ...]:
    """What is wrong with a link; `path` is where it stands in the input ("links.0.")."""
    return (*url_issues(f"{path}url", url), *text_issues(f"{path}title", title, LONGEST_TITLE))


def add_link(kind: LinkKind, url: str, title: str | None) -> Decide[Incident]:
    """An address belongs to the incident: a page, an attachment, a change, a runbook."""
    refuse(link_issues(url, title))

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.DIAGNOSE)
        if any((link.kind, link.url) == (kind, url) for link in incident.links):
            return unchanged(incident)
        _refuse_more("links", len(incident.links), MOST_LINKS)
        link = Link(item_id(command, "link"), kind, url, title)
        fact = facts.LinkAdded(link.id, kind, url, title)
        return changed(incident, command, now, fact, links=(*incident.links, link))

    return decide


def remove_link(link_id: str) -> Decide[Incident]:
    """An address does not belong to the incident after all. One that is not there is removed already."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.DIAGNOSE)
        link = next((link for link in incident.links if link.id == link_id), None)
        if link is None:
            return unchanged(incident)
        fact = facts.LinkRemoved(link.id, link.kind, link.url)
        kept = tuple(other for other in incident.links if other.id != link_id)
        return changed(incident, command, now, fact, links=kept)

    return decide


def add_task(
    title: str, owner_id: str | None, due_at: datetime | None, source: TaskSource = TaskSource.RESPONSE
) -> Decide[Incident]:
    """There is something to do, for the response or for the review."""
    refuse_text("title", title, LONGEST_TITLE, required=True)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.DIAGNOSE)
        task = Task(item_id(command, "task"), title, source, now, owner_id=owner_id, due_at=due_at)
        if any(known.id == task.id for known in incident.tasks):
            return unchanged(incident)
        _refuse_more("tasks", len(incident.tasks), MOST_TASKS)
        fact = facts.TaskAdded(task.id, title, source, owner_id, due_at)
        return changed(incident, command, now, fact, tasks=(*incident.tasks, task))

    return decide


def update_task(
    task_id: str,
    *,
    state: TaskState | None = None,
    owner_id: str | None = KEEP,
    due_at: datetime | None = KEEP,
    reason: str | None = None,
) -> Decide[Incident]:
    """A task is done, given up, opened again, or given to somebody. NOT_DOING needs a reason."""
    refuse_text("reason", reason, required=state is TaskState.NOT_DOING)

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        demand(incident, Action.DIAGNOSE)
        known = _find_task(incident, task_id)
        present = state or known.state
        ended = None if present is TaskState.OPEN else known.done_at or now
        task = replace(
            known,
            state=present,
            owner_id=known.owner_id if owner_id is KEEP else owner_id,
            due_at=known.due_at if due_at is KEEP else due_at,
            done_at=ended,
        )
        if task == known:
            return unchanged(incident)
        fact = facts.TaskUpdated(task.id, task.title, task.state, task.owner_id, task.due_at, reason)
        tasks = tuple(task if other.id == task_id else other for other in incident.tasks)
        return changed(incident, command, now, fact, tasks=tasks)

    return decide


def _find_task(incident: Incident, task_id: str) -> Task:
    for task in incident.tasks:
        if task.id == task_id:
            return task
    raise InvalidInput(Issue(("input", "taskId"), "NOT_FOUND", "The incident has no such task."))


def _refuse_more(what: str, count: int, most: int) -> None:
    if count >= most:
        raise InvalidInput(Issue(("input",), "TOO_MANY", f"An incident has at most {most} {what}."))
