"""`incidentMeasures`: its shape, its groups, and what it refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.catalog import Team, create_team
from shared.domain.measures import Interruptions, Measured
from shared.store.measures import Noted
from shared.wire import global_id
from tests.support.graphql import Client
from tests.support.world import BIRTH, World, by

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
RANGE = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-16T00:00:00Z"}
ONE = Measured(
    triggered_at=MONDAY + timedelta(hours=9),
    week="2026-W10",
    service_ids=("service-checkout",),
    team_ids=("team-web",),
    priority="P1",
    category="database",
    detect=30.0,
    acknowledge=60.0,
    restore=600.0,
    resolve=1200.0,
    reopened=1,
    resolved=True,
    self_resolved=False,
    interruptions=Interruptions(3, 2, 1),
)
OTHER = replace(
    ONE,
    triggered_at=MONDAY + timedelta(days=8),
    week="2026-W11",
    service_ids=("service-gone",),
    team_ids=(),
    priority="P3",
    detect=None,
    resolve=45.0,
    reopened=0,
    self_resolved=True,
)
ASKED = """query($from: DateTime, $to: DateTime, $by: MeasureGroup, $filter: MeasureFilter) {
  incidentMeasures(from: $from, to: $to, groupBy: $by, filter: $filter) { asOf from to capped groups {
    key service { id name } team { name } count resolvedCount reopenedCount reopenRate
    selfResolved { count timeToResolve { n mean p50 p90 } } timeToDetect { n mean p50 p90 }
    timeToAcknowledge { n p50 } timeToRestore { n p50 } timeToResolve { n mean }
    interruptions { working waking sleeping } } } }"""


async def measures(client: Client, **asked: Any) -> dict[str, Any]:
    """The measures of two weeks in March, unless another range is asked for."""
    return dict((await client.ask(ASKED, **{**RANGE, **asked}))["incidentMeasures"])


@pytest.fixture
async def noted(served: World) -> None:
    """Two incidents were measured, and a team exists."""
    team = Team("team-web", "Web", BIRTH)
    await served.store.teams.create(lambda now: create_team(team), by(key="team-web"))
    await served.store.measures.note([Noted("one", 3, ONE), Noted("two", 4, OTHER), Noted("three", 5, None)])


@pytest.mark.usefixtures("noted")
async def test_all_together(client: Client, viewer: Client) -> None:
    """One group without a key, whoever may look."""
    found = await measures(client)
    assert found == await measures(viewer)
    assert (found["from"], found["to"]) == ("2026-03-02T00:00:00.000Z", "2026-03-16T00:00:00.000Z")
    assert not found["capped"]
    (whole,) = found["groups"]
    assert whole == {
        "key": None,
        "service": None,
        "team": None,
        "count": 2,
        "resolvedCount": 2,
        "reopenedCount": 1,
        "reopenRate": 0.5,
        "selfResolved": {"count": 1, "timeToResolve": {"n": 1, "mean": 45.0, "p50": 45.0, "p90": 45.0}},
        "timeToDetect": {"n": 1, "mean": 30.0, "p50": 30.0, "p90": 30.0},
        "timeToAcknowledge": {"n": 1, "p50": 60.0},
        "timeToRestore": {"n": 1, "p50": 600.0},
        "timeToResolve": {"n": 1, "mean": 1200.0},
        "interruptions": {"working": 6, "waking": 4, "sleeping": 2},
    }


@pytest.mark.usefixtures("noted")
async def test_groups(client: Client) -> None:
    """Services and teams come as what they are, as far as they exist; priorities and weeks in their order."""
    services = (await measures(client, by="SERVICE"))["groups"]
    shown = {group["key"]: group["service"] and group["service"]["name"] for group in services}
    assert shown == {global_id("Service", "service-checkout"): "checkout", global_id("Service", "service-gone"): None}
    teams = (await measures(client, by="TEAM"))["groups"]
    assert {group["key"]: group["team"] and group["team"]["name"] for group in teams} == {
        global_id("Team", "team-web"): "Web",
        None: None,
    }
    for grouping, keys in (
        ("PRIORITY", ["P1", "P3"]),
        ("WEEK", ["2026-W10", "2026-W11"]),
        ("CATEGORY", ["database"]),
    ):
        assert [group["key"] for group in (await measures(client, by=grouping))["groups"]] == keys


@pytest.mark.usefixtures("noted")
async def test_filters(client: Client) -> None:
    """Each of them narrows, and the range ends before its end."""
    filters: list[tuple[dict[str, Any], int]] = [
        ({}, 2),
        ({"serviceIds": [global_id("Service", "service-checkout")]}, 1),
        ({"teamIds": [global_id("Team", "team-web")]}, 1),
        ({"priority": ["P3", "P4"]}, 1),
        ({"category": ["network"]}, 0),
        ({"category": ["database"], "priority": ["P1"]}, 1),
    ]
    for asked, count in filters:
        (whole,) = (await measures(client, filter=asked))["groups"]
        assert whole["count"] == count, asked
    (whole,) = (await measures(client, to="2026-03-10T00:00:00Z"))["groups"]
    assert whole["count"] == 1
    assert whole["selfResolved"]["timeToResolve"] == {"n": 0, "mean": None, "p50": None, "p90": None}


async def test_the_usual_range(client: Client) -> None:
    """The last 13 weeks; with an end only, the 13 weeks before it."""
    found = (await client.ask("{ incidentMeasures { from to groups { reopenRate } } }"))["incidentMeasures"]
    begin, end = (datetime.fromisoformat(found[name]) for name in ("from", "to"))
    assert end - begin == timedelta(weeks=13)
    found = (await client.ask('{ incidentMeasures(to: "2026-04-06T00:00:00Z") { from } }'))["incidentMeasures"]
    assert found["from"] == "2026-01-05T00:00:00.000Z"


BAD: list[tuple[dict[str, Any], list[str], str]] = [
    ({"from": "2026-03-16T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, ["from"], "OUT_OF_ORDER"),
    ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, ["from"], "OUT_OF_ORDER"),
    ({"from": "2025-01-01T00:00:00Z"}, ["from"], "OUT_OF_RANGE"),
    ({"from": "9999-12-31T00:00:00Z", "to": None}, ["from"], "OUT_OF_ORDER"),
    ({"from": None, "to": "0001-01-02T00:00:00Z"}, ["from"], "OUT_OF_ORDER"),
    ({"filter": {"serviceIds": ["nonsense"]}}, ["filter", "serviceIds"], "MALFORMED_ID"),
    ({"filter": {"teamIds": [global_id("Service", "x")]}}, ["filter", "teamIds"], "WRONG_TYPE"),
    ({"filter": {"category": ["x"] * 31}}, ["filter", "category"], "TOO_MANY"),
    ({"filter": {"category": ["a\x00b"]}}, ["filter", "category"], "INVALID"),
]


@pytest.mark.parametrize(("asked", "path", "code"), BAD)
async def test_bad_ranges_and_filters(client: Client, asked: dict[str, Any], path: list[str], code: str) -> None:
    """Each is refused with its place and its kind."""
    (error,) = await client.errors(ASKED, **{**RANGE, **asked})
    assert error["extensions"]["code"] == "VALIDATION"
    (issue,) = error["extensions"]["issues"]
    assert (issue["path"], issue["code"]) == (path, code)


async def test_the_end_of_time(client: Client) -> None:
    """A range that lies there is empty."""
    found = await measures(client, **{"from": "9999-12-01T00:00:00Z", "to": "9999-12-31T23:59:59.999Z"})
    assert found["groups"][0]["count"] == 0
