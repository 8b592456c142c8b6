"""What a handler declares: the facts it hears, how it is retried, and the indexed query that finds its undone
work.

State is the queue, the broker is the doorbell. A message only names the incident; the handler decides on its
present state, so that a message that is lost, late, or comes twice changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.broker.topology import Subscription
from shared.channels import Channel
from shared.domain.entry import UNRANKED
from shared.domain.facts import Fact
from shared.settings import Settings
from shared.store.incidents import Undone
from shared.store.store import Store


@dataclass(frozen=True, slots=True)
class Deps:
    """All that a handler may use. `owner` names this process among the workers."""

    store: Store
    channels: Mapping[str, Channel]
    settings: Settings
    owner: str


SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Work:
    """One incident to look at. `cause` is the event that rang, or a word for who found it."""

    incident_id: str
    cause: str
    rank: int = UNRANKED


Handle = Callable[[Work, Deps], Awaitable[None]]
FindUndone = Callable[[Store, Sequence[int], Undone | None], Awaitable[Sequence[Undone]]]
"""(store, ranks, after which) -> a page of undone work, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failing handler is tried with one incident, and how long it waits in between."""

    delays: tuple[timedelta, ...] = tuple(timedelta(seconds=s) for s in (1, 2, 5, 10, 30, 60, 120, 300, 600))

    hopeless: timedelta = timedelta(hours=1)

    def after(self, attempts: int) -> timedelta:
        """The wait after that many failures."""
        return self.delays[attempts - 1] if attempts <= len(self.delays) else self.hopeless

    def is_used_up(self, attempts: int) -> bool:
        """Whether this failure makes it a dead letter. It goes on being tried, rarely: giving up would be silence."""
        return attempts == len(self.delays) + 1


@dataclass(frozen=True, slots=True)
class Handler:
    """One kind of work.

    hears: the facts whose message calls it. undone: the query that finds what messages missed, swept every
    few seconds.
    timers: the kinds of timer that call it when they run out.
    """

    name: str
    hears: tuple[type[Fact], ...]
    handle: Handle
    undone: FindUndone | None = None
    timers: tuple[str, ...] = ()
    retry: Retry = field(default_factory=Retry)
    prefetch: int = 64
    timeout: timedelta = timedelta(seconds=60)

    def subscription(self) -> Subscription:
        """What it asks of the broker."""
        return Subscription(self.name, tuple(f"{fact.aggregate}.{fact.name}" for fact in self.hears), self.prefetch)
