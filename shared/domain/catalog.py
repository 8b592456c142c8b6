"""What the organisation tells Tocsin once: services, users and how to reach them, escalation policies, API
tokens.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.errors import InvalidInput, Issue, is_storable
from shared.domain.facts import (
    ClosurePolicyChosen,
    CommanderPolicyChosen,
    ContactMethodAdded,
    Created,
    FallbackChosen,
    MajorsSubscribed,
    Revoked,
)
from shared.domain.priority import Priority
from shared.domain.texts import refuse
from shared.domain.time_zones import is_time_zone

ORGANIZATION_ID = "organization"
LONGEST_NAME = 200
LONGEST_DELAY = 24 * 3600
MOST_STEPS = 20
MOST_REPEATS = 9
MOST_DAYS = 365
MOST_CONTACT_METHODS = 20
MOST_REVIEW_TASKS = 20


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
    team_id: str | None = None
    depends_on: tuple[str, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True)
class Team:
    """People who own services together."""

    id: str
    name: str
    created_at: datetime
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
    """A person. Contact methods stand in the order in which they are tried. `time_zone` is an IANA name.

    hears_majors: whether they are paged when an incident is declared major.
    """

    id: str
    name: str
    email: str
    created_at: datetime
    contact_methods: tuple[ContactMethod, ...] = ()
    time_zone: str = "UTC"
    hears_majors: bool = False
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
class ClosurePolicy:
    """What a resolved incident must go through before it is closed.

    auto_close_days: after so many days without a new signal it is closed by itself; None: never.
    review_tasks: what has to be done for incidents of `review_priorities`, and for majors if `review_majors`.
    """

    auto_close_days: int | None = 14
    review_tasks: tuple[str, ...] = ()
    review_priorities: tuple[Priority, ...] = ()
    review_majors: bool = False


@dataclass(frozen=True, slots=True)
class Organization:
    """The one document of settings that belong to nobody else. The first step of the commander policy is paged
    when an incident is declared major.
    """

    id: str = ORGANIZATION_ID
    fallback_policy_id: str | None = None
    commander_policy_id: str | None = None
    closure: ClosurePolicy = field(default_factory=ClosurePolicy)
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
    refuse(issues)
    return Decision(service, (Created(service.name),))


def create_team(team: Team) -> Decision[Team]:
    """A new team, its input checked."""
    refuse(_name_issues(team.name))
    return Decision(team, (Created(team.name),))


def create_user(user: User) -> Decision[User]:
    """A new user, its input checked."""
    issues = _name_issues(user.name)
    if not looks_like_email(user.email):
        issues.append(Issue(("input", "email"), "INVALID", f"{user.email!r} is not an e-mail address."))
    if not is_time_zone(user.time_zone):
        issues.append(Issue(("input", "timeZone"), "INVALID", f"{user.time_zone[:60]!r} is not an IANA time zone."))
    refuse(issues)
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
    refuse(issues)
    return Decision(policy, (Created(policy.name),))


def create_token(token: Token) -> Decision[Token]:
    """A new API token."""
    refuse(_name_issues(token.label, "label"))
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
        if len(user.contact_methods) >= MOST_CONTACT_METHODS:
            text = f"A user has at most {MOST_CONTACT_METHODS} contact methods."
            raise InvalidInput(Issue(("input", "userId"), "TOO_MANY", text))
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


def choose_commander_policy(policy_id: str) -> Decide[Organization]:
    """The policy whose first step is the incident commander on call."""

    def decide(organization: Organization, command: Command, now: datetime) -> Decision[Organization]:
        if organization.commander_policy_id == policy_id:
            return unchanged(organization)
        chosen = replace(organization, commander_policy_id=policy_id, version=organization.version + 1)
        return Decision(chosen, (CommanderPolicyChosen(policy_id),))

    return decide


def choose_closure(policy: ClosurePolicy) -> Decide[Organization]:
    """When incidents are closed by themselves, and which must be reviewed before."""
    issues = []
    if policy.auto_close_days is not None and not 1 <= policy.auto_close_days <= MOST_DAYS:
        issues.append(Issue(("input", "autoCloseDays"), "OUT_OF_RANGE", f"It is 1 to {MOST_DAYS} days, or none."))
    if len(policy.review_tasks) > MOST_REVIEW_TASKS:
        text = f"A review has at most {MOST_REVIEW_TASKS} tasks."
        issues.append(Issue(("input", "reviewTasks"), "TOO_MANY", text))
    for index, title in enumerate(policy.review_tasks):
        issues += _name_issues(title, f"reviewTasks.{index}")
    refuse(issues)

    def decide(organization: Organization, command: Command, now: datetime) -> Decision[Organization]:
        if organization.closure == policy:
            return unchanged(organization)
        chosen = replace(organization, closure=policy, version=organization.version + 1)
        fact = ClosurePolicyChosen(policy.auto_close_days, policy.review_tasks, policy.review_priorities)
        return Decision(chosen, (fact,))

    return decide


def hear_majors(wanted: bool) -> Decide[User]:
    """Whether the user is paged when an incident is declared major."""

    def decide(user: User, command: Command, now: datetime) -> Decision[User]:
        if user.hears_majors is wanted:
            return unchanged(user)
        return Decision(replace(user, hears_majors=wanted, version=user.version + 1), (MajorsSubscribed(wanted),))

    return decide


def looks_like_email(text: str) -> bool:
    """Whether `text` has the rough shape of an address; the mail server has the last word."""
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and text.isprintable() and not any(c in text for c in " \t,;<>")


def _name_issues(name: str, field: str = "name") -> list[Issue]:
    path = ("input", *field.split("."))
    if not name.strip() or len(name) > LONGEST_NAME:
        return [Issue(path, "LENGTH", f"A {field} has 1 to {LONGEST_NAME} characters.")]
    if not is_storable(name):
        return [
            Issue(("input", *field.split(".")), "INVALID", f"The {field} has a NUL character or half a surrogate pair.")
        ]
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
