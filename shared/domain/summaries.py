"""A sentence for people for every entry, one that a client can show for a type that it does not know."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.domain.commands import ActorKind
from shared.domain.entry import Entry

Names = Mapping[str, str]
_NAMED = ("user_id", "ceded_by")


def people_in(entry: Entry) -> list[str]:
    """The ids of the people whom an entry speaks of."""
    data = entry.data
    ids = [entry.actor.id] if entry.actor.kind is ActorKind.PERSON else []
    ids += [str(data[name]) for name in _NAMED if isinstance(data.get(name), str)]
    ids += [str(page["user_id"]) for page in data.get("pages", ())]
    for name in ("responders", "unreachable"):
        ids += [str(user_id) for user_id in data.get(name, ())]
    return list(dict.fromkeys(ids))


def summarize(entry: Entry, names: Names) -> str:
    """The sentence. `names` maps the ids of people to their names; unknown ids stay ids."""
    if say := _SENTENCES.get(entry.type):
        return say(_Said(entry, names))
    who = names.get(entry.actor.id, entry.actor.id)
    return f"{entry.type.replace('_', ' ').replace('.', ' ')} by {who}"


def _plain(word: object) -> str:
    return str(word).replace("_", " ").lower()


class _Said:
    """What a sentence is made of."""

    def __init__(self, entry: Entry, names: Names) -> None:
        self.data: dict[str, Any] = entry.data
        self.names = names
        self.who = names.get(entry.actor.id, entry.actor.id)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def person(self, name: str = "user_id") -> str:
        """The name of the user whose id that field holds; the actor's, if it holds none."""
        user_id = self.data.get(name)
        return self.names.get(str(user_id), str(user_id)) if user_id else self.who

    def after(self, name: str, before: str = ": ") -> str:
        """That field's text behind `before`, or nothing."""
        value = self.data.get(name)
        return f"{before}{value}" if value not in (None, "") else ""

    def paged(self) -> str:
        """Whom it pages, and whom it cannot page."""
        calls = self.calls()
        return (f"; paging {calls}" if calls else "") + self.after("why", "; nobody else is paged: ")

    def calls(self) -> str:
        """Who is paged through what, by the pages that it decided."""
        pages = self.data.get("pages", ())
        return ", ".join(
            f"{self.names.get(page['user_id'], page['user_id'])} through {page['channel']}" for page in pages
        )

    def time(self, name: str) -> str:
        """That field's time: a moment in the outbox, its text on the wire."""
        at = self.data[name]
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def other(self) -> str:
        """The other incident, as people call it."""
        return f"INC-{self.data['number']}"


def _categorized(said: _Said) -> str:
    kind = "/".join(filter(None, (said["category"], said.data.get("subcategory"))))
    return f"category {kind} because {said['rule']}"


def _escalated(said: _Said) -> str:
    return f"paging {said.calls()} (step {said['step'] + 1} of {said['policy']})"


def _exhausted(said: _Said) -> str:
    told = "no further step" if said.data.get("told") else "nobody could be told"
    return f"escalation is exhausted, {told}: {said['why']}"


def _sent(said: _Said) -> str:
    repeat = ", possibly a second time" if said.data.get("possible_repeat") else ""
    return f"page to {said.person()} delivered through {said['channel']}{repeat}"


def _failed(said: _Said) -> str:
    return f"page to {said.person()} through {said['channel']} failed: {said['error']}; {said['action']}"


def _edited(said: _Said) -> str:
    names = ", ".join(name.replace("_", " ") for name in said.data.get("after", {}))
    return f"{names} changed by {said.who}"


def _assigned(said: _Said) -> str:
    return f"assigned to {said.person()} by {said.who}{said.paged()}"


def _roles(said: _Said) -> str:
    roles = (
        ", ".join(role.replace("_", " ").lower() for role in said.data.get("roles", ())) or "responder without a role"
    )
    ceded = f", in place of {said.person('ceded_by')}" if said.data.get("ceded_by") else ""
    return f"{said.person()} is {roles}{ceded}"


def _task(said: _Said) -> str:
    state = _plain(said["state"])
    return f"task {said['title']!r} is {state}{said.after('reason')}"


def _rated(said: _Said) -> str:
    return f"the workaround {'worked' if said.data.get('worked') else 'did not work'}, says {said.who}"


def _published(said: _Said) -> str:
    last = "last " if said.data.get("final") else ""
    return f"{last}status update for {_plain(said['audience'])}: {said['text']}"


def _corrected(said: _Said) -> str:
    what = _plain(said["what"])
    return f"time of {what} corrected by {said.who} to {said.time('corrected')}: {said['reason']}"


_SENTENCES: Mapping[str, Callable[[_Said], str]] = {
    "triggered": lambda said: f"reported by {said.who}: {said['title']}",
    "categorized": _categorized,
    "prioritized": lambda said: f"{said['priority']} because {said['explanation']}",
    "priority_overridden": lambda said: f"{said['priority']} set by {said.who}: {said['reason']}",
    "priority_released": lambda said: f"priority {said['was']} given up by {said.who}: triage speaks again",
    "edited": _edited,
    "escalated": _escalated,
    "escalation_exhausted": _exhausted,
    "notification.sent": _sent,
    "notification.failed": _failed,
    "note_added": lambda said: f"{said.who} noted: {said['text']}",
    "alert.deduplicated": lambda said: f"repeated {said['count']} times under the key {said['key']}",
    "alert.fired": lambda said: (
        f"alert fires: {said.data.get('summary') or said['fingerprint']}{said.after('severity', ', ')}"
    ),
    "alert.resolved": lambda said: f"alert resolved by its source, {said.data.get('firing', 0)} still firing",
    "alert.ignored": lambda said: f"the source's {said['asked']} was not followed: {said['reason']}",
    "severity_raised": lambda said: f"severity raised to {said['severity']}: the priority is weighed again",
    "resolve_delayed": lambda said: f"all alerts are resolved; so will this be at {said.time('at')}",
    "key_released": lambda said: f"the key {said['key']} came again, too late for this incident: {said['why']}",
    "reopened": lambda said: f"reopened by {said.who}{said.after('cause')}",
    "retriggered": lambda said: f"triggered again by {said.who}{said.after('cause')}",
    "canceled": lambda said: f"canceled by {said.who}: {said['reason']}",
    "closed": lambda said: f"closed by {said.who}{said.after('why')}",
    "closure_held_back": lambda said: f"not closed by itself: {said['why']}",
    "merged": lambda said: f"merged into INC-{said['into_number']} by {said.who}",
    "unmerged": lambda said: f"taken out of INC-{said['out_of_number']} by {said.who}: {said['status']} again",
    "absorbed": lambda said: f"{said.other()} was merged into this by {said.who}",
    "split_off": lambda said: f"{said.other()} was taken out of this by {said.who}",
    "parent_set": lambda said: f"part of {said.other()}, says {said.who}",
    "parent_removed": lambda said: f"no part of {said.other()} any more, says {said.who}",
    "child_added": lambda said: f"{said.other()} is part of this, says {said.who}",
    "child_removed": lambda said: f"{said.other()} is no part of this any more, says {said.who}",
    "related": lambda said: f"related to {said.other()}, says {said.who}",
    "unrelated": lambda said: f"not related to {said.other()}, says {said.who}",
    "assigned": _assigned,
    "responder_added": lambda said: f"{said.person()} joined as responder",
    "responder_removed": lambda said: f"{said.person()} left the response",
    "roles_changed": _roles,
    "responder_requested": lambda said: f"{said.who} asked {said.person()} to join{said.paged()}",
    "responder_request_accepted": lambda said: f"{said.person()} accepted the request to join",
    "responder_request_declined": lambda said: f"{said.person()} declined the request to join{said.after('reason')}",
    "responder_request_lapsed": lambda said: f"{said.person()} did not answer the request to join",
    "task_added": lambda said: f"task added by {said.who}: {said['title']}",
    "task_updated": _task,
    "finding_added": lambda said: f"{said.who} found: {said['text']}",
    "root_cause_set": lambda said: f"root cause, says {said.who}: {said['text']}",
    "link_added": lambda said: f"{_plain(said['kind'])} added by {said.who}: {said['url']}",
    "link_removed": lambda said: f"{_plain(said['kind'])} removed by {said.who}: {said['url']}",
    "workaround_rated": _rated,
    "fix_recorded": lambda said: f"fix recorded by {said.who}: {said['fix']}",
    "status_update_drafted": lambda said: f"status update for {_plain(said['audience'])} drafted by {said.who}",
    "status_update_published": _published,
    "status_update_corrected": lambda said: f"status update for {_plain(said['audience'])} corrected: {said['text']}",
    "status_update_overdue": lambda said: f"a status update is overdue{said.paged()}",
    "held": lambda said: f"on hold by {said.who}, waiting for the {_plain(said['reason'])}",
    "hold_released": lambda said: f"off hold: {said['why']}",
    "major_proposed": lambda said: f"proposed as a major incident by {said.who}{said.after('business_impact')}",
    "major_declared": lambda said: f"declared a major incident by {said.who}: {said['business_impact']}{said.paged()}",
    "major_stood_down": lambda said: f"no major incident any more, says {said.who}{said.after('reason')}",
    "review_updated": lambda said: f"review written on by {said.who}",
    "review_completed": lambda said: f"review completed by {said.who}",
    "time_corrected": _corrected,
    "sla.at_risk": lambda said: f"the {_plain(said['clock'])} clock is at risk: it runs out at {said.time('due_at')}",
    "sla.breached": lambda said: f"the {_plain(said['clock'])} clock has run out",
    "created": lambda said: f"action item added by {said.who}: {said.data.get('title', said.data.get('label', ''))}",
    "updated": _task,
}
