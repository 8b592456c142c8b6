"""Notifications: one id however often it is tried, one sender at a time, and an end to the retries."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from shared.domain.commands import Command, Decision, identity, system
from shared.domain.notification import (
    ENDED,
    Deferred,
    Delivered,
    Delivery,
    Notification,
    Outcome,
    Refused,
    cancel,
    claim,
    claimed,
    conclude,
    notification_id,
)
from tests.domain.samples import NOW, WORKER

SECOND = timedelta(seconds=1)
LEASE = 30 * SECOND
BACKOFF = 4 * SECOND


def notification(**changes: Any) -> Notification:
    """A notification that nobody has tried yet."""
    return replace(Notification("n1", "i1", "ann", "m1", "webhook", NOW), **changes)


def sending(**changes: Any) -> Notification:
    """A notification in the hands of the sender "one"."""
    return replace(claimed(notification(), "one", NOW, LEASE), **changes)


def concluded(outcome: Outcome, held: Notification, owner: str = "one") -> Decision[Notification]:
    """What is written down a second later."""
    return conclude(outcome, owner, BACKOFF)(held, WORKER, NOW + SECOND)


def test_an_id_is_the_same_for_the_same_page() -> None:
    """Whoever computes it, however often: 32 hexadecimal digits, the same in every process."""
    assert notification_id("i1", 0, 1, "ann", "m1", "escalation") == "34e7b183cb716caa91733c5bbbccf191"


def test_any_other_page_has_another_id() -> None:
    """Each part counts, and so does where one part ends and the next begins."""
    parts: list[tuple[str, int, int, str, str, str]] = [
        ("i1", 0, 1, "ann", "m1", "escalation"),
        ("i2", 0, 1, "ann", "m1", "escalation"),
        ("i1", 1, 1, "ann", "m1", "escalation"),
        ("i1", 0, 2, "ann", "m1", "escalation"),
        ("i1", 1, 0, "ann", "m1", "escalation"),
        ("i1", 0, 1, "bob", "m1", "escalation"),
        ("i1", 0, 1, "ann", "m2", "escalation"),
        ("i1", 0, 1, "ann", "m1", "failover"),
        ("i1", 0, 1, "annm", "1", "escalation"),
        ("i1", 0, 1, 'ann","m1', "", "escalation"),
    ]
    for one, other in combinations(parts, 2):
        assert notification_id(*one) != notification_id(*other)


def test_a_command_of_the_system_is_recognised_by_its_cause() -> None:
    """The same cause gives the same command, another cause or part another one."""
    assert system("triage", "i1", 0) == system("triage", "i1", 0)
    commands: list[Command] = [system("triage", "i1", 0), system("triage", "i1", 1), system("sla", "i1", 0)]
    assert len({command.id for command in commands}) == 3
    assert identity("1") != identity(1)


@pytest.mark.parametrize(
    ("held", "after", "taken", "doubts"),
    [
        (notification(), 0 * SECOND, True, 0),
        (notification(next_at=NOW + SECOND), 0 * SECOND, False, 0),
        (notification(next_at=NOW + SECOND), 1 * SECOND, True, 0),
        (notification(next_at=NOW + SECOND), 9 * SECOND, True, 0),
        (sending(), LEASE - SECOND, False, 0),
        (sending(), LEASE, True, 1),
        (sending(possible_repeat=1), LEASE + SECOND, True, 2),
        (sending(lease_until=None), 0 * SECOND, True, 1),
        *((notification(status=status), 99 * LEASE, False, 0) for status in ENDED),
    ],
    ids=[
        "fresh",
        "deferred, not due",
        "deferred, due",
        "deferred, overdue",
        "held by another",
        "the other's lease ran out",
        "ran out again",
        "held without a lease",
        *ENDED,
    ],
)
def test_a_claim(held: Notification, after: timedelta, taken: bool, doubts: int) -> None:
    """Only what is free and due is taken; what another may have sent already is marked as in doubt."""
    now = NOW + after
    decision = claim("two", LEASE)(held, WORKER, now)
    assert decision.changed is taken
    if not taken:
        assert decision.value == held
        return
    mine = decision.value
    assert (mine.status, mine.owner, mine.lease_until) == (Delivery.SENDING, "two", now + LEASE)
    assert mine.attempts == held.attempts + 1
    assert mine.possible_repeat == doubts
    assert mine.next_at is None
    assert mine.id == held.id


def test_one_claim_at_a_time() -> None:
    """Of two senders who ask one after the other, the second finds it taken, and so does the first again."""
    mine = claim("one", LEASE)(notification(), WORKER, NOW).value
    assert not claim("two", LEASE)(mine, WORKER, NOW).changed
    assert not claim("one", LEASE)(mine, WORKER, NOW).changed


def test_what_was_delivered_is_sent() -> None:
    """The provider's name for it is kept, with the moment, and the lease ends."""
    sent = concluded(Delivered("provider-7"), sending()).value
    assert (sent.status, sent.sent_at, sent.reference) == (Delivery.SENT, NOW + SECOND, "provider-7")
    assert sent.lease_until is None


def test_what_was_refused_has_failed() -> None:
    """It would not help to try again, and the reason is kept."""
    lost = concluded(Refused("550 no such user"), sending(until=NOW + LEASE)).value
    assert (lost.status, lost.error, lost.next_at) == (Delivery.FAILED, "550 no such user", None)
    assert lost.lease_until is None


@pytest.mark.parametrize(
    ("until", "after", "status", "wait"),
    [
        (None, None, Delivery.PENDING, BACKOFF),
        (None, SECOND, Delivery.PENDING, BACKOFF),
        (None, 60 * SECOND, Delivery.PENDING, 60 * SECOND),
        (6 * SECOND, None, Delivery.PENDING, BACKOFF),
        (5 * SECOND, None, Delivery.FAILED, None),
        (4 * SECOND, None, Delivery.FAILED, None),
        (60 * SECOND, 60 * SECOND, Delivery.FAILED, None),
        (62 * SECOND, 60 * SECOND, Delivery.PENDING, 60 * SECOND),
    ],
    ids=[
        "our backoff",
        "the provider asks for less",
        "the provider asks for more",
        "inside the budget",
        "at its end",
        "after it",
        "the provider asks for too much",
        "the provider asks for what there is",
    ],
)
def test_a_deferral(until: timedelta | None, after: timedelta | None, status: Delivery, wait: timedelta | None) -> None:
    """It waits for the longer of our backoff and the provider's wish; what would be too late has failed."""
    held = sending(until=NOW + until if until else None)
    later = concluded(Deferred("451 try later", after), held).value
    assert (later.status, later.error, later.lease_until) == (status, "451 try later", None)
    assert later.next_at == (NOW + SECOND + wait if wait else None)
    assert later.attempts == held.attempts


@pytest.mark.parametrize("outcome", [Delivered(), Deferred("later"), Refused("no")], ids=type)
@pytest.mark.parametrize(
    "held",
    [sending(owner="two"), notification(), *(sending(status=status) for status in ENDED)],
    ids=["another's", "nobody's", *ENDED],
)
def test_only_its_sender_concludes(outcome: Outcome, held: Notification) -> None:
    """A sender whose lease passed to another, or who comes after the end, writes nothing."""
    assert concluded(outcome, held) == Decision(held, (), changed=False)


def test_a_sender_may_conclude_after_its_lease() -> None:
    """Late, but nobody else has taken it: its answer counts."""
    decision = conclude(Delivered(), "one", BACKOFF)(sending(), WORKER, NOW + 2 * LEASE)
    assert decision.value.status is Delivery.SENT


@pytest.mark.parametrize("held", [notification(next_at=NOW + SECOND), sending()], ids=["pending", "sending"])
def test_what_is_not_over_can_be_cancelled(held: Notification) -> None:
    """It is not wanted any more: nobody holds it, and it is never due again."""
    ended = cancel(held, WORKER, NOW)
    assert ended.changed
    assert (ended.value.status, ended.value.lease_until, ended.value.next_at) == (
        Delivery.CANCELED,
        None,
        None,
    )
    assert not claim("two", LEASE)(ended.value, WORKER, NOW + 9 * LEASE).changed


@pytest.mark.parametrize("status", ENDED)
def test_what_is_over_stays_as_it_ended(status: Delivery) -> None:
    """A cancellation after the end changes nothing."""
    held = sending(status=status)
    assert cancel(held, WORKER, NOW) == Decision(held, (), changed=False)


def test_a_life_with_every_turn() -> None:
    """Deferred, lost by its sender, taken over in doubt and delivered: three attempts under one id."""
    held = claim("one", LEASE)(notification(until=NOW + timedelta(minutes=5)), WORKER, NOW).value
    held = conclude(Deferred("busy"), "one", BACKOFF)(held, WORKER, NOW).value
    held = claim("one", LEASE)(held, WORKER, NOW + BACKOFF).value
    held = claim("two", LEASE)(held, WORKER, NOW + BACKOFF + LEASE).value
    assert not conclude(Delivered(), "one", BACKOFF)(held, WORKER, NOW + BACKOFF + LEASE).changed
    held = conclude(Delivered(), "two", BACKOFF)(held, WORKER, NOW + BACKOFF + LEASE + SECOND).value
    assert (held.status, held.attempts, held.possible_repeat, held.id) == (Delivery.SENT, 3, 1, "n1")
