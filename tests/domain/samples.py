"""Values that the domain's tests start from, made by the domain's own functions where it has one."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.catalog import ContactMethod, Policy, Step
from shared.domain.category import Categorization
from shared.domain.commands import Actor, ActorKind, Command, Decide, Decision, system
from shared.domain.deadlines import fall_due
from shared.domain.entry import Entry, entries
from shared.domain.errors import InvalidInput
from shared.domain.escalation import Candidate, Plan, escalate
from shared.domain.facts import Fact
from shared.domain.incident import ESCALATE, Incident
from shared.domain.lifecycle import Status
from shared.domain.priority import Assessment, Level, Priority
from shared.domain.relations import merge
from shared.domain.reports import Report, report
from shared.domain.transitions import acknowledge, cancel, close, investigate, mitigate, resolve
from shared.domain.triage import triage

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KEY = "report:-|disk"
WORKER = system("test")
P1 = Assessment(Priority.P1, Level.HIGH, Level.HIGH, "tier 1 x critical")
DATABASE = Categorization("database", None, "it mentions 'mongodb'")

PATHS: dict[Status, tuple[Decide[Incident], ...]] = {
    Status.TRIGGERED: (),
    Status.ACKNOWLEDGED: (acknowledge,),
    Status.INVESTIGATING: (acknowledge, investigate),
    Status.MITIGATED: (acknowledge, mitigate("restarted it")),
    Status.RESOLVED: (acknowledge, resolve("it was full", "a bigger disk")),
    Status.CLOSED: (resolve(None, None), close("buy disks")),
    Status.CANCELED: (cancel("a drill"),),
}
"""How an incident gets to each status that somebody can lead it to, without another one."""


def by(
    actor_id: str = "ann", kind: ActorKind = ActorKind.PERSON, note: str | None = None, command_id: str = "c1"
) -> Command:
    """A command of this person, or of this source."""
    return Command(command_id, Actor(kind, actor_id), "graphql", note)


def source(actor_id: str = "alertmanager") -> Command:
    """A command of a source of events."""
    return by(actor_id, ActorKind.INTEGRATION)


def triggered(number: int = 1, **said: Any) -> Incident:
    """An incident that ann reported at NOW; its id is `i<number>`. Each has a key of its own."""
    key = KEY if number == 1 else f"{KEY}{number}"
    asked = {"title": "Checkout is down", "service_ids": ("checkout",), "key": key} | said
    return report(f"i{number}", number, Report(**asked), by(), NOW).value


def at(status: Status, number: int = 1, priority: Priority | None = None) -> Incident:
    """An incident that ann led to `status`, all at NOW; one that is MERGED is so into `i99`."""
    incident = triggered(number)
    if priority:
        incident = triage(assessed(priority), DATABASE)(incident, WORKER, NOW).value
    if status is Status.MERGED:
        loaded = {incident.id: incident, "i99": triggered(99)}
        incident = merge((incident.id,), "i99")(loaded, by(), NOW)[incident.id].value
    for decide in PATHS.get(status, ()):
        incident = decide(incident, by(), NOW).value
    assert incident.status is status
    return incident


def assessed(priority: Priority) -> Assessment:
    """What triage says of an incident of this priority."""
    return Assessment(priority, Level.HIGH, Level.HIGH, "tier 1 x critical")


def method(method_id: str, channel: str = "webhook") -> ContactMethod:
    """A way to reach somebody."""
    return ContactMethod(method_id, channel, f"http://{method_id}.test")


def policy(*steps: Iterable[str], delay: int = 60, repeat: int = 0, name: str = "primary") -> Policy:
    """A policy whose step n calls the users in `steps[n]` and then waits (n + 1) x `delay` seconds."""
    made = tuple(Step(tuple(users), delay * n) for n, users in enumerate(steps, start=1))
    return Policy(name, name, made, NOW, repeat)


def plan(*policies: Policy, reachable: str = "ann bob cid dan") -> Plan:
    """A plan of these policies; each of the `reachable` has the contact methods `<user>-1` and `<user>-2`."""
    return Plan(tuple(Candidate(one, f"policy {one.name}") for one in policies), reach(reachable))


def reach(users: str = "ann bob cid dan") -> dict[str, tuple[ContactMethod, ...]]:
    """How each of the users can be reached: first by `<user>-1`, then by `<user>-2`."""
    return {user: (method(f"{user}-1"), method(f"{user}-2", "email")) for user in users.split()}


def step_taken(incident: Incident, given: Plan, late: timedelta = timedelta()) -> Decision[Incident]:
    """What the escalation decides when its timer is due, or `late` after that."""
    return escalate(given)(incident, WORKER, incident.timers[ESCALATE] + late)


def carried_out(
    decide: Decide[Incident], incident: Incident, command: Command | None = None, now: datetime = LATER
) -> Decision[Incident]:
    """What bob's ask (or that of `command`) brings at LATER: a change that is told and raises the version by one."""
    decision = decide(incident, command or by("bob"), now)
    assert decision.changed
    assert decision.facts
    assert (decision.value.version, decision.value.updated_at) == (incident.version + 1, now)
    return decision


def is_so(decide: Decide[Incident], incident: Incident, command: Command | None = None, now: datetime = LATER) -> None:
    """Asking for it changes nothing and tells nothing, because it is so."""
    assert decide(incident, command or by("bob"), now) == Decision(incident, (), changed=False)


def issues(ask: Callable[[], object]) -> list[tuple[str, str]]:
    """The issues for which the input is refused, as (path with dots, code); the path begins with `input`."""
    with pytest.raises(InvalidInput) as refusal:
        ask()
    assert all(issue.message for issue in refusal.value.issues)
    return [(".".join(issue.path), issue.code) for issue in refusal.value.issues]


def fallen_due(incident: Incident, at: datetime, users: str = "ann bob cid dan") -> Decision[Incident]:
    """What the worker decides at that time, when the incident's timers are due; these users can be reached."""
    return fall_due(reach(users))(incident, system("deadlines", str(at)), at)


def rows(before: Incident | None, decision: Decision[Incident], command: Command, at: datetime) -> list[Entry]:
    """The entries that the store would write for `decision`."""
    after = decision.value
    made = entries(
        decision.facts,
        command,
        at,
        aggregate="incident",
        subject=after.id,
        rev=2 if before else 1,
        version=after.version,
        rank=after.rank,
        was=before.standing if before else None,
        now=after.standing,
    )
    return list(made)


def names(facts: Iterable[Fact]) -> list[str]:
    """The facts' names, in order."""
    return [fact.name for fact in facts]
