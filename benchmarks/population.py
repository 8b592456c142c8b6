"""Populations of incidents: a history of three years, a few long timelines, and the open ones, the same at any size.

Some hundred lives are told by the domain's own decisions and made into documents, rows of the log and rows of the
measures as the store makes them. All incidents are variants of these: other ids, numbers, times and words. They are
inserted past the write path, which would take hours for a million.
"""

import asyncio
import random
import string
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pymongo import MongoClient

from shared.domain.catalog import Service, Team, User, create_service, create_team, create_user
from shared.domain.category import Categorization
from shared.domain.commands import Actor, ActorKind, Command, Decide, Decision, identity, system
from shared.domain.diagnosis import add_finding, add_note
from shared.domain.entry import Entry, entries
from shared.domain.incident import Incident
from shared.domain.lifecycle import Status
from shared.domain.measures import measure
from shared.domain.priority import Affected, Evidence, Severity, assess
from shared.domain.reports import Report, report
from shared.domain.transitions import acknowledge, cancel, close, investigate, mitigate, resolve
from shared.domain.triage import triage
from shared.domain.words import with_words, words_of
from shared.settings import Settings
from shared.store import incidents, indexes, log, measures
from shared.store.documents import to_document
from shared.store.measures import Noted
from shared.store.outbox import row_of
from shared.store.store import Store

HISTORY = timedelta(days=3 * 365)
CLOSED_AFTER = timedelta(days=14)
BORN = datetime(2026, 1, 1, tzinfo=UTC)
"""When the samples are triggered; variants move all of their times."""

OPEN = 200
LONG = 50
ENTRIES = 50
"""How many incidents are open, how many have a long timeline, and how many entries such a timeline has."""

ROWS = (0, 1, -1)
"""Which rows of a life are logged of all the others, to keep the log at a size that can be loaded."""

FILLED = (incidents.COLLECTION, log.COLLECTION, measures.COLLECTION)
SAMPLES = 300
CHUNK = 1000
LOADERS = 2
SERVICES, TEAMS, PEOPLE, VOCABULARY = 100, 10, 40, 3000
CATEGORIES = ("access", "database", "hardware", "messaging", "network", "security", "software", "storage")
TROUBLES = (
    "is down", "answers with timeouts", "refuses logins", "loses packets", "fills its disk", "runs out of memory",
    "shows a stale replica", "fails its deployment", "has an expired certificate", "retries without end",
    "returns errors 500", "lags behind",
)  # fmt: skip


def vocabulary() -> list[str]:
    """Words of which each stands in about one of 250 incidents."""
    rng = random.Random("vocabulary")
    syllables = [first + second for first in string.ascii_lowercase for second in "aeiou"]
    words = {"".join(rng.choices(syllables, k=rng.choice((2, 3, 3, 4)))) for _ in range(VOCABULARY * 2)}
    return rng.sample(sorted(words), VOCABULARY)


WORDS = vocabulary()


class Movable:
    """A document of a life that began at BORN, for copies of it that began at another time."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._dated = {name: field for name, field in document.items() if _has_time(field)}

    def moved(self, to: datetime) -> dict[str, Any]:
        """A copy that began at `to`. Parts without any time are shared."""
        return self.document | {name: shifted(field, to - BORN) for name, field in self._dated.items()}


@dataclass(frozen=True, slots=True)
class Sample:
    """A life as it is kept: the incident's document, its rows of the log, its row of the measures."""

    incident: Movable
    rows: Sequence[Movable]
    measures: Movable
    told: Sequence[str]


@dataclass(frozen=True, slots=True)
class Variant:
    """Another incident with the life of a sample: what is inserted."""

    document: dict[str, Any]
    rows: list[dict[str, Any]]
    measures: dict[str, Any]


class Life:
    """One incident on its way through the domain's decisions, each written as the store's `update` writes it."""

    def __init__(self, rng: random.Random, name: str, service: int) -> None:
        self.rng = rng
        self.now = BORN
        self.entries: list[Entry] = []
        self.rev = 0
        self._name = name
        self.service_ids = (f"service-{service}",)
        self.command = self.monitor = Command(identity(name), Actor(ActorKind.INTEGRATION, "monitor"), "graphql")
        said = Report(
            title="Variants replace it",
            service_ids=self.service_ids,
            team_ids=(f"team-{service % TEAMS}",),
            environment="production",
            source="monitor",
            labels={"severity": "error", "region": rng.choice(("eu", "us", "ap"))},
            severity=rng.choice(list(Severity)),
        )
        self.incident: Incident
        self._keep(None, report(name, 1, said, self.command, self.now))
        self.by(system("triage", name), 0.01, self._triage())

    def by(self, command: Command, seconds: float, decide: Decide[Incident]) -> None:
        """That much later, a command."""
        self.now += timedelta(milliseconds=round(seconds * 1000))
        self.command = command
        self._keep(self.incident, decide(self.incident, command, self.now))

    def person(self, minutes: float, decide: Decide[Incident]) -> None:
        """About so many minutes later, a person's command."""
        user = f"user-{self.rng.randrange(PEOPLE)}"
        command = Command(identity(self._name, self.rev), Actor(ActorKind.PERSON, user), "graphql")
        self.by(command, minutes * 60 * self.rng.lognormvariate(0, 0.7), decide)

    def sample(self, measures: dict[str, Any]) -> Sample:
        """The life as it is kept now."""
        derived = {name: field for name, field in incidents.KIND.derived(self.incident).items() if field is not None}
        mark = {"id": self.command.id, "digest": "", "at": self.now, "changed": True}
        kept = {"rev": self.rev, "origin": {"id": self.monitor.id, "digest": ""}, "applied": [mark]}
        document = to_document(self.incident) | derived | kept
        rows = [row_of(entry) for entry in self.entries]
        return Sample(Movable(document), [Movable(row) for row in rows], Movable(measures), self._told())

    def _told(self) -> list[str]:
        """What was said after the report, and is found by searching too."""
        texts = [entry.data["text"] for entry in self.entries if entry.type in ("note_added", "finding_added")]
        return [*texts, self.incident.resolution or "", self.incident.fix or ""]

    def _triage(self) -> Decide[Incident]:
        affected = (Affected(self.service_ids[0], self.rng.choice((1, 2, 3))),)
        assessment = assess(Evidence(severity=self.incident.severity, affected=affected))
        category = self.rng.choice(CATEGORIES)
        return triage(assessment, Categorization(category, None, "its service is of that category"))

    def _keep(self, before: Incident | None, decision: Decision[Incident]) -> None:
        self.rev += 1
        self.incident = decision.value
        self.entries += entries(
            decision.facts,
            self.command,
            self.now,
            aggregate=incidents.KIND.name,
            subject=self.incident.id,
            rev=self.rev,
            version=self.incident.version,
            rank=incidents.KIND.rank(self.incident),
            was=incidents.KIND.standing(before) if before else None,
            now=incidents.KIND.standing(self.incident),
        )


def live_resolved(life: Life) -> None:
    """By people mostly; some incidents resolve themselves, some are false alarms."""
    chance = life.rng.random()
    if chance < 0.1:
        life.by(life.monitor, 240 * life.rng.random(), resolve(None, None))
    elif chance < 0.13:
        life.person(10, cancel("A false alarm."))
    else:
        life.person(6, acknowledge)
        if chance < 0.6:
            life.person(10, investigate)
        if chance < 0.4:
            life.person(40, mitigate("Traffic goes to the other region."))
        life.person(90, resolve("The cause is removed.", "A fixed release is out."))


def live_closed(life: Life) -> None:
    """To the end, two weeks after it was resolved."""
    live_resolved(life)
    if life.incident.status is Status.RESOLVED:
        life.by(system("deadlines", life.incident.id), CLOSED_AFTER.total_seconds(), close(None))


def live_open(life: Life) -> None:
    """Somewhere on its way."""
    for decide in (acknowledge, investigate, mitigate("A replica takes over."))[: life.rng.randrange(4)]:
        life.person(20, decide)


def live_long(life: Life) -> None:
    """People write down much, then it is closed."""
    life.person(6, acknowledge)
    life.person(10, investigate)
    while len(life.entries) < ENTRIES - 2:
        said = " ".join(life.rng.choices(WORDS, k=12))
        life.person(5, add_finding(said) if life.rng.random() < 0.2 else add_note(said))
    life.person(90, resolve("The cause is removed.", "A fixed release is out."))
    life.by(system("deadlines", life.incident.id), CLOSED_AFTER.total_seconds(), close(None))


@dataclass(frozen=True, slots=True)
class Group:
    """`count` incidents with the numbers from `first` on, triggered evenly from `begin` to `end`.

    rows: which rows of a life are logged; `position` is that of the first.
    """

    name: str
    live: Callable[[Life], None]
    first: int
    count: int
    begin: datetime
    end: datetime
    position: int
    rows: Sequence[int] = ROWS

    @property
    def next_position(self) -> int:
        """The first position after them."""
        return self.position + self.count * len(self.rows)

    def triggered_at(self, number: int) -> datetime:
        """When the incident of that number was; the database keeps milliseconds."""
        seconds = (self.end - self.begin).total_seconds() * (number - self.first) / self.count
        return self.begin + timedelta(milliseconds=round(seconds * 1000))


def groups(size: int, now: datetime) -> list[Group]:
    """All incidents of a population of that size. Those that queries ask for come first, so that they are the same."""
    settled = now - CLOSED_AFTER - timedelta(days=2)
    recent = int((size - OPEN - LONG) * (now - settled) / HISTORY)
    told = [
        ("open", live_open, OPEN, now - timedelta(days=21), now - timedelta(hours=12), ROWS),
        ("long", live_long, LONG, now - HISTORY, settled, range(ENTRIES)),
        ("closed", live_closed, size - OPEN - LONG - recent, now - HISTORY, settled, ROWS),
        ("resolved", live_resolved, recent, settled, now - timedelta(hours=12), ROWS),
    ]
    found: list[Group] = []
    first = position = 1
    for name, live, count, begin, end, rows in told:
        found.append(Group(name, live, first, count, begin, end, position, rows))
        first, position = first + count, found[-1].next_position
    return found


class Loader:
    """Fills one database. Its writes wait for nobody: what is lost with the server is loaded again."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            settings.mongo_url.get_secret_value(), w=1, tz_aware=True
        )
        self._database = self._client.get_default_database()

    async def load(self, size: int, now: datetime) -> list[dict[str, Any]]:
        """Load a population; the incidents with a long timeline, as documents."""
        await load_catalog(self._store)
        for collection in FILLED:
            self._database[collection].drop_indexes()
        told = groups(size, now)
        for group in told:
            made_of = await self._samples(group)
            await asyncio.to_thread(self._load, group, made_of)
        await asyncio.to_thread(self._index)
        await self._store.measures.advance(0, told[-1].next_position - 1)
        return list(self._database[incidents.COLLECTION].find({"number": {"$gt": OPEN, "$lte": OPEN + LONG}}))

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    async def _samples(self, group: Group) -> list[Sample]:
        """Lives of one sort. Their measures are written by the store itself, and taken from it."""
        rng = random.Random(group.name)
        lives = [Life(rng, f"{group.name}-{number}", number % SERVICES) for number in range(min(SAMPLES, group.count))]
        for life in lives:
            group.live(life)
        noted = [Noted(life.incident.id, 0, measure(life.entries, {})) for life in lives]
        await self._store.measures.note(noted)
        rows = {row["_id"]: row for row in self._database[measures.COLLECTION].find({"position": 0})}
        self._database[measures.COLLECTION].delete_many({"position": 0})
        return [life.sample(rows[life.incident.id]) for life in lives]

    def _load(self, group: Group, made_of: Sequence[Sample]) -> None:
        """The server is slower than this process: some chunks are under way at once."""
        with ThreadPoolExecutor(LOADERS) as threads:
            chunk = partial(self._load_chunk, group, made_of)
            for _ in threads.map(chunk, range(group.first, group.first + group.count, CHUNK)):
                pass

    def _load_chunk(self, group: Group, made_of: Sequence[Sample], begin: int) -> None:
        rng = random.Random(f"{group.name} {begin}")
        numbers = range(begin, min(begin + CHUNK, group.first + group.count))
        made = [variant(rng, rng.choice(made_of), group, number) for number in numbers]
        self._insert(incidents.COLLECTION, [one.document for one in made])
        self._insert(log.COLLECTION, [row for one in made for row in one.rows])
        self._insert(measures.COLLECTION, [one.measures for one in made])

    def _index(self) -> None:
        """Only now: an index is built in a fraction of the time that it takes to grow it."""
        for collection in FILLED:
            self._database[collection].create_indexes(indexes.DECLARED[collection])

    def _insert(self, collection: str, documents: list[dict[str, Any]]) -> None:
        self._database[collection].insert_many(documents, ordered=False)


def variant(rng: random.Random, base: Sample, group: Group, number: int) -> Variant:
    """Another incident with the same life: its id, its number, its times and its words are its own."""
    at = group.triggered_at(number)
    key = f"{round(at.timestamp() * 1000):012x}{rng.getrandbits(80):020x}"
    chosen = rng.choices(WORDS, k=12)
    service = base.incident.document["service_ids"][0]
    title = f"{chosen[0].capitalize()} {chosen[1]} of {service} {rng.choice(TROUBLES)}"
    description = " ".join(chosen[2:]).capitalize() + "."
    said = {"number": number, "title": title}
    words = list(with_words(words_of(title, description), *base.told))
    document = base.incident.moved(at) | said | {"_id": key, "description": description, "words": words}
    position = group.position + (number - group.first) * len(group.rows)
    rows = [_row(base.rows[index], at, key, position + n) for n, index in enumerate(group.rows)]
    rows[0]["data"] = rows[0]["data"] | said
    return Variant(document, rows, _measured(base.measures, at, key, rows[-1]["_id"]))


def _row(base: Movable, at: datetime, key: str, position: int) -> dict[str, Any]:
    row = base.moved(at)
    return row | {"_id": position, "id": f"{key}:{row['id'].partition(':')[2]}", "subject": key}


def _measured(base: Movable, at: datetime, key: str, position: int) -> dict[str, Any]:
    row = base.moved(at) | {"_id": key, "position": position}
    if "week" in row:
        year, week, _ = at.isocalendar()
        row["week"] = f"{year}-W{week:02d}"
    return row


def shifted(value: Any, by: timedelta) -> Any:
    """A part of a document with all of its times moved."""
    match value:
        case datetime():
            return value + by
        case dict():
            return {name: shifted(field, by) for name, field in value.items()}
        case list() | tuple():
            return [shifted(field, by) for field in value]
        case _:
            return value


def _has_time(value: Any) -> bool:
    """Whether there is something to move."""
    return bool(shifted(value, timedelta(1)) != shifted(value, timedelta()))


async def load_catalog(store: Store) -> None:
    """The teams, services and people that incidents name."""
    command = partial(system, "population")
    for n in range(TEAMS):
        team = Team(f"team-{n}", f"Team {n}", BORN)
        await store.teams.create(partial(_created, create_team(team)), command(team.id))
    for n in range(SERVICES):
        service = Service(f"service-{n}", f"Service {n}", n % 3 + 1, BORN, team_id=f"team-{n % TEAMS}")
        await store.services.create(partial(_created, create_service(service)), command(service.id))
    for n in range(PEOPLE):
        user = User(f"user-{n}", f"Person {n}", f"person{n}@example.org", BORN)
        await store.users.create(partial(_created, create_user(user)), command(user.id))


def _created(decision: Decision[Any], now: datetime) -> Decision[Any]:
    return decision
