"""Who asks for a change, through what, and how a repeated ask is recognised."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from shared.domain.facts import Fact

T = TypeVar("T")


class ActorKind(StrEnum):
    """Who acts: a human being, a source of events, or Tocsin itself."""

    PERSON = "PERSON"
    INTEGRATION = "INTEGRATION"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` names a user, an integration, or the part of Tocsin that acted ("triage"); names are resolved on
    reading.
    """

    kind: ActorKind
    id: str


@dataclass(frozen=True, slots=True)
class Command:
    """One ask.

    id: the same ask has the same id, whoever retries it; found among a document's `applied`, it is its own
    success.
    digest: of the input; the same id with another digest is refused.
    key: the caller's idempotency key, when there was one.
    via: through what it came ("graphql", "worker", "cli").
    """

    id: str
    actor: Actor
    via: str
    note: str | None = None
    digest: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What follows from a command: the next value and the facts. `changed` is what the caller is told."""

    value: T
    facts: tuple[Fact, ...] = ()
    changed: bool = True


Decide = Callable[[T, Command, datetime], Decision[T]]


def unchanged(value: T) -> Decision[T]:
    """Nothing to write: what was asked for is already so."""
    return Decision(value, (), changed=False)


def identity(*parts: object) -> str:
    """A short stable id for `parts`: 32 hexadecimal digits of SHA-256 over their JSON."""
    text = json.dumps(parts, default=str, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def system(part: str, *cause: object) -> Command:
    """A command of Tocsin itself. With a cause, its repeat is recognised; `part` is the actor's id."""
    return Command(identity(part, *cause), Actor(ActorKind.SYSTEM, part), "worker")
