"""How queries slow down as incidents accumulate: the same questions to databases of different sizes.

Each size has a database and an API process of its own, on the same servers. They are asked in turns, in short rounds:
so what else the machine does meets all of them alike.
"""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from graphql import GraphQLObjectType, build_schema, get_nullable_type, is_leaf_type

from benchmarks.load import Connection, operation, percentile
from benchmarks.population import ENTRIES, VOCABULARY, WORDS, Loader
from shared.wire import global_id
from tests.support.world import World

SIZES = [int(size) for size in os.environ.get("SIZES", "10000 100000").split()]
ROUNDS = int(os.environ.get("ROUNDS", "9"))
CONNECTIONS = 8
BUSY, ALONE = 1.0, 0.5
"""Seconds of a round, for each size and question: with all connections, and with one."""

SEARCHED = 100
APART = {"payload"}
"""The scalar fields that are not kept in the incident itself."""

ONE = """query($id: ID!) { incident(by: {id: $id}) { id number title status priority
  timeline(first: 100) { nodes { id type at summary } } } }"""
SEARCH = "query($text: String!) { incidents(filter: {text: $text}, first: 20) { nodes { id number title } } }"
SPREAD = "{ n mean p50 p90 }"
MEASURES = f"""query($by: MeasureGroup) {{ incidentMeasures(groupBy: $by) {{ groups {{ key count resolvedCount
  reopenRate selfResolved {{ count timeToResolve {SPREAD} }} timeToDetect {SPREAD} timeToAcknowledge {SPREAD}
  timeToRestore {SPREAD} timeToResolve {SPREAD} }} }} }}"""

Worlds = Callable[[], AbstractAsyncContextManager[World]]


@dataclass(frozen=True, slots=True)
class Question:
    """Requests of one sort, asked one after the other and from the beginning again. `check` refuses a wrong answer."""

    name: str
    bodies: Sequence[bytes]
    check: Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round showed: requests a second, and seconds of each request, with all connections and with one."""

    rate: float
    busy: list[float]
    alone: list[float]


@dataclass(slots=True)
class Place:
    """One size: its API, what it is asked, and what that showed."""

    size: int
    url: str
    token: str
    questions: Sequence[Question]
    rounds: dict[str, list[Round]] = field(default_factory=dict)


def board() -> bytes:
    """The 50 most urgent open incidents, with every scalar field that the schema has."""
    schema = build_schema((Path(__file__).parents[1] / "services/api/schema.graphql").read_text())
    incident = schema.type_map["Incident"]
    assert isinstance(incident, GraphQLObjectType)
    leaves = [name for name, field in incident.fields.items() if is_leaf_type(get_nullable_type(field.type))]
    shown = " ".join(name for name in leaves if name not in APART)
    return operation(f"{{ incidents(filter: {{open: true}}, first: 50) {{ nodes {{ {shown} }} }} }}")


def questions(long: Sequence[Mapping[str, Any]]) -> list[Question]:
    """What a front-end asks: board and measures always alike, the others each time of other incidents and words."""
    rare = WORDS[:: VOCABULARY // SEARCHED]
    titles = [" ".join(incident["title"].split()[:2]) for incident in long]
    return [
        Question("board", [board()], _has(50, "incidents", "nodes")),
        Question(
            "one incident",
            [operation(ONE, id=global_id("Incident", incident["_id"])) for incident in long],
            _has(ENTRIES, "incident", "timeline", "nodes"),
        ),
        Question("search, a word", [operation(SEARCH, text=word) for word in rare], _has(None, "incidents", "nodes")),
        Question(
            "search, two words",
            [operation(SEARCH, text=title) for title in titles],
            _has(None, "incidents", "nodes"),
        ),
        Question("measures, total", [operation(MEASURES)], _has(1, "incidentMeasures", "groups")),
        Question("measures, by service", [operation(MEASURES, by="SERVICE")], _has(100, "incidentMeasures", "groups")),
    ]


def _has(count: int | None, *path: str) -> Callable[[dict[str, Any]], None]:
    """A check that so many things are found there; None: some."""

    def check(data: dict[str, Any]) -> None:
        found: Any = data
        for name in path:
            found = found[name]
        assert len(found) == count if count else found, f"{len(found)} of {'.'.join(path)}, not {count or 'some'}"

    return check


async def growth(new_world: Worlds) -> None:
    """All questions at all sizes: rates, latencies, and how each size compares with the smallest."""
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(_open(new_world, size)) for size in SIZES]
        for place in places:
            await _check(place)
        for number in range(ROUNDS + 1):
            await _take_turns(places[:: 1 if number % 2 else -1], is_warm_up=number == 0)
    _print(places)


@asynccontextmanager
async def _open(new_world: Worlds, size: int) -> AsyncIterator[Place]:
    async with new_world() as world:
        long = await _populate(world, size)
        plain = {"TOCSIN_MOVABLE_CLOCK": "false"}
        yield Place(size, await world.start_api(**plain), await world.token(), questions(long))


async def _populate(world: World, size: int) -> list[dict[str, Any]]:
    loader = Loader(world.store, world.settings)
    began = time.perf_counter()
    try:
        return await loader.load(size, world.store.clock.now())
    finally:
        loader.close()
        print(f"growth: {size:,} incidents loaded in {time.perf_counter() - began:.0f} s", flush=True)


async def _check(place: Place) -> None:
    """Every request once, its answer read."""
    async with _connected(place, 1) as (connection,):
        for question in place.questions:
            for body in question.bodies:
                question.check(await connection.ask(body))


@asynccontextmanager
async def _connected(place: Place, count: int) -> AsyncIterator[list[Connection]]:
    """Fresh connections: the API hangs up on those that rest for five seconds."""
    connections = [await Connection(place.url, place.token).open() for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


async def _take_turns(places: Sequence[Place], *, is_warm_up: bool) -> None:
    for number in range(len(places[0].questions)):
        for place in places:
            question = place.questions[number]
            async with _connected(place, CONNECTIONS) as connections:
                shown = await _round(connections, question.bodies)
            if not is_warm_up:
                place.rounds.setdefault(question.name, []).append(shown)


async def _round(connections: Sequence[Connection], bodies: Sequence[bytes]) -> Round:
    alone: list[float] = []
    shared = itertools.cycle(bodies)
    await _ask(connections[0], shared, time.perf_counter() + ALONE, alone)
    busy: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_ask(connection, shared, began + BUSY, busy) for connection in connections))
    return Round(len(busy) / (time.perf_counter() - began), busy, alone)


async def _ask(connection: Connection, bodies: Iterator[bytes], until: float, taken: list[float]) -> None:
    while (began := time.perf_counter()) < until:
        answer = await connection.post(next(bodies))
        taken.append(time.perf_counter() - began)
        assert answer.startswith(b'{"data":{'), answer[:1000]


def _print(places: Sequence[Place]) -> None:
    print(f"growth: {ROUNDS} rounds of {BUSY:g} s with {CONNECTIONS} connections and {ALONE:g} s with one;")
    print("rates and ratios are the medians of the rounds, p50 and p99 those of all requests")
    for question in places[0].questions:
        for place in places:
            print(f"{question.name}, {place.size:,} incidents: {_figures(place.rounds[question.name])}")
    for place in places[1:]:
        print(f"{place.size:,} beside {places[0].size:,} incidents, the same rounds:")
        for question in places[0].questions:
            print(f"  {question.name}: {_ratios(places[0].rounds[question.name], place.rounds[question.name])}")


def _figures(rounds: Sequence[Round]) -> str:
    rate = median(one.rate for one in rounds)
    busy, alone = (_spread([value for one in rounds for value in getattr(one, name)]) for name in ("busy", "alone"))
    return f"{rate:.0f} requests/s, {busy}; one connection: {alone}"


def _spread(taken: list[float]) -> str:
    return f"p50 {percentile(taken, 0.5) * 1000:.1f} ms, p99 {percentile(taken, 0.99) * 1000:.1f} ms"


def _ratios(base: Sequence[Round], rounds: Sequence[Round]) -> str:
    """Each round is compared with its own neighbour: so a disturbance that lasts longer than a round cancels out."""
    pairs = list(zip(base, rounds, strict=True))
    rate = median(one.rate / other.rate for other, one in pairs)
    busy = median(percentile(one.busy, 0.5) / percentile(other.busy, 0.5) for other, one in pairs)
    alone = median(percentile(one.alone, 0.5) / percentile(other.alone, 0.5) for other, one in pairs)
    return f"rate x {rate:.2f}, p50 x {busy:.2f}; one connection: p50 x {alone:.2f}"
