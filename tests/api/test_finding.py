"""Finding incidents: each filter, alone and with others, in each order; text; pages that neither skip nor repeat."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.api.graphql.ids import list_cursor
from services.api.graphql.scalars import serialize_datetime as iso
from shared.wire import global_id
from tests.api.steps import pass_time
from tests.support.graphql import Client
from tests.support.world import ADA, BO, World, until

LIST = """query(
  $filter: IncidentFilter, $order: IncidentOrder, $first: Int, $after: Cursor, $last: Int, $before: Cursor
) {
  incidents(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    totalCount { value capped } nodes { id number title priority createdAt updatedAt resolvedAt }
    edges { cursor node { number } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
ORDERS = ("PRIORITY", "NEWEST", "LAST_CHANGED")
ADAS, BOS = global_id("User", ADA), global_id("User", BO)
CHECKOUT = global_id("Service", "service-checkout")


async def page(client: Client, **asked: Any) -> dict[str, Any]:
    """One page of a list."""
    return dict((await client.ask(LIST, **asked))["incidents"])


async def numbers(client: Client, **asked: Any) -> list[int]:
    """The numbers of a list's first hundred."""
    return [node["number"] for node in (await page(client, first=100, **asked))["nodes"]]


@dataclass
class Board:
    """Incidents that differ in everything that lists are filtered by; `made` maps their titles to them."""

    made: dict[str, dict[str, Any]]
    pay: str
    money: str

    def titles(self, found: list[int]) -> str:
        """The titles of those of ours among these numbers, in alphabetical order: "ab"."""
        names = {incident["number"]: title for title, incident in self.made.items()}
        return "".join(sorted(names[number] for number in found if number in names))


@pytest_asyncio.fixture(scope="module")
async def board(client: Client, bo: Client, served: World) -> AsyncIterator[Board]:
    """Five incidents, a to e, one millisecond or more apart."""
    team = await client.other("createTeam", "team { id }", name="Money")
    service = await client.other("createService", "service { id }", name="pay", teamId=team["team"]["id"])
    pay, money = service["service"]["id"], team["team"]["id"]
    said: dict[str, dict[str, Any]] = {
        "a": {"serviceIds": [pay], "labels": [{"key": "region", "value": "eu"}, {"key": "cluster", "value": "7"}]},
        "b": {"serviceIds": [CHECKOUT], "labels": [{"key": "region", "value": "us"}]},
        "c": {"serviceIds": [pay, CHECKOUT], "labels": [{"key": "region", "value": "eu"}]},
        "d": {"description": "Ärger mit dem Überweisungs-Dienst"},
        "e": {},
    }
    made = {}
    for title, more in said.items():
        made[title] = await client.report(title, **more)
        await asyncio.sleep(0.002)  # times are kept in milliseconds, and the tests below cut between them
    changes: list[tuple[Client, str, str, dict[str, Any]]] = [
        (client, "overridePriority", "a", {"priority": "P1", "reason": "x"}),
        (client, "overridePriority", "b", {"priority": "P2", "reason": "x"}),
        (client, "overridePriority", "c", {"priority": "P1", "reason": "x"}),
        (client, "acknowledgeIncident", "a", {}),
        (bo, "investigateIncident", "b", {}),
        (client, "setCategory", "a", {"category": "database"}),
        (client, "setCategory", "b", {"category": "network"}),
        (client, "setCategory", "c", {"category": "database"}),
        (client, "resolveIncident", "c", {}),
        (client, "declareMajor", "d", {"businessImpact": "x"}),
        (client, "resolveIncident", "e", {}),
        (client, "closeIncident", "e", {}),
    ]
    for caller, mutation, title, asked in changes:
        await caller.done(mutation, id=made[title]["id"], **asked)
    yield Board(made, pay, money)


async def test_each_filter(client: Client, board: Board) -> None:
    """Alone and combined, in every order: the list has the incidents for which the filter holds, and counts them."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "abcde"),
        ({"status": ["TRIGGERED"]}, "d"),
        ({"status": ["ACKNOWLEDGED", "CLOSED"]}, "ae"),
        ({"status": []}, ""),
        ({"open": True}, "abd"),
        ({"open": False}, "ce"),
        ({"open": True, "status": ["RESOLVED"]}, ""),
        ({"open": True, "status": ["RESOLVED", "TRIGGERED"]}, "d"),
        ({"priority": ["P1"]}, "ac"),
        ({"priority": ["P1", "P2"]}, "abc"),
        ({"serviceIds": [board.pay]}, "ac"),
        ({"serviceIds": [board.pay, CHECKOUT]}, "abc"),
        ({"teamIds": [board.money]}, "ac"),
        ({"category": ["database"]}, "ac"),
        ({"category": ["database", "network"]}, "abc"),
        ({"category": ["no\0such"]}, ""),
        ({"assigneeIds": [ADAS]}, "a"),
        ({"assigneeIds": [ADAS, BOS]}, "ab"),
        ({"labels": [{"key": "region", "value": "eu"}]}, "ac"),
        ({"labels": [{"key": "region", "value": "eu"}, {"key": "cluster", "value": "7"}]}, "a"),
        ({"labels": [{"key": "region", "value": "EU"}]}, ""),
        ({"major": True}, "d"),
        ({"major": False, "open": True}, "ab"),
        ({"text": "arger"}, "d"),
        ({"priority": ["P1"], "open": True}, "a"),
        ({"serviceIds": [CHECKOUT], "category": ["database"]}, "c"),
        ({"teamIds": [board.money], "labels": [{"key": "region", "value": "eu"}], "status": ["RESOLVED"]}, "c"),
        ({"assigneeIds": [BOS], "priority": ["P1"]}, ""),
        ({"text": "dienst", "open": True, "major": True}, "d"),
        ({"serviceIds": [global_id("Service", "unknown")]}, ""),
    ]
    for (asked, expected), order in itertools.product(cases, ORDERS):
        if "text" in asked and len(asked) == 1 and order != "NEWEST":
            continue
        found = await page(client, filter=asked, order=order, first=100)
        assert board.titles([node["number"] for node in found["nodes"]]) == expected, (asked, order)
        assert found["totalCount"] == {"value": len(found["nodes"]), "capped": False}, (asked, order)


async def test_times(client: Client, board: Board) -> None:
    """A range begins with its first moment and ends before its last."""
    fields = "createdAt updatedAt resolvedAt"
    known = {title: await client.incident(one["id"], fields) for title, one in board.made.items()}

    def at(title: str, name: str, **more: float) -> str:
        return iso(datetime.fromisoformat(known[title][name]) + timedelta(**more))

    cases: list[tuple[dict[str, Any], str]] = [
        ({"createdAt": {"from": at("b", "createdAt"), "to": at("d", "createdAt")}}, "bc"),
        ({"createdAt": {"from": at("b", "createdAt", milliseconds=1)}}, "cde"),
        ({"createdAt": {"to": at("b", "createdAt", milliseconds=1)}}, "ab"),
        ({"createdAt": {}}, "abcde"),
        ({"updatedAt": {"from": at("c", "updatedAt")}}, "cde"),
        ({"resolvedAt": {"from": at("c", "resolvedAt")}}, "ce"),
        ({"resolvedAt": {"to": at("e", "resolvedAt")}}, "c"),
        ({"createdAt": {"from": at("b", "createdAt")}, "open": True, "resolvedAt": {}}, "bd"),
    ]
    for (asked, expected), order in itertools.product(cases, ORDERS):
        assert board.titles(await numbers(client, filter=asked, order=order)) == expected, (asked, order)


async def test_the_orders(client: Client, board: Board) -> None:
    """The most urgent first and then the oldest; the last reported first; the last changed first."""
    await client.done("addNote", id=board.made["b"]["id"], text="touched")
    every = {order: (await page(client, order=order, first=100))["nodes"] for order in ORDERS}
    ranked = [node for node in every["PRIORITY"] if node["priority"]]
    assert ranked == sorted(ranked, key=lambda node: (node["priority"], node["createdAt"], node["number"]))
    assert [node["title"] for node in ranked if node["title"] in board.made][:3] == ["a", "c", "b"]
    newest = [node["number"] for node in every["NEWEST"]]
    assert newest == sorted(newest, reverse=True)
    changed = [node["updatedAt"] for node in every["LAST_CHANGED"]]
    assert changed == sorted(changed, reverse=True)
    assert every["LAST_CHANGED"][0]["title"] == "b"
    assert (await page(client, first=100))["nodes"] == every["PRIORITY"], "which is the usual order"


async def test_a_breached_incident(client: Client, served: World) -> None:
    """`breached` finds those whose clock ran out, also after they were resolved."""
    late, calm = (await client.report("too late"))["id"], (await client.report("not late"))["id"]
    await client.done("overridePriority", id=late, priority="P1", reason="x")
    await client.done("overridePriority", id=calm, priority="P5", reason="x")
    for asked in ({"breached": True}, {"breached": True, "open": True}):
        assert (await page(client, filter={**asked, "text": "late"}))["nodes"] == []
    await pass_time(client, served, late, timedelta(minutes=16))
    for order in ORDERS:
        found = (await page(client, filter={"breached": True, "open": True, "text": "late"}, order=order))["nodes"]
        assert [node["id"] for node in found] == [late]
    kept = (await page(client, filter={"breached": False, "text": "late"}))["nodes"]
    assert [node["id"] for node in kept] == [calm]
    await client.done("resolveIncident", id=late)
    found = (await page(client, filter={"breached": True, "open": False, "text": "late"}))["nodes"]
    assert [node["id"] for node in found] == [late]


@pytest.mark.parametrize(
    ("mutation", "asked"),
    [
        ("addNote", {"text": "the Zürcher-Node is wobbling"}),
        ("addFinding", {"text": "wobbling ZURCHER (node)"}),
        ("setRootCause", {"rootCause": "Node «zürcher», wobbling"}),
        ("editIncident", {"title": "zürcher wobbling node"}),
        ("editIncident", {"description": "wobbling\nnode\nzürcher"}),
        ("recordFix", {"fix": "node zürcher is not wobbling"}),
        ("resolveIncident", {"resolution": "zürcher's node: no wobbling"}),
    ],
    ids=["note", "finding", "root cause", "title", "description", "fix", "resolution"],
)
async def test_text(client: Client, mutation: str, asked: dict[str, Any]) -> None:
    """All words, without regard to case, accents and order, wherever they stand; not parts of words."""
    key = (await client.report("without such words"))["id"]
    for text in ("wobbling zurcher", "ZÜRCHER, node!", "node"):
        assert key not in [node["id"] for node in (await page(client, filter={"text": text}))["nodes"]]
    await client.done(mutation, id=key, **asked)
    for text in ("wobbling zurcher", "ZÜRCHER, node!", "node"):
        for more in ({}, {"open": mutation != "resolveIncident"}):
            found = await page(client, filter={"text": text, **more}, first=1, order="NEWEST")
            assert [node["id"] for node in found["nodes"]] == [key], (text, more)
    for text in ("wobbling paris", "zurch"):
        assert (await page(client, filter={"text": text}))["nodes"] == []


async def test_the_order_of_a_search(client: Client) -> None:
    """A search comes by the newest; another order is refused unless it is of open incidents, since it would have to
    look at every incident.
    """
    made = [(await client.report(f"quokka {n}"))["number"] for n in range(3)]
    await client.done("overridePriority", id=(await client.report("quokka 3"))["id"], priority="P1", reason="x")
    assert (await numbers(client, filter={"text": "quokka"}))[1:] == made[::-1]
    narrowed = await page(client, filter={"text": "quokka", "open": True}, order="PRIORITY")
    assert [node["title"] for node in narrowed["nodes"]] == ["quokka 3", "quokka 0", "quokka 1", "quokka 2"]
    wider: list[dict[str, Any]] = [{}, {"open": False}, {"priority": ["P1"]}]
    for order, more in itertools.product(("PRIORITY", "LAST_CHANGED"), wider):
        (error,) = await client.errors(LIST, filter={"text": "quokka", **more}, order=order)
        (issue,) = error["extensions"]["issues"]
        assert (issue["path"], issue["code"]) == (["orderBy"], "UNSUPPORTED")


BAD = {
    "31 values": ({"priority": ["P1"] * 31}, "priority", "TOO_MANY"),
    "31 services": ({"serviceIds": [CHECKOUT] * 31}, "serviceIds", "TOO_MANY"),
    "31 labels": ({"labels": [{"key": "k", "value": str(n)} for n in range(31)]}, "labels", "TOO_MANY"),
    "a foreign service": ({"serviceIds": [ADAS]}, "serviceIds", "WRONG_TYPE"),
    "no id of a team": ({"teamIds": ["x"]}, "teamIds", "MALFORMED_ID"),
    "a foreign assignee": ({"assigneeIds": [CHECKOUT]}, "assigneeIds", "WRONG_TYPE"),
    "a label with a dot": ({"labels": [{"key": "a.b", "value": "1"}]}, "labels", "INVALID"),
    "a label that is an operator": ({"labels": [{"key": "$where", "value": "1"}]}, "labels", "INVALID"),
    "a label without a name": ({"labels": [{"key": "", "value": "1"}]}, "labels", "INVALID"),
    "a label with NUL": ({"labels": [{"key": "a\0", "value": "1"}]}, "labels", "INVALID"),
    "no word": ({"text": "- ! a"}, "text", "EMPTY"),
    "an empty range": (
        {"createdAt": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}},
        "createdAt",
        "OUT_OF_ORDER",
    ),
    "a range that ends before it begins": (
        {"resolvedAt": {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}},
        "resolvedAt",
        "OUT_OF_ORDER",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_filter(client: Client, name: str) -> None:
    """It is refused with the place of what is wrong."""
    asked, field, code = BAD[name]
    (error,) = await client.errors(LIST, filter=asked)
    assert error["extensions"]["code"] == "VALIDATION"
    (issue,) = error["extensions"]["issues"]
    assert (issue["path"], issue["code"]) == (["filter", field], code)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "disk"),
        ("labels", [{"key": "a", "value": "b"}]),
        ("major", True),
        ("createdAt", {"from": "2026-01-01T00:00:00Z"}),
        ("updatedAt", {"to": "2026-01-01T00:00:00Z"}),
        ("resolvedAt", {}),
    ],
)
async def test_a_subscription_with_such_a_filter(client: Client, field: str, value: Any) -> None:
    """What the log cannot judge is a typed error, not a stream that says nothing."""
    query = "subscription($filter: IncidentFilter) { incidentEvents(filter: $filter) { type } }"
    async with client.subscribe(query, filter={field: value}) as live:
        await until(lambda: live.messages, "the refusal arrives")
        payload = live.messages[0]["payload"]
    (error,) = payload if isinstance(payload, list) else payload["errors"]
    assert error["extensions"]["code"] == "VALIDATION"
    (issue,) = error["extensions"]["issues"]
    assert (issue["path"], issue["code"]) == (["filter", field], "UNSUPPORTED")


async def whole(client: Client, asked: dict[str, Any], order: str, *, backwards: bool) -> list[int]:
    """The list's numbers, four at a time."""
    seen: list[int] = []
    at: str | None = None
    while True:
        window = {"last": 4, "before": at} if backwards else {"first": 4, "after": at}
        found = await page(client, filter=asked, order=order, **window)
        got = [edge["node"]["number"] for edge in found["edges"]]
        seen = got + seen if backwards else seen + got
        info = found["pageInfo"]
        at = info["startCursor"] if backwards else info["endCursor"]
        if not info["hasPreviousPage" if backwards else "hasNextPage"]:
            return seen


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("order", ORDERS)
async def test_pages_while_others_write(client: Client, bo: Client, order: str, backwards: bool) -> None:
    """While others report and change, what nobody touches is seen once in every order; by the newest, everything that
    was there is.
    """
    batch = f"{order} {backwards}"
    labels = [{"key": "batch", "value": batch}]
    asked = {"labels": labels}
    made = [await client.report(f"{batch} {n}", labels=labels) for n in range(18)]
    touched, calm = made[::3], {one["number"] for n, one in enumerate(made) if n % 3}
    writing = asyncio.create_task(_disturb(bo, touched, labels))
    rounds = 0
    while not writing.done() or not rounds:
        seen = await whole(client, asked, order, backwards=backwards)
        assert sorted(number for number in seen if number in calm) == sorted(calm)
        if order == "NEWEST":
            assert len(seen) == len(set(seen))
            assert {one["number"] for one in made} <= set(seen)
            assert seen == sorted(seen, reverse=True)
        rounds += 1
    await writing
    assert rounds > 1
    seen = await whole(client, asked, order, backwards=backwards)
    assert seen == await numbers(client, filter=asked, order=order), "in peace, the pages are the list"
    assert len(seen) == 18 + 12


async def _disturb(caller: Client, touched: list[dict[str, Any]], labels: list[dict[str, str]]) -> None:
    for n in range(12):
        await caller.report(f"comes in between {n}", labels=labels)
        one = touched[n % len(touched)]["id"]
        priority = f"P{1 + n % 5}"
        await caller.done("overridePriority", id=one, priority=priority, reason="x", idempotencyKey=f"{one} {n}")
        await caller.done("addNote", id=one, text="touched")


async def test_page_info(client: Client) -> None:
    """It says truly whether there is more on either side, and an empty list has no cursors."""
    labels = [{"key": "batch", "value": "info"}]
    asked = {"filter": {"labels": labels}, "order": "NEWEST"}
    empty = (await page(client, **asked))["pageInfo"]
    assert empty == {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    made = [(await client.report(f"info {n}", labels=labels))["number"] for n in range(4)][::-1]
    exact = await page(client, **asked, first=4)
    assert (exact["pageInfo"]["hasNextPage"], exact["pageInfo"]["hasPreviousPage"]) == (False, False)
    cursors = [edge["cursor"] for edge in exact["edges"]]
    assert (exact["pageInfo"]["startCursor"], exact["pageInfo"]["endCursor"]) == (cursors[0], cursors[-1])
    middle = await page(client, **asked, first=2, after=cursors[0])
    assert [edge["node"]["number"] for edge in middle["edges"]] == made[1:3]
    assert (middle["pageInfo"]["hasNextPage"], middle["pageInfo"]["hasPreviousPage"]) == (True, True)
    beyond = await page(client, **asked, first=2, after=cursors[-1])
    assert (beyond["edges"], beyond["pageInfo"]["hasNextPage"]) == ([], False)


@pytest.mark.parametrize("order", ORDERS)
async def test_a_cursor_of_another_list(client: Client, order: str) -> None:
    """Cursors of another order, of another list and of the log, and numbers that no place has, are refused."""
    await client.report("has a cursor")
    others = [other for other in ORDERS if other != order]
    cursors = [(await page(client, order=other, first=1))["pageInfo"]["endCursor"] for other in others]
    users = (await client.ask("{ users(first: 1) { pageInfo { endCursor } } }"))["users"]
    log = (await client.ask("{ incidents { asOf } }"))["incidents"]["asOf"]
    name, count = {"PRIORITY": ("priority", 3), "NEWEST": ("newest", 2), "LAST_CHANGED": ("changed", 2)}[order]
    forged = [list_cursor(name, (value,) * count) for value in (10**30, 2**63, -1, True, None, "1", 1.5)]
    for cursor in [*cursors, users["pageInfo"]["endCursor"], log, *forged, "", "AAAA", "ü"]:
        for window in ({"first": 1, "after": cursor}, {"last": 1, "before": cursor}):
            (error,) = await client.errors(LIST, order=order, **window)
            (issue,) = error["extensions"]["issues"]
            where = "after" if "first" in window else "before"
            assert (issue["path"], issue["code"]) == ([where], "MALFORMED_CURSOR"), cursor
