"""A thousand incidents, fifty clients that fight over the same ones, and a model that knows only their answers."""

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from statistics import mean
from typing import Any

from shared.domain.catalog import Step
from shared.domain.lifecycle import Action, Status
from tests.domain.expected import EXPECTED, REFUSED, SAME
from tests.support.graphql import Client
from tests.support.world import ADA, World, until

INCIDENTS = 1_000
CLIENTS = 50
PEOPLE = 10
ASKS = 6_000
HOT = 40
"""How many incidents the clients fight over at a time."""

MUTATIONS: dict[Action, tuple[str, dict[str, Any]]] = {
    Action.ACKNOWLEDGE: ("acknowledgeIncident", {}),
    Action.UNACKNOWLEDGE: ("unacknowledgeIncident", {}),
    Action.INVESTIGATE: ("investigateIncident", {}),
    Action.MITIGATE: ("mitigateIncident", {"workaround": "restarted it"}),
    Action.RETRIGGER: ("retriggerIncident", {}),
    Action.RESOLVE: ("resolveIncident", {"fix": "a bigger disk"}),
    Action.REOPEN: ("reopenIncident", {}),
    Action.CLOSE: ("closeIncident", {}),
    Action.CANCEL: ("cancelIncident", {"reason": "a drill"}),
}
WEIGHTS = (6, 1, 3, 3, 1, 5, 2, 1, 1)
FACTS = {
    Action.ACKNOWLEDGE: "acknowledged",
    Action.UNACKNOWLEDGE: "unacknowledged",
    Action.INVESTIGATE: "investigating",
    Action.MITIGATE: "mitigated",
    Action.RETRIGGER: "retriggered",
    Action.RESOLVE: "resolved",
    Action.REOPEN: "reopened",
    Action.CLOSE: "closed",
    Action.CANCEL: "canceled",
}
OUTAGES = ("triggered", "reopened", "retriggered", "mitigated", "resolved")
TAKEN = ("acknowledged", "investigating", "mitigated")
ASK = """mutation($input: %sInput!) { %s(input: $input) { __typename
  ... on IncidentMutationSuccess { changed incident { version status } }
  ... on InvalidTransitionError { incident { version status } } ... on UserError { message } } }"""
TIMELINE = """query($id: ID!, $after: Cursor) { incident(by: {id: $id}) { status version
  timeline(first: 100, after: $after) { nodes { type at actor { id kind } } pageInfo { hasNextPage endCursor } } } }"""
MEASURES = """{ incidentMeasures { groups { count resolvedCount reopenedCount
  timeToAcknowledge { n mean } timeToResolve { n } timeToRestore { n } } } }"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was told of one of its asks."""

    action: Action
    person: str
    changed: bool
    refused: bool
    version: int
    status: str


@dataclass(slots=True)
class Model:
    """What one incident must be, by the answers that its clients got."""

    status: Status = Status.TRIGGERED
    version: int = 1
    people: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=lambda: ["triggered"])
    statuses: list[Status] = field(default_factory=lambda: [Status.TRIGGERED])

    @property
    def is_restored(self) -> bool:
        """Whether the last outage is over: mitigated or resolved since it broke last."""
        ends = [fact in ("mitigated", "resolved") for fact in self.told if fact in OUTAGES]
        return ends[-1]

    def replay(self, answers: list[Answer]) -> None:
        """Take the answers in the order of their versions: each version was made by exactly one of them."""
        made: dict[int, list[Answer]] = defaultdict(list)
        for answer in answers:
            if answer.changed:
                made[answer.version].append(answer)
        last = max([answer.version for answer in answers], default=1)
        for version in range(2, last + 1):
            assert len(made[version]) <= 1, f"version {version} was made twice: {made[version]}"
            if made[version]:
                self.move(made[version][0])
            else:
                self.join(version, answers)
            self.version = version
            self.statuses.append(self.status)
        for answer in answers:
            assert answer.status == self.statuses[answer.version - 1], "nobody is shown a status that never was"
            if answer.refused:
                assert EXPECTED[Status(answer.status), answer.action] == REFUSED

    def move(self, answer: Answer) -> None:
        """A change: the table must allow it here."""
        outcome = EXPECTED[self.status, answer.action]
        assert outcome not in (SAME, REFUSED), f"{answer.action} from {self.status}"
        self.status = Status(outcome)
        assert answer.status == self.status
        self.told.append(FACTS[answer.action])
        if FACTS[answer.action] in TAKEN:
            self.people.add(answer.person)

    def join(self, version: int, answers: list[Answer]) -> None:
        """No change, and yet a version: somebody acknowledged what was acknowledged, and joined."""
        asked = (Action.ACKNOWLEDGE, Action.INVESTIGATE)
        joined = {one.person for one in answers if one.version == version and one.action in asked} - self.people
        assert len(joined) == 1, f"version {version} was made by nobody, or by {joined}"
        self.people |= joined
        self.told.append("responder_added")


async def test_fifty_clients_and_a_thousand_incidents(world: World) -> None:
    """Versions, timelines and measures agree with the model, whoever was faster."""
    people = [f"user-{n}" for n in range(PEOPLE)]
    for person in (ADA, *people):
        await world.add_person(person, person, "log", "terminal")
    await world.add_service(3, (Step((ADA,), 3_600),))
    clients = [await world.client(people[n % PEOPLE]) for n in range(CLIENTS)]
    world.start_worker()
    ids = await report_all(clients)
    answers = await fight(clients, ids, people)
    models = {}
    for incident_id in ids:
        models[incident_id] = Model()
        models[incident_id].replay(answers[incident_id])
    timelines = await compare_timelines(world, clients, models)
    expected = figures(models, timelines)
    await until(lambda: shown_figures(clients[0], expected), "the measures agree", within=60)


async def report_all(clients: list[Client]) -> list[str]:
    """A thousand reports, from all clients at once."""

    async def some(client: Client, count: int) -> list[str]:
        return [(await client.report(f"Incident {n}", impact="LOW"))["id"] for n in range(count)]

    reported = await asyncio.gather(*(some(client, INCIDENTS // CLIENTS) for client in clients))
    return [incident_id for ids in reported for incident_id in ids]


async def fight(clients: list[Client], ids: list[str], people: list[str]) -> dict[str, list[Answer]]:
    """All clients ask for anything of the same few incidents, then of the next few, and so on."""
    answers: dict[str, list[Answer]] = defaultdict(list)
    turns = iter(range(ASKS))

    async def one(client: Client, person: str, dice: random.Random) -> None:
        for turn in turns:
            first = turn * (INCIDENTS - HOT) // ASKS
            incident_id = ids[first + dice.randrange(HOT)]
            action = dice.choices(list(MUTATIONS), WEIGHTS)[0]
            answers[incident_id].append(await ask(client, person, incident_id, action))

    await asyncio.gather(*(one(client, people[n % PEOPLE], random.Random(n)) for n, client in enumerate(clients)))
    return answers


async def ask(client: Client, person: str, incident_id: str, action: Action) -> Answer:
    """One mutation; it succeeds, or the lifecycle forbids it: nothing else may happen."""
    mutation, more = MUTATIONS[action]
    kind = mutation[0].upper() + mutation[1:]
    result = (await client.ask(ASK % (kind, mutation), input={"id": incident_id, **more}))[mutation]
    refused = result["__typename"] == "InvalidTransitionError"
    assert refused or result["__typename"] == f"{kind}Success", result
    shown = result["incident"]
    return Answer(action, person, result.get("changed", False), refused, shown["version"], shown["status"])


async def compare_timelines(
    world: World, clients: list[Client], models: dict[str, Model]
) -> dict[str, list[dict[str, Any]]]:
    """What people did stands on each timeline once and in the model's order; status and version are the model's."""
    found: dict[str, list[dict[str, Any]]] = {}
    waiting = iter(models.items())

    async def some(client: Client) -> None:
        for incident_id, model in waiting:
            shown, nodes = await whole(client, incident_id)
            assert (shown["status"], shown["version"]) == (model.status, model.version)
            by_people = [node["type"] for node in nodes if node["actor"]["kind"] == "PERSON"]
            assert by_people == model.told
            found[incident_id] = nodes

    await asyncio.gather(*(some(client) for client in clients[:8]))
    return found


async def whole(client: Client, incident_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An incident with its whole timeline."""
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        shown = (await client.ask(TIMELINE, id=incident_id, after=after))["incident"]
        nodes += shown["timeline"]["nodes"]
        if not shown["timeline"]["pageInfo"]["hasNextPage"]:
            return shown, nodes
        after = shown["timeline"]["pageInfo"]["endCursor"]


def figures(models: dict[str, Model], timelines: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """The measures by the model, with the times of the timelines."""
    counted = {key: model for key, model in models.items() if model.status is not Status.CANCELED}
    over = sum(model.status in (Status.RESOLVED, Status.CLOSED) for model in counted.values())
    waits = [wait for key in counted if (wait := _first_taken(timelines[key])) is not None]
    return {
        "count": len(counted),
        "resolved": over,
        "reopened": sum("reopened" in model.told for model in counted.values()),
        "taken": len(waits),
        "mean wait": round(mean(waits), 2),
        "times to resolve": over,
        "times to restore": sum(model.is_restored for model in counted.values()),
    }


async def shown_figures(client: Client, expected: dict[str, float]) -> bool:
    """Whether the API shows these figures; the last ones that it showed are printed when it never does."""
    group = (await client.ask(MEASURES))["incidentMeasures"]["groups"][0]
    shown = {
        "count": group["count"],
        "resolved": group["resolvedCount"],
        "reopened": group["reopenedCount"],
        "taken": group["timeToAcknowledge"]["n"],
        "mean wait": round(group["timeToAcknowledge"]["mean"] or 0, 2),
        "times to resolve": group["timeToResolve"]["n"],
        "times to restore": group["timeToRestore"]["n"],
    }
    print(f"shown {shown}, expected {expected}")
    return shown == expected


def _first_taken(nodes: list[dict[str, Any]]) -> float | None:
    """Seconds until a person took it first, since it was triggered or reopened last; None when nobody did."""
    since = None
    for node in nodes:
        if node["type"] in ("triggered", "reopened"):
            since = datetime.fromisoformat(node["at"])
        elif node["type"] in TAKEN and since:
            return (datetime.fromisoformat(node["at"]) - since).total_seconds()
    return None
