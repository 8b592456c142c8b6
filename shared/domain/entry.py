"""An entry: one fact with its circumstances, as the outbox, the log, the timeline and the broker carry it."""

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
    team_ids: tuple[str, ...] = ()
    category: str | None = None
    assignee_id: str | None = None
    breached: bool = False


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
