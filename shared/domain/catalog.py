"""What the organisation tells Tocsin once: services, users and how to reach them, escalation policies, API
tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.errors import InvalidInput, Issue, is_storable
from shared.domain.facts import ContactMethodAdded, Created, FallbackChosen, Revoked

ORGANIZATION_ID = "organization"
LONGEST_NAME = 200
LONGEST_DELAY = 24 * 3600
MOST_STEPS = 20
MOST_REPEATS = 9


class Role(StrEnum):
    """What a token may do: VIEWER reads, RESPONDER works on incidents, ADMIN configures too."""

    VIEWER = "VIEWER"
    RESPONDER = "RESPONDER"
    ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True)
class Service:
    """Something that can break. Tier 1 matters most, 3 least; `depends_on` holds service ids."""

    id: str
    name: str
    tier: int
    created_at: datetime
    description: str | None = None
    category: str | None = None
    policy_id: str | None = None
    depends_on: tuple[str, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """One way to reach one user. `address` is the channel's (URL, e-mail address ...); `secret` signs
    webhooks.
    """

    id: str
    channel: str
    address: str
    label: str | None = None
    enabled: bool = True
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A person. Contact methods stand in the order in which they are tried."""

    id: str
    name: str
    email: str
    created_at: datetime
    contact_methods: tuple[ContactMethod, ...] = ()
    version: int = 1

    def reachable_by(self) -> tuple[ContactMethod, ...]:
        """The contact methods that may be used now."""
        return tuple(method for method in self.contact_methods if method.enabled)


@dataclass(frozen=True, slots=True)
class Step:
    """Whom a policy calls at once, and how long (seconds) it then waits before it goes on."""

    user_ids: tuple[str, ...]
    delay_seconds: int


@dataclass(frozen=True, slots=True)
class Policy:
    """An escalation policy. It runs through its steps `repeat` + 1 times."""

    id: str
    name: str
    steps: tuple[Step, ...]
    created_at: datetime
    repeat: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Organization:
    """The one document of settings that belong to nobody else."""

    id: str = ORGANIZATION_ID
    fallback_policy_id: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Token:
    """An API key. Only the SHA-256 of its text is kept."""

    id: str
    label: str
    digest: str
    role: Role
    user_id: str
    created_at: datetime
    revoked_at: datetime | None = None
    version: int = 1


def create_service(service: Service) -> Decision[Service]:
    """A new service, its input checked."""
    issues = _name_issues(service.name)
    if service.tier not in (1, 2, 3):
        issues.append(Issue(("input", "tier"), "OUT_OF_RANGE", "The tier is 1, 2 or 3."))
    _refuse(issues)
    return Decision(service, (Created(service.name),))


def create_user(user: User) -> Decision[User]:
    """A new user, its input checked."""
    issues = _name_issues(user.name)
    if not looks_like_email(user.email):
        issues.append(Issue(("input", "email"), "INVALID", f"{user.email!r} is not an e-mail address."))
    _refuse(issues)
    return Decision(user, (Created(user.id),))


def create_policy(policy: Policy) -> Decision[Policy]:
    """A new escalation policy, its input checked."""
    issues = _name_issues(policy.name)
    if not 1 <= len(policy.steps) <= MOST_STEPS:
        issues.append(Issue(("input", "steps"), "OUT_OF_RANGE", f"A policy has 1 to {MOST_STEPS} steps."))
    if not 0 <= policy.repeat <= MOST_REPEATS:
        issues.append(Issue(("input", "repeat"), "OUT_OF_RANGE", f"A policy repeats 0 to {MOST_REPEATS} times."))
    for index, step in enumerate(policy.steps):
        issues += _step_issues(index, step)
    _refuse(issues)
    return Decision(policy, (Created(policy.name),))


def create_token(token: Token) -> Decision[Token]:
    """A new API token."""
    _refuse(_name_issues(token.label, "label"))
    return Decision(token, (Created(token.label),))


def revoke(token: Token, command: Command, now: datetime) -> Decision[Token]:
    """The token's end. Revoking twice changes nothing."""
    if token.revoked_at:
        return unchanged(token)
    return Decision(replace(token, revoked_at=now, version=token.version + 1), (Revoked(),))


def add_contact_method(method: ContactMethod) -> Decide[User]:
    """One more way to reach a user, tried after those that are there."""

    def decide(user: User, command: Command, now: datetime) -> Decision[User]:
        if any(known.id == method.id for known in user.contact_methods):
            return unchanged(user)
        methods = (*user.contact_methods, method)
        fact = ContactMethodAdded(method.id, method.channel)
        return Decision(replace(user, contact_methods=methods, version=user.version + 1), (fact,))

    return decide


def choose_fallback(policy_id: str) -> Decide[Organization]:
    """The policy that pages where no service or no policy is known."""

    def decide(organization: Organization, command: Command, now: datetime) -> Decision[Organization]:
        if organization.fallback_policy_id == policy_id:
            return unchanged(organization)
        chosen = replace(organization, fallback_policy_id=policy_id, version=organization.version + 1)
        return Decision(chosen, (FallbackChosen(policy_id),))

    return decide


def looks_like_email(text: str) -> bool:
    """Whether `text` has the rough shape of an address; the mail server has the last word."""
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and text.isprintable() and not any(c in text for c in " \t,;<>")


def _name_issues(name: str, field: str = "name") -> list[Issue]:
    if not name.strip() or len(name) > LONGEST_NAME:
        return [Issue(("input", field), "LENGTH", f"A {field} has 1 to {LONGEST_NAME} characters.")]
    if not is_storable(name):
        return [Issue(("input", field), "INVALID", f"The {field} has a NUL character or half a surrogate pair.")]
    return []


def _step_issues(index: int, step: Step) -> list[Issue]:
    path = ("input", "steps", str(index))
    issues = []
    if not step.user_ids:
        issues.append(Issue((*path, "userIds"), "EMPTY", f"Step {index + 1} calls nobody."))
    if not 1 <= step.delay_seconds <= LONGEST_DELAY:
        text = f"Step {index + 1} waits 1 to {LONGEST_DELAY} seconds before the next."
        issues.append(Issue((*path, "delaySeconds"), "OUT_OF_RANGE", text))
    return issues


def _refuse(issues: Sequence[Issue]) -> None:
    if issues:
        raise InvalidInput(*issues)
