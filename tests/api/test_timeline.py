"""The timeline: who did what, through what, why, and what it changed; whole, in order, and without a worker too."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.api.graphql.ids import entry_cursor, list_cursor
from services.api.graphql.scalars import serialize_datetime as iso
from shared.wire import global_id
from tests.api.steps import pass_time, relay, triage
from tests.support.graphql import Client
from tests.support.world import BO, World

CHECKOUT = global_id("Service", "service-checkout")
BOS = global_id("User", BO)
ENTRY = """id type at actor { kind id name } via note reason cursor summary data
  was { status priority serviceIds teamIds category assigneeId breached }
  now { status priority serviceIds teamIds category assigneeId breached }"""
PAGE = f"""query($id: ID!, $first: Int!, $after: Cursor) {{ incident(by: {{id: $id}}) {{
  timeline(first: $first, after: $after) {{ nodes {{ {ENTRY} }} edges {{ cursor node {{ id }} }}
  pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"""
BACKWARDS = PAGE.replace("$first: Int!, $after: Cursor", "$last: Int, $before: Cursor").replace(
    "first: $first, after: $after", "last: $last, before: $before"
)


async def page(client: Client, incident_id: str, first: int = 100, after: str | None = None) -> dict[str, Any]:
    """One page of its timeline."""
    found = await client.ask(PAGE, id=incident_id, first=first, after=after)
    return dict(found["incident"]["timeline"])


async def earlier(client: Client, incident_id: str, **asked: Any) -> dict[str, Any]:
    """One page of its timeline from the end: `last` and `before`."""
    return dict((await client.ask(BACKWARDS, id=incident_id, **asked))["incident"]["timeline"])


async def entries(client: Client, incident_id: str) -> list[dict[str, Any]]:
    """Its whole timeline, of which there must be at most a hundred entries."""
    found = await page(client, incident_id)
    assert not found["pageInfo"]["hasNextPage"]
    return list(found["nodes"])


@pytest.mark.parametrize("logged", [False, True], ids=["in the outbox", "in the log"])
async def test_what_an_entry_says(client: Client, bo: Client, served: World, logged: bool) -> None:
    """Entries of several types say who acted, by which way, why, and where the incident stood before and after: the
    same before they are logged and afterwards.
    """
    asked = {"serviceIds": [CHECKOUT], "impact": "LOW", "urgency": "LOW", "note": "seen on the wall"}
    key = (await client.report("disk full on db-7", **asked))["id"]
    await triage(served, key)
    await bo.done("acknowledgeIncident", id=key, note="mine")
    await client.done("overridePriority", id=key, priority="P2", reason="the queue grows")
    await client.done("assignIncident", id=key, userId=global_id("User", "user-ada"))
    await bo.done("cancelIncident", id=key, reason="a planned test")
    if logged:
        await relay(served)
    found = await entries(client, key)
    assert [entry["type"] for entry in found] == [
        "triggered",
        "prioritized",
        "categorized",
        "acknowledged",
        "priority_overridden",
        "assigned",
        "canceled",
    ]
    triggered, prioritized, _, acknowledged, overridden, assigned, canceled = found
    assert all((entry["cursor"] is not None) is logged for entry in found)
    assert (triggered["was"], triggered["now"]["status"]) == (None, "TRIGGERED")
    assert triggered["now"]["serviceIds"] == [CHECKOUT]
    assert triggered["actor"] == {"kind": "PERSON", "id": global_id("User", "user-ada"), "name": "Ada"}
    assert (triggered["via"], triggered["note"], triggered["reason"]) == ("graphql", *["seen on the wall"] * 2)
    assert prioritized["actor"] == {"kind": "SYSTEM", "id": "triage", "name": "triage"}
    assert (prioritized["via"], prioritized["data"]["priority"]) == ("worker", "P5")
    assert prioritized["reason"] == "stated impact low x stated urgency low"
    assert (prioritized["was"]["priority"], prioritized["now"]["priority"]) == (None, "P5")
    assert (acknowledged["actor"]["name"], acknowledged["note"]) == ("Bo", "mine")
    moved = (acknowledged["was"]["status"], acknowledged["now"]["status"])
    assert (*moved, acknowledged["now"]["assigneeId"]) == ("TRIGGERED", "ACKNOWLEDGED", BOS)
    assert (overridden["was"]["priority"], overridden["now"]["priority"]) == ("P5", "P2")
    assert (overridden["reason"], overridden["summary"]) == (
        "the queue grows",
        "P2 set by Ada: the queue grows",
    )
    assert assigned["was"]["assigneeId"] == BOS
    assert assigned["now"]["assigneeId"] == global_id("User", "user-ada")
    assert canceled["summary"] == "canceled by Bo: a planned test"
    assert (canceled["was"]["status"], canceled["now"]["status"]) == ("ACKNOWLEDGED", "CANCELED")
    assert len({entry["id"] for entry in found}) == 7


async def lead_through_life(client: Client, bo: Client, served: World) -> str:
    """An incident to which nearly everything happened that people can do."""
    key = (await client.report("all sorts", serviceIds=[CHECKOUT]))["id"]
    other, target = (await client.report("another"))["id"], (await client.report("a third"))["id"]
    soon = iso(served.store.clock.now() + timedelta(hours=2))
    people: list[tuple[Client, str, dict[str, Any]]] = [
        (client, "requestResponder", {"userId": BOS, "role": "SCRIBE"}),
        (bo, "declineResponderRequest", {"reason": "busy"}),
        (bo, "joinIncident", {}),
        (client, "acknowledgeIncident", {}),
        (client, "setResponderRoles", {"userId": BOS, "roles": ["LIAISON"]}),
        (bo, "leaveIncident", {}),
        (client, "assignIncident", {"userId": BOS}),
    ]
    work: list[tuple[Client, str, dict[str, Any]]] = [
        (client, "addNote", {"text": "hm"}),
        (client, "addFinding", {"text": "the pool is empty"}),
        (client, "setRootCause", {"rootCause": "a leak"}),
        (client, "addTask", {"title": "Roll back", "ownerId": BOS, "dueAt": soon}),
        (client, "addLink", {"url": "https://example.org"}),
        (client, "editIncident", {"title": "all sorts of things"}),
        (client, "setCategory", {"category": "software"}),
        (client, "overridePriority", {"priority": "P1", "reason": "sales"}),
        (client, "proposeMajor", {}),
        (client, "declareMajor", {"businessImpact": "no sales"}),
        (client, "standDownMajor", {}),
        (client, "draftStatusUpdate", {"audience": "PUBLIC", "text": "We look."}),
        (client, "publishStatusUpdate", {"audience": "INTERNAL", "text": "We look."}),
        (client, "holdIncident", {"reason": "VENDOR", "until": soon}),
        (client, "releaseHold", {}),
        (client, "relateIncidents", {"otherId": other}),
        (client, "unrelateIncidents", {"otherId": other}),
        (client, "setParent", {"parentId": other}),
        (client, "setParent", {"parentId": None}),
        (client, "mitigateIncident", {"workaround": "restart"}),
        (client, "rateWorkaround", {"worked": True}),
        (client, "recordFix", {"fix": "patched"}),
        (client, "resolveIncident", {"resolution": "it holds"}),
        (client, "updateReview", {"whatHappened": "a leak"}),
        (client, "completeReview", {}),
        (client, "correctIncidentTime", {"what": "IMPACT_BEGAN", "at": "2026-01-01T00:00:00Z", "reason": "the logs"}),
    ]
    for caller, mutation, asked in people + work:
        await caller.done(mutation, id=key, **asked)
    await client.done("mergeIncidents", targetId=target, sourceIds=[key])
    await client.done("unmergeIncident", id=key)
    await client.done("closeIncident", id=key)
    return str(key)


async def test_every_type_can_be_shown(client: Client, bo: Client, served: World) -> None:
    """Whatever happened: its summary is a sentence with present names, and its data is plain JSON, also once logged."""
    key = await lead_through_life(client, bo, served)
    before = await entries(client, key)
    await relay(served)
    after = await entries(client, key)
    assert len({entry["type"] for entry in after}) >= 33
    for entry in after:
        assert len(entry["summary"]) > 8, entry
        assert not any(raw in entry["summary"] for raw in ("user-", "None", "{", "datetime", "_")), entry["summary"]
        assert entry["actor"]["name"] and entry["via"], entry
        for name, value in entry["data"].items():
            if name.endswith("_at"):
                assert value.endswith("Z"), (name, value)
                datetime.fromisoformat(value)
    assert [{**entry, "cursor": None} for entry in after] == before, "the log says what the outbox said"


async def test_pages(client: Client, served: World) -> None:
    """Over several pages each entry comes once, in order, and the last page ends with what is not logged yet."""
    key = (await client.report("long story"))["id"]
    for n in range(26):
        await client.done("addNote", id=key, text=f"logged {n}")
    await relay(served)
    for n in range(3):
        await client.done("addNote", id=key, text=f"waiting {n}")
    seen: list[dict[str, Any]] = []
    after: str | None = None
    sizes = []
    while True:
        found = await page(client, key, 10, after)
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert [edge["node"]["id"] for edge in found["edges"]] == [node["id"] for node in found["nodes"]]
        assert [edge["cursor"] for edge in found["edges"]] == [node["cursor"] for node in found["nodes"]]
        seen += found["nodes"]
        sizes.append(len(found["nodes"]))
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert sizes == [10, 10, 10]
    texts = [f"logged {n}" for n in range(26)] + [f"waiting {n}" for n in range(3)]
    assert [entry["data"]["text"] for entry in seen[1:]] == texts
    assert [entry["cursor"] is None for entry in seen] == [False] * 27 + [True] * 3


async def test_pages_from_the_end(client: Client, served: World) -> None:
    """Backwards the newest page comes first, oldest entry first in each; what waits stands at the end, uncounted."""
    key = (await client.report("long story, from its end"))["id"]
    made = await client.other("createActionItem", "actionItem { id }", incidentId=key, title="Buy disks")
    for n in range(22):
        await client.done("addNote", id=key, text=f"logged {n}")
    await relay(served)
    await client.done("addNote", id=key, text="waiting")
    await client.other("updateActionItem", "changed", id=made["actionItem"]["id"], state="DONE")
    whole = [entry["id"] for entry in await entries(client, key)]
    pages: list[list[str]] = []
    before: str | None = None
    while True:
        found = await earlier(client, key, last=10, before=before)
        assert found["pageInfo"]["hasNextPage"] is (before is not None)
        assert [edge["cursor"] for edge in found["edges"]] == [node["cursor"] for node in found["nodes"]]
        pages.insert(0, [node["id"] for node in found["nodes"]])
        before = found["pageInfo"]["startCursor"]
        assert before == found["nodes"][0]["cursor"]
        if not found["pageInfo"]["hasPreviousPage"]:
            break
    assert [len(page) for page in pages] == [4, 10, 12]
    assert [one for page in pages for one in page] == whole
    alone = await earlier(client, key, before=before)
    assert (alone["nodes"], alone["pageInfo"]["startCursor"]) == ([], None)
    forwards = await page(client, key, 3, before)
    back = await earlier(client, key, last=2, before=forwards["pageInfo"]["endCursor"])
    assert [node["id"] for node in back["nodes"]] == whole[1:3]


async def test_pages_while_others_write(client: Client, bo: Client, served: World) -> None:
    """While notes are written and logged, paging on from each end cursor shows each logged entry once, in order."""
    key = (await client.report("busy story"))["id"]
    written = asyncio.create_task(_write_and_log(bo, served, key))
    seen: list[str] = []
    after: str | None = None
    while True:
        writing = not written.done()
        found = await page(client, key, 4, after)
        seen += [node["id"] for node in found["nodes"] if node["cursor"]]
        after = found["pageInfo"]["endCursor"] or after
        if not writing and not found["pageInfo"]["hasNextPage"]:
            break
    await written
    assert seen == [entry["id"] for entry in await entries(client, key)]
    assert len(seen) == len(set(seen)) == 31


async def _write_and_log(caller: Client, world: World, incident_id: str) -> None:
    for n in range(30):
        await caller.done("addNote", id=incident_id, text=f"note {n}")
        if n % 4 == 0:
            await relay(world)
    await relay(world)


async def test_own_writes(client: Client, served: World) -> None:
    """What was just written is on the timeline at once, before anything is logged and when a part is, each once."""
    key = (await client.report("own writes"))["id"]
    for n in range(4):
        await client.done("addNote", id=key, text=f"note {n}")
        found = await entries(client, key)
        assert [entry["data"].get("text") for entry in found] == [None, *(f"note {m}" for m in range(n + 1))]
        if n == 1:
            await relay(served)
    assert [entry["cursor"] is None for entry in await entries(client, key)] == [False, False, False, True, True]


async def test_action_items_are_told_too(client: Client, served: World) -> None:
    """What becomes of an action item stands on its incident's timeline, logged or not, and on no other's."""
    key, other = (await client.report("has items"))["id"], (await client.report("has none"))["id"]
    made = await client.other("createActionItem", "actionItem { id }", incidentId=key, title="Buy disks", note="soon")
    await relay(served)
    update = {"id": made["actionItem"]["id"], "state": "NOT_DOING", "reason": "too dear"}
    await client.other("updateActionItem", "changed", **update)
    triggered, created, updated = await entries(client, key)
    assert (triggered["cursor"] and created["cursor"], updated["cursor"]) == (created["cursor"], None)
    assert (created["summary"], created["note"]) == ("action item added by Ada: Buy disks", "soon")
    assert (updated["reason"], updated["actor"]["name"]) == ("too dear", "Ada")
    assert [entry["type"] for entry in await entries(client, other)] == ["triggered"]
    await client.done("addNote", id=key, text="none then")
    types = [entry["type"] for entry in await entries(client, key)]
    assert types == ["triggered", "action_item.created", "action_item.updated", "note_added"], (
        "in order, before they are logged too"
    )


async def test_what_the_system_did_not_do(client: Client, served: World) -> None:
    """What was decided against stands there with its reason."""
    key = (await client.report("nobody writes"))["id"]
    await client.done("overridePriority", id=key, priority="P3", reason="a test")
    await pass_time(client, served, key, timedelta(hours=4, minutes=1))
    overdue = next(entry for entry in await entries(client, key) if entry["type"] == "status_update_overdue")
    assert (overdue["actor"]["kind"], overdue["reason"]) == ("SYSTEM", "nobody is liaison, commander or assignee")
    assert overdue["summary"] == "a status update is overdue; nobody else is paged: " + overdue["reason"]


@pytest.mark.parametrize(
    ("asked", "path", "code"),
    [
        ({"first": 0}, ["first"], "OUT_OF_RANGE"),
        ({"first": 101}, ["first"], "OUT_OF_RANGE"),
        ({"first": 5, "after": "nonsense"}, ["after"], "MALFORMED_CURSOR"),
        ({"first": 5, "after": ""}, ["after"], "MALFORMED_CURSOR"),
        ({"first": 5, "after": list_cursor("newest", (1, 2))}, ["after"], "MALFORMED_CURSOR"),
        ({"first": 5, "after": entry_cursor(-1)}, ["after"], "MALFORMED_CURSOR"),
        ({"first": 5, "after": entry_cursor(10**30)}, ["after"], "MALFORMED_CURSOR"),
    ],
)
async def test_bad_pages(client: Client, asked: dict[str, Any], path: list[str], code: str) -> None:
    """A page that cannot be is refused with its issue."""
    key = (await client.report("badly paged"))["id"]
    (error,) = await client.errors(PAGE, id=key, **asked)
    assert error["extensions"]["code"] == "VALIDATION"
    (issue,) = error["extensions"]["issues"]
    assert (issue["path"], issue["code"]) == (path, code)


@pytest.mark.parametrize(
    ("arguments", "path", "code"),
    [
        ("last: 0", ["last"], "OUT_OF_RANGE"),
        ("last: 101", ["last"], "OUT_OF_RANGE"),
        ("first: 1, last: 1", ["last"], "CONFLICTING"),
        ('last: 1, before: "nonsense"', ["before"], "MALFORMED_CURSOR"),
        (f'after: "{entry_cursor(1)}", before: "{entry_cursor(9)}"', ["last"], "CONFLICTING"),
    ],
    ids=range(5),
)
async def test_bad_pages_from_the_end(client: Client, arguments: str, path: list[str], code: str) -> None:
    """The same from the end, and for both directions at once."""
    key = (await client.report("badly paged from the end"))["id"]
    query = f"query($id: ID!) {{ incident(by: {{id: $id}}) {{ timeline({arguments}) {{ nodes {{ id }} }} }} }}"
    (error,) = await client.errors(query, id=key)
    (issue,) = error["extensions"]["issues"]
    assert (issue["path"], issue["code"]) == (path, code)
