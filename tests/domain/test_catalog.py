"""The catalog: every refusal with the path of the field that it is about, and what repeats change."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.catalog import (
    LONGEST_DELAY,
    LONGEST_NAME,
    MOST_CONTACT_METHODS,
    MOST_REPEATS,
    MOST_STEPS,
    ContactMethod,
    Organization,
    Policy,
    Role,
    Service,
    Step,
    Token,
    User,
    add_contact_method,
    choose_fallback,
    create_policy,
    create_service,
    create_token,
    create_user,
    looks_like_email,
    revoke,
)
from shared.domain.commands import Decision
from shared.domain.errors import InvalidInput
from tests.domain.samples import LATER, NOW, by, method

STEP = Step(("ann",), 300)
LONG = "x" * (LONGEST_NAME + 1)


def service(**changes: Any) -> Decision[Service]:
    """A service, created."""
    return create_service(replace(Service("s1", "checkout", 1, NOW), **changes))


def user(**changes: Any) -> Decision[User]:
    """A user, created."""
    return create_user(replace(User("u1", "Ann", "ann@example.com", NOW), **changes))


def policy(**changes: Any) -> Decision[Policy]:
    """A policy, created."""
    return create_policy(replace(Policy("p1", "primary", (STEP,), NOW), **changes))


def token(**changes: Any) -> Decision[Token]:
    """A token, created."""
    return create_token(replace(Token("t1", "ci", "00", Role.ADMIN, "u1", NOW), **changes))


def steps(step: Step) -> dict[str, Any]:
    """A second step that may be wrong, after a first one that is right."""
    return {"steps": (STEP, step)}


@pytest.mark.parametrize(
    ("create", "changes", "path", "code"),
    [
        (service, {"name": ""}, "input.name", "LENGTH"),
        (service, {"name": " \t"}, "input.name", "LENGTH"),
        (service, {"name": LONG}, "input.name", "LENGTH"),
        (service, {"tier": 0}, "input.tier", "OUT_OF_RANGE"),
        (service, {"tier": 4}, "input.tier", "OUT_OF_RANGE"),
        (user, {"name": ""}, "input.name", "LENGTH"),
        (user, {"name": LONG}, "input.name", "LENGTH"),
        (user, {"email": "ann"}, "input.email", "INVALID"),
        (user, {"email": ""}, "input.email", "INVALID"),
        (policy, {"name": ""}, "input.name", "LENGTH"),
        (policy, {"name": LONG}, "input.name", "LENGTH"),
        (policy, {"steps": ()}, "input.steps", "OUT_OF_RANGE"),
        (policy, {"steps": (STEP,) * (MOST_STEPS + 1)}, "input.steps", "OUT_OF_RANGE"),
        (policy, {"repeat": -1}, "input.repeat", "OUT_OF_RANGE"),
        (policy, {"repeat": MOST_REPEATS + 1}, "input.repeat", "OUT_OF_RANGE"),
        (policy, steps(Step((), 300)), "input.steps.1.userIds", "EMPTY"),
        (policy, steps(Step(("ann",), 0)), "input.steps.1.delaySeconds", "OUT_OF_RANGE"),
        (policy, steps(Step(("ann",), -5)), "input.steps.1.delaySeconds", "OUT_OF_RANGE"),
        (policy, steps(Step(("ann",), LONGEST_DELAY + 1)), "input.steps.1.delaySeconds", "OUT_OF_RANGE"),
        (token, {"label": ""}, "input.label", "LENGTH"),
        (token, {"label": LONG}, "input.label", "LENGTH"),
    ],
)
def test_a_refusal_names_its_field(
    create: Callable[..., Decision[Any]], changes: dict[str, Any], path: str, code: str
) -> None:
    """Each wrong field is refused alone, under its own path from the input's root, with a sentence."""
    with pytest.raises(InvalidInput) as refusal:
        create(**changes)
    (issue,) = refusal.value.issues
    assert (".".join(issue.path), issue.code) == (path, code)
    assert issue.message.endswith(".")


@pytest.mark.parametrize(
    ("create", "changes"),
    [
        (service, {"name": "half a pair \ud83d"}),
        (user, {"name": "half a pair \ud83d"}),
        (policy, {"name": "half a pair \ud83d"}),
        (token, {"label": "half a pair \ud83d"}),
    ],
)
def test_a_name_that_cannot_be_stored_is_refused(create: Callable[..., Decision[Any]], changes: dict[str, Any]) -> None:
    """Half of a surrogate pair has no UTF-8: the caller hears so, not the database driver."""
    with pytest.raises(InvalidInput):
        create(**changes)


def test_all_issues_are_told_at_once() -> None:
    """A policy with four mistakes is refused once, with four issues."""
    with pytest.raises(InvalidInput) as refusal:
        policy(name="", repeat=99, steps=(Step((), 0),))
    assert [".".join(issue.path) for issue in refusal.value.issues] == [
        "input.name",
        "input.repeat",
        "input.steps.0.userIds",
        "input.steps.0.delaySeconds",
    ]


@pytest.mark.parametrize(
    ("create", "changes"),
    [
        (service, {}),
        (service, {"tier": 3, "name": "x" * LONGEST_NAME}),
        (user, {}),
        (policy, {"repeat": MOST_REPEATS, "steps": (STEP,) * MOST_STEPS}),
        (policy, steps(Step(("ann", "ann"), 1))),
        (policy, steps(Step(("ann",), LONGEST_DELAY))),
        (token, {}),
    ],
)
def test_what_is_right_is_created(create: Callable[..., Decision[Any]], changes: dict[str, Any]) -> None:
    """Within its limits a value is taken as it is, with the one fact that it came to be."""
    decision = create(**changes)
    assert decision.changed
    assert decision.value.version == 1
    assert all(getattr(decision.value, name) == value for name, value in changes.items())
    (fact,) = decision.facts
    assert isinstance(fact, facts.Created)


def test_a_user_is_created_without_a_name_in_the_fact() -> None:
    """People can be forgotten, so no fact holds their name or address."""
    (fact,) = user().facts
    assert fact == facts.Created("u1")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("ann@example.com", True),
        ("a.b+c@mail.example.com", True),
        ("ann@localhost", True),
        ("@example.com", False),
        ("ann@", False),
        ("ann.example.com", False),
        ("ann @example.com", False),
        ("ann@exa mple.com", False),
        ("ann@example.com,bob@example.com", False),
        ("Ann <ann@example.com>", False),
        ("ann@example.com\nBcc: eve@example.com", False),
        ("ann\x00@example.com", False),
    ],
)
def test_what_an_address_looks_like(text: str, right: bool) -> None:
    """The rough shape only, but nothing that could smuggle a second address or a header."""
    assert looks_like_email(text) is right


def test_a_contact_method_is_added_at_the_end_once() -> None:
    """The order is the order of trying; the same method again changes nothing."""
    one, two = method("m1"), method("m2", "email")
    before = add_contact_method(one)(user().value, by(), LATER).value
    decision = add_contact_method(two)(before, by(), LATER)
    assert decision.value.contact_methods == (one, two)
    assert decision.value.version == 3
    assert decision.facts == (facts.ContactMethodAdded("m2", "email"),)
    assert add_contact_method(two)(decision.value, by(), LATER) == Decision(decision.value, (), False)


def test_contact_methods_are_bounded() -> None:
    """Nobody is reached in more ways than can be tried; one that is there is there, however many there are."""
    full = replace(user().value, contact_methods=tuple(method(f"m{n}") for n in range(MOST_CONTACT_METHODS)))
    with pytest.raises(InvalidInput) as refusal:
        add_contact_method(method("more"))(full, by(), LATER)
    assert [(issue.path, issue.code) for issue in refusal.value.issues] == [(("input", "userId"), "TOO_MANY")]
    assert add_contact_method(method("m0"))(full, by(), LATER) == Decision(full, (), changed=False)
    room = replace(full, contact_methods=full.contact_methods[1:])
    assert (
        len(add_contact_method(method("more"))(room, by(), LATER).value.contact_methods) == MOST_CONTACT_METHODS == 20
    )


def test_only_enabled_contact_methods_reach_a_user() -> None:
    """A disabled one stays listed and is not tried."""
    off = ContactMethod("m1", "webhook", "http://m1.test", enabled=False)
    held = replace(user().value, contact_methods=(off, method("m2")))
    assert held.reachable_by() == (method("m2"),)


def test_the_fallback_policy_is_chosen_once() -> None:
    """Choosing another replaces it; choosing the same again changes nothing."""
    first = choose_fallback("p1")(Organization(), by(), LATER)
    assert first.facts == (facts.FallbackChosen("p1"),)
    assert (first.value.fallback_policy_id, first.value.version) == ("p1", 2)
    assert choose_fallback("p1")(first.value, by(), LATER) == Decision(first.value, (), False)
    assert choose_fallback("p2")(first.value, by(), LATER).value.version == 3


def test_a_token_is_revoked_once() -> None:
    """The first revocation holds with its moment; the second changes nothing."""
    revoked = revoke(token().value, by(), NOW)
    assert (revoked.value.revoked_at, revoked.facts) == (NOW, (facts.Revoked(),))
    assert revoke(revoked.value, by(), LATER) == Decision(revoked.value, (), False)
