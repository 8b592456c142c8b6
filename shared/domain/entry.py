"""An entry: one fact with its circumstances, as the outbox, the log, the timeline and the broker carry it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.domain.commands import Actor, Command
from shared.domain.facts import Fact

UNRANKED = 6
"""The rank of what has no priority; P1 has rank 1, P5 rank 5. Lower goes first everywhere."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What filters look at, at one moment of an incident's life."""

    status: str = ""
    priority: str | None = None
    service_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log.

    id: "<subject>:<rev>:<n>", the same in outbox, log and broker (`ce-id`).
    position: its place in the log, 1 and up without a gap; None while it is still in an outbox.
    rank: 1 (P1) .. 5 (P5), 6 none: by it the entry is relayed and routed.
    was, now: the incident's standing before and after; `was` is None at its birth and for other aggregates.
    data: the fact's own fields.
    """

    id: str
    aggregate: str
    subject: str
    rev: int
    version: int
    type: str
    at: datetime
    actor: Actor
    via: str
    rank: int = UNRANKED
    note: str | None = None
    key: str | None = None
    was: Standing | None = None
    now: Standing | None = None
    data: dict[str, Any] = field(default_factory=dict)
    position: int | None = None


def entries(
    facts: tuple[Fact, ...],
    command: Command,
    at: datetime,
    *,
    aggregate: str,
    subject: str,
    rev: int,
    version: int,
    rank: int,
    was: Standing | None,
    now: Standing | None,
) -> tuple[Entry, ...]:
    """The rows for `facts` that one write of `subject` at revision `rev` brings."""
    return tuple(
        Entry(
            id=f"{subject}:{rev}:{n}",
            aggregate=aggregate,
            subject=subject,
            rev=rev,
            version=version,
            type=fact.name,
            at=at,
            actor=command.actor,
            via=command.via,
            rank=rank,
            note=command.note,
            key=command.key,
            was=was,
            now=now,
            data=fact.data(),
        )
        for n, fact in enumerate(facts)
    )


def routing_key(entry: Entry) -> str:
    """`incident.<fact>.<p1..p5|none>`; other aggregates likewise, with `none`."""
    return f"{entry.aggregate}.{entry.type}.{level(entry.rank)}"


def level(rank: int) -> str:
    """The routing word of a rank: p1 .. p5, or none."""
    return f"p{rank}" if rank < UNRANKED else "none"


def _person(entry: Entry, names: Mapping[str, str]) -> str:
    user_id = entry.data.get("user_id") or entry.actor.id
    return names.get(str(user_id), str(user_id))


def summarize(entry: Entry, names: Mapping[str, str]) -> str:
    """A sentence for people, for any entry. `names` maps the ids of people to their names; unknown ids stay
    ids.
    """
    data = entry.data
    who = names.get(entry.actor.id, entry.actor.id)
    match entry.type:
        case "triggered":
            return f"reported by {who}: {data['title']}"
        case "categorized":
            kind = "/".join(filter(None, (data["category"], data.get("subcategory"))))
            return f"category {kind} because {data['rule']}"
        case "prioritized":
            return f"{data['priority']} because {data['explanation']}"
        case "escalated":
            calls = ", ".join(
                f"{names.get(page['user_id'], page['user_id'])} through {page['channel']}" for page in data["pages"]
            )
            return f"paging {calls} (step {data['step'] + 1} of {data['policy']})"
        case "escalation_exhausted":
            told = "no further step" if data.get("told") else "nobody could be told"
            return f"escalation is exhausted, {told}: {data['why']}"
        case "notification.sent":
            repeat = ", possibly a second time" if data.get("possible_repeat") else ""
            return f"page to {_person(entry, names)} delivered through {data['channel']}{repeat}"
        case "notification.failed":
            page = f"page to {_person(entry, names)} through {data['channel']}"
            return f"{page} failed: {data['error']}; {data['action']}"
        case "responder_added":
            return f"{_person(entry, names)} joined as responder"
        case "note_added":
            return f"{who} noted: {data['text']}"
        case "alert.deduplicated":
            return f"repeated {data['count']} times under the key {data['key']}"
        case "reopened":
            return f"reopened by {who}" + (f": {data['cause']}" if "cause" in data else "")
        case "canceled":
            return f"canceled by {who}: {data['reason']}"
        case other:
            return f"{other.replace('_', ' ')} by {who}"
