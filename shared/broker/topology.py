"""What exists on the broker, derived from what the handlers hear. Nobody declares a queue by hand.

In: `tocsin.intake`, routing key `<sender>.<severity|none>`; what is severe has a queue of its own, so that it passes
a storm of the rest. Out: `tocsin.events`, routing key `<aggregate>.<fact>.<p1..p5|none>`. Each handler has a
`.high` queue (P1, P2) and a `.normal` one, so that high priority never waits behind a storm of low.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelPreconditionFailed

EVENTS = "tocsin.events"
INTAKE = "tocsin.intake"
INTAKE_OTHER = "tocsin.intake.other"
INTAKE_QUEUES = {"high": ("critical", "error"), "normal": ("warning", "info", "none")}
DEAD = "tocsin.dead"
DEAD_LETTERS = "tocsin.dead-letters"
LEVELS = {"high": ("p1", "p2"), "normal": ("p3", "p4", "p5", "none")}

# Generous, and explicit: 4.x drops a message after 20 returns by default, and counts the prefetched
# neighbours of a lost connection. The runner keeps its own count of attempts.
DELIVERY_LIMIT = 1000


class TopologyMismatch(Exception):
    """The broker has something of the same name with other properties; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which facts a handler hears: `facts` are the first two words of routing keys ("incident.triggered")."""

    handler: str
    facts: tuple[str, ...]
    prefetch: int


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """One of a handler's two queues, with its bindings."""

    name: str
    handler: str
    keys: tuple[str, ...]
    prefetch: int


def work_queues(subscriptions: Iterable[Subscription]) -> tuple[WorkQueue, ...]:
    """The queues that these subscriptions need."""
    return tuple(
        WorkQueue(
            f"tocsin.{subscription.handler}.{level}",
            subscription.handler,
            tuple(f"{fact}.{priority}" for fact in subscription.facts for priority in priorities),
            subscription.prefetch,
        )
        for subscription in subscriptions
        for level, priorities in LEVELS.items()
    )


async def declare(channel: AbstractChannel, queues: Iterable[WorkQueue]) -> None:
    """Declare all of it; what is there stays. Raises TopologyMismatch."""
    try:
        events = await declare_events(channel)
        dead = await channel.declare_exchange(DEAD, ExchangeType.TOPIC, durable=True)
        letters = await channel.declare_queue(DEAD_LETTERS, durable=True, arguments=_quorum())
        await letters.bind(dead, "#")
        for queue in queues:
            declared = await channel.declare_queue(queue.name, durable=True, arguments=_work())
            for key in queue.keys:
                await declared.bind(events, key)
    except ChannelPreconditionFailed as error:
        raise _mismatch(error) from None


async def declare_intake(channel: AbstractChannel) -> Any:
    """The exchange that events come in through, and its two queues; what has another routing key waits with the
    rest. Raises TopologyMismatch.
    """
    try:
        other = await channel.declare_exchange(INTAKE_OTHER, ExchangeType.FANOUT, durable=True)
        intake = await channel.declare_exchange(
            INTAKE, ExchangeType.TOPIC, durable=True, arguments={"alternate-exchange": INTAKE_OTHER}
        )
        await channel.declare_exchange(DEAD, ExchangeType.TOPIC, durable=True)
        for level, words in INTAKE_QUEUES.items():
            queue = await channel.declare_queue(intake_queue(level), durable=True, arguments=_work())
            for word in words:
                await queue.bind(intake, f"*.{word}")
            if level == "normal":
                await queue.bind(other)
    except ChannelPreconditionFailed as error:
        raise _mismatch(error) from None
    return intake


def intake_queue(level: str) -> str:
    """The name of the queue for events of this level ("high", "normal")."""
    return f"{INTAKE}.{level}"


def _mismatch(error: Exception) -> TopologyMismatch:
    return TopologyMismatch(
        f"RabbitMQ has a queue or exchange that differs from what this version declares ({error}). "
        "Drain and delete it, then start again."
    )


async def declare_events(channel: AbstractChannel) -> Any:
    """The exchange that every fact leaves through."""
    return await channel.declare_exchange(EVENTS, ExchangeType.TOPIC, durable=True)


def _quorum() -> dict[str, Any]:
    return {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


def _work() -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
