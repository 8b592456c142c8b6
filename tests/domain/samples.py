"""Values that the domain's tests start from, made by the domain's own functions where it has one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.catalog import ContactMethod, Policy, Step
from shared.domain.category import Categorization
from shared.domain.commands import Actor, ActorKind, Command, Decide, Decision, system
from shared.domain.entry import Entry, entries
from shared.domain.escalation import Candidate, Plan, escalate
from shared.domain.facts import Fact
from shared.domain.incident import (
    ESCALATE,
    Incident,
    Report,
    acknowledge,
    cancel,
    close,
    investigate,
    mitigate,
    report,
    resolve,
)
from shared.domain.lifecycle import Status
from shared.domain.priority import Assessment, Level, Priority

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
    Status.CLOSED: (resolve(None, None), close("all went well", None)),
    Status.CANCELED: (cancel("a drill"),),
}
"""How an incident gets to each status that somebody can lead it to."""


def by(actor_id: str = "ann", kind: ActorKind = ActorKind.PERSON, note: str | None = None) -> Command:
    """A command of this person, or of this source."""
    return Command("c1", Actor(kind, actor_id), "graphql", note)


def source(actor_id: str = "alertmanager") -> Command:
    """A command of a source of events."""
    return by(actor_id, ActorKind.INTEGRATION)


def triggered(**said: Any) -> Incident:
    """An incident that ann reported at NOW."""
    asked = {"title": "Checkout is down", "service_ids": ("checkout",), "key": KEY} | said
    return report("i1", 1, Report(**asked), by(), NOW).value


def at(status: Status) -> Incident:
    """An incident that ann led to `status`, all at NOW."""
    incident = triggered()
    for decide in PATHS[status]:
        incident = decide(incident, by(), NOW).value
    assert incident.status is status
    return incident


def method(method_id: str, channel: str = "webhook") -> ContactMethod:
    """A way to reach somebody."""
    return ContactMethod(method_id, channel, f"http://{method_id}.test")


def policy(*steps: Iterable[str], delay: int = 60, repeat: int = 0, name: str = "primary") -> Policy:
    """A policy whose step n calls the users in `steps[n]` and then waits (n + 1) x `delay` seconds."""
    made = tuple(Step(tuple(users), delay * n) for n, users in enumerate(steps, start=1))
    return Policy(name, name, made, NOW, repeat)


def plan(*policies: Policy, reachable: str = "ann bob cid dan") -> Plan:
    """A plan of these policies; each of the `reachable` has the contact methods `<user>-1` and `<user>-2`."""
    methods = {user: (method(f"{user}-1"), method(f"{user}-2", "email")) for user in reachable.split()}
    return Plan(tuple(Candidate(one, f"policy {one.name}") for one in policies), methods)


def step_taken(incident: Incident, given: Plan, late: timedelta = timedelta()) -> Decision[Incident]:
    """What the escalation decides when its timer is due, or `late` after that."""
    return escalate(given)(incident, WORKER, incident.timers[ESCALATE] + late)


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
