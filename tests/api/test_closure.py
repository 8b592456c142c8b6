"""Closure: the review, what gates the closing, action items that outlive the incident, and corrections of its times."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.api.graphql.ids import parse_id
from services.api.graphql.scalars import serialize_datetime as iso
from shared.wire import global_id
from tests.api.steps import pass_time, relay
from tests.support.graphql import Client, faults
from tests.support.world import ADA, BO, World

ADAS, BOS = global_id("User", ADA), global_id("User", BO)
REVIEW = "review { state whatHappened contributingFactors impact wentWell wentBadly insights completedAt }"
POLICY = "closurePolicy { autoCloseDays reviewTasks reviewPriorities reviewMajors }"
SETTINGS = f"{{ organization {{ {POLICY} }} }}"
ITEM = "actionItem { id incidentId title description state owner { name } dueAt endedAt version }"


@pytest_asyncio.fixture
async def gated(client: Client) -> AsyncIterator[dict[str, Any]]:
    """A closure policy that asks for a review of P1 and of majors, until the test is over."""
    asked = {
        "autoCloseDays": 3,
        "reviewTasks": ["Write the timeline", "Find the causes"],
        "reviewPriorities": ["P1"],
        "reviewMajors": True,
    }
    chosen = await client.other("chooseClosurePolicy", f"changed {POLICY}", **asked)
    assert chosen["closurePolicy"] == asked
    yield asked
    await client.other("chooseClosurePolicy", "changed")


async def resolved(client: Client, title: str, priority: str | None = None) -> str:
    """The id of a resolved incident of that priority."""
    key = (await client.report(title))["id"]
    if priority:
        await client.done("overridePriority", id=key, priority=priority, reason="a test")
    await client.done("resolveIncident", id=key)
    return str(key)


async def closed(client: Client, title: str) -> str:
    """The id of a closed incident."""
    key = await resolved(client, title)
    await client.done("closeIncident", id=key)
    return key


async def test_a_review(client: Client) -> None:
    """It is written part by part, what is not given stays, and it ends when somebody completes it."""
    open_one = (await client.report("not over"))["id"]
    early = await client.do("updateReview", id=open_one, whatHappened="x")
    assert early["__typename"] == "InvalidTransitionError"
    key = await resolved(client, "reviewed")
    assert (await client.incident(key, REVIEW))["review"]["state"] == "NOT_STARTED"
    factors = ["no alert", "an old runbook"]
    await client.done("updateReview", id=key, whatHappened="A disk was full.", contributingFactors=factors)
    await client.done("updateReview", id=key, impact="an hour", wentWell="calm", wentBadly="late", insights="watch it")
    assert not (await client.done("updateReview", id=key, wentWell="calm"))["changed"]
    review = (await client.incident(key, REVIEW))["review"]
    assert review == {
        "state": "IN_PROGRESS",
        "whatHappened": "A disk was full.",
        "contributingFactors": factors,
        "impact": "an hour",
        "wentWell": "calm",
        "wentBadly": "late",
        "insights": "watch it",
        "completedAt": None,
    }
    await client.done("updateReview", id=key, wentBadly=None, contributingFactors=None)
    review = (await client.incident(key, REVIEW))["review"]
    assert (review["wentBadly"], review["contributingFactors"]) == (None, [])
    assert (await client.done("completeReview", id=key))["changed"]
    assert not (await client.done("completeReview", id=key))["changed"]
    await client.done("closeIncident", id=key, insights="watch all disks")
    review = (await client.incident(key, REVIEW))["review"]
    assert (review["state"], review["insights"]) == ("COMPLETED", "watch all disks")
    assert review["completedAt"]
    frozen = await client.do("updateReview", id=key, whatHappened="x")
    assert (frozen["__typename"], frozen["incident"]["status"]) == ("InvalidTransitionError", "CLOSED")


@pytest.mark.parametrize(
    ("asked", "where", "code"),
    [
        ({"whatHappened": "x" * 20_001}, "input.whatHappened", "LENGTH"),
        ({"wentBadly": "\0"}, "input.wentBadly", "INVALID"),
        ({"contributingFactors": ["x"] * 51}, "input.contributingFactors", "TOO_MANY"),
        ({"contributingFactors": ["x", " "]}, "input.contributingFactors.1", "EMPTY"),
    ],
)
async def test_a_bad_review(client: Client, asked: dict[str, Any], where: str, code: str) -> None:
    """Each wrong part is an issue with its place, and nothing is written."""
    key = await resolved(client, "badly reviewed")
    before = await client.incident(key, f"version {REVIEW}")
    assert faults(await client.do("updateReview", id=key, **asked)) == [(where, code)]
    assert await client.incident(key, f"version {REVIEW}") == before


async def test_the_gate(client: Client, gated: dict[str, Any]) -> None:
    """Open review tasks keep an incident that the policy names from being closed, one by one or in bulk, and its button
    says so; done or given up with a reason, they let it go.
    """
    assert (await client.ask(SETTINGS))["organization"]["closurePolicy"] == gated
    key = await resolved(client, "gated", "P1")
    fields = "version status tasks { id title source state } actions { action blockedBy }"
    shown = await client.incident(key, fields)
    assert [(task["title"], task["source"]) for task in shown["tasks"]] == [
        (title, "REVIEW") for title in gated["reviewTasks"]
    ]
    why = "2 review tasks are open: Write the timeline, Find the causes."
    assert {"action": "CLOSE", "blockedBy": why} in shown["actions"]
    for mutation in ("closeIncident", "completeReview"):
        refused = await client.do(mutation, id=key)
        assert refused["__typename"] == "InvalidTransitionError" and why in refused["message"]
    bulk = await client.bulk("closeIncidents", targets={"ids": [key]})
    assert (bulk["changedCount"], bulk["results"][0]["outcome"]["__typename"]) == (0, "InvalidTransitionError")
    assert (await client.incident(key, "version"))["version"] == shown["version"]
    first, second = (task["id"] for task in shown["tasks"])
    await client.done("updateTask", id=key, taskId=first, state="DONE")
    refused = await client.do("closeIncident", id=key)
    assert "1 review task is open: Find the causes." in refused["message"]
    await client.done("updateTask", id=key, taskId=second, state="NOT_DOING", reason="they are known")
    assert {"action": "CLOSE", "blockedBy": None} in (await client.incident(key, fields))["actions"]
    await client.done("completeReview", id=key)
    await client.done("closeIncident", id=key)
    assert (await client.incident(key, "status"))["status"] == "CLOSED"


async def test_what_the_gate_lets_pass(client: Client, gated: dict[str, Any]) -> None:
    """Other priorities have no review tasks; majors have, and a second resolution does not ask twice."""
    small = await resolved(client, "not gated", "P3")
    assert (await client.incident(small, "tasks { id }"))["tasks"] == []
    await client.done("closeIncident", id=small)
    major = (await client.report("a gated major"))["id"]
    await client.done("declareMajor", id=major, businessImpact="no sales")
    await client.done("resolveIncident", id=major)
    await client.done("reopenIncident", id=major)
    await client.done("resolveIncident", id=major)
    titles = [task["title"] for task in (await client.incident(major, "tasks { title }"))["tasks"]]
    assert titles == gated["reviewTasks"]


@pytest.mark.parametrize(
    ("asked", "where", "code"),
    [
        ({"autoCloseDays": 0}, "input.autoCloseDays", "OUT_OF_RANGE"),
        ({"autoCloseDays": 366}, "input.autoCloseDays", "OUT_OF_RANGE"),
        ({"reviewTasks": [f"task {n}" for n in range(21)]}, "input.reviewTasks", "TOO_MANY"),
        ({"reviewTasks": ["x", ""]}, "input.reviewTasks.1", "LENGTH"),
    ],
)
async def test_a_bad_policy(client: Client, bo: Client, asked: dict[str, Any], where: str, code: str) -> None:
    """A wrong policy is refused with its place, and stays as it was; who does not configure is forbidden to."""
    before = await client.ask(SETTINGS)
    assert faults(await client.other("chooseClosurePolicy", "changed", **asked)) == [(where, code)]
    assert (await bo.other("chooseClosurePolicy", "changed", autoCloseDays=7))["__typename"] == "ForbiddenError"
    assert await client.ask(SETTINGS) == before


async def test_closing_by_itself(client: Client, gated: dict[str, Any], served: World) -> None:
    """After the policy's days it is closed with its reason; one whose review is open is held back, and that is told."""
    free, held = await resolved(client, "forgotten", "P4"), await resolved(client, "not reviewed", "P1")
    fields = "status resolvedAt pendingActions { type at } timeline { nodes { type reason actor { kind } } }"
    found = await client.incident(free, fields)
    at = datetime.fromisoformat(found["resolvedAt"]) + timedelta(days=3)
    assert found["pendingActions"] == [
        {
            "type": "CLOSE",
            "at": iso(at),
        }
    ]
    await pass_time(client, served, free, timedelta(days=3, seconds=1))
    await pass_time(client, served, held, timedelta(seconds=1))
    found = await client.incident(free, fields)
    assert (found["status"], found["timeline"]["nodes"][-1]["type"]) == ("CLOSED", "closed")
    assert found["timeline"]["nodes"][-1]["actor"]["kind"] == "SYSTEM"
    found = await client.incident(held, fields)
    assert (found["status"], found["timeline"]["nodes"][-1]["type"]) == ("RESOLVED", "closure_held_back")
    assert "2 review tasks are open" in found["timeline"]["nodes"][-1]["reason"]
    assert [pending["type"] for pending in found["pendingActions"]] == ["CLOSE"]


async def test_never_closing_by_itself(client: Client) -> None:
    """Without days in the policy nothing is closed by itself."""
    await client.other("chooseClosurePolicy", "changed", autoCloseDays=None)
    key = await resolved(client, "stays resolved")
    assert (await client.incident(key, "pendingActions { type }"))["pendingActions"] == []
    await client.other("chooseClosurePolicy", "changed")


async def test_an_action_item_outlives_its_incident(client: Client, served: World) -> None:
    """It is added, given away, done and opened again whatever becomes of the incident, whose timeline tells of it."""
    due = iso(served.store.clock.now() + timedelta(days=30))
    key = await resolved(client, "has action items")
    asked = {"incidentId": key, "title": "Alert on full disks", "dueAt": due, "idempotencyKey": "item"}
    made = await client.other("createActionItem", f"replayed {ITEM}", **asked, description="all of them")
    assert made["__typename"] == "CreateActionItemSuccess" and not made["replayed"]
    item = made["actionItem"]
    assert (await client.other("createActionItem", "replayed", **asked, description="all of them"))["replayed"]
    assert (await client.other("createActionItem", "replayed", **asked))["__typename"] == "IdempotencyError"
    assert (item["incidentId"], item["state"], item["owner"], item["dueAt"]) == (key, "OPEN", None, due)
    await client.done("closeIncident", id=key)

    async def update(**change: Any) -> dict[str, Any]:
        return await client.other("updateActionItem", f"changed replayed {ITEM}", id=item["id"], **change)

    assert (await update(ownerId=BOS))["actionItem"]["owner"] == {"name": "Bo"}
    freed = (await update(ownerId=None, dueAt=None))["actionItem"]
    assert (freed["owner"], freed["dueAt"]) == (None, None)
    done = await update(state="DONE", idempotencyKey="item done")
    assert done["changed"] and done["actionItem"]["endedAt"]
    assert (await update(state="DONE", idempotencyKey="item done"))["replayed"]
    assert not (await update(state="DONE"))["changed"]
    assert (await update(state="OPEN"))["actionItem"]["endedAt"] is None
    assert faults(await update(state="NOT_DOING")) == [("input.reason", "EMPTY")]
    assert (await update(state="NOT_DOING", reason="the disks are gone"))["actionItem"]["state"] == "NOT_DOING"
    later = await client.other("createActionItem", ITEM, incidentId=key, title="Buy disks", ownerId=ADAS)
    assert later["actionItem"]["title"] == "Buy disks", "also of a closed incident"

    found = await client.incident(key, "status actionItems { title state } timeline { nodes { type summary } }")
    assert (found["status"], found["actionItems"]) == (
        "CLOSED",
        [{"title": "Alert on full disks", "state": "NOT_DOING"}, {"title": "Buy disks", "state": "OPEN"}],
    )
    summaries = " | ".join(node["summary"] for node in found["timeline"]["nodes"])
    assert "action item added by Ada: Alert on full disks" in summaries
    assert "'Alert on full disks' is not doing: the disks are gone" in summaries
    again = await client.ask("query($id: ID!) { node(id: $id) { ... on ActionItem { title version } } }", id=item["id"])
    assert again["node"] == {"title": "Alert on full disks", "version": 6}


async def test_bad_action_items(client: Client) -> None:
    """A wrong incident, title or owner is refused with its place, and nothing is added."""
    key = await closed(client, "has no action items")
    unknown = {"incidentId": global_id("Incident", "0" * 32), "title": "x"}
    assert (await client.other("createActionItem", ITEM, **unknown))["code"] == "NOT_FOUND"
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"incidentId": "x"}, ("input.incidentId", "MALFORMED_ID")),
        ({"title": " "}, ("input.title", "EMPTY")),
        ({"title": "x" * 501}, ("input.title", "LENGTH")),
        ({"description": "\0"}, ("input.description", "INVALID")),
        ({"ownerId": global_id("User", "nobody")}, ("input.ownerId", "NOT_FOUND")),
    ]
    for asked, issue in cases:
        refused = await client.other("createActionItem", ITEM, **{"incidentId": key, "title": "x", **asked})
        assert faults(refused) == [issue]
    missing = await client.other("updateActionItem", ITEM, id=global_id("ActionItem", "0" * 32), state="DONE")
    assert missing["code"] == "NOT_FOUND"
    assert (await client.incident(key, "actionItems { id }"))["actionItems"] == []


async def test_pages_of_action_items(client: Client, served: World) -> None:
    """By owner and state, oldest first, page by page in both directions, each once."""
    key = await closed(client, "has many action items")
    for n in range(7):
        owner = BOS if n != 3 else ADAS
        made = await client.other("createActionItem", ITEM, incidentId=key, title=f"item {n}", ownerId=owner)
        if n == 5:
            await client.other("updateActionItem", ITEM, id=made["actionItem"]["id"], state="DONE")
    await relay(served)
    query = """query($owner: ID!, $state: [TaskState!], $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
      actionItems(ownerId: $owner, state: $state, first: $first, after: $after, last: $last, before: $before) {
        nodes { title } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

    async def page(**asked: Any) -> tuple[list[str], dict[str, Any]]:
        found = (await client.ask(query, owner=BOS, **asked))["actionItems"]
        return [node["title"] for node in found["nodes"] if node["title"].startswith("item ")], found["pageInfo"]

    whole, _ = await page(first=100, state=["OPEN"])
    assert whole == ["item 0", "item 1", "item 2", "item 4", "item 6"]
    assert (await page(first=100, state=["DONE"]))[0] == ["item 5"]
    assert len((await page(first=100))[0]) == 6
    last, info = await page(last=2, state=["OPEN"])
    assert (last, info["hasPreviousPage"]) == (whole[-2:], True)
    earlier, _ = await page(last=2, before=info["startCursor"], state=["OPEN"])
    assert earlier == whole[1:3]
    later, info = await page(first=10, after=info["startCursor"], state=["OPEN"])
    assert (later, info["hasNextPage"]) == (whole[-1:], False)


async def test_a_corrected_time(client: Client, served: World) -> None:
    """The corrected time counts, what was recorded at first stays visible, also after a second correction and of a
    closed incident; the same correction again changes nothing.
    """
    key = (await client.report("corrected"))["id"]
    await client.done("acknowledgeIncident", id=key)
    await pass_time(client, served, key, timedelta(hours=1))
    await client.done("resolveIncident", id=key)
    await client.done("closeIncident", id=key)
    fields = """version resolvedAt impactBeganAt corrections { what original corrected at reason user { name } }
      timeline { nodes { type reason } }"""
    before = await client.incident(key, fields)
    recorded = datetime.fromisoformat(before["resolvedAt"])
    first, second = recorded - timedelta(minutes=30), recorded - timedelta(minutes=20, microseconds=300)
    asked = {"id": key, "what": "RESOLVED", "reason": "it was over before"}
    assert (await client.done("correctIncidentTime", **asked, at=iso(first)))["changed"]
    assert not (await client.done("correctIncidentTime", **asked, at=iso(first)))["changed"]
    exact = second.astimezone().isoformat()
    assert (await client.done("correctIncidentTime", **asked, at=exact))["changed"]
    assert not (await client.done("correctIncidentTime", **asked, at=exact))["changed"], "milliseconds are kept"
    began = iso(recorded - timedelta(days=1))
    await client.done("correctIncidentTime", id=key, what="IMPACT_BEGAN", at=began, reason="by the logs")
    after = await client.incident(key, fields)
    assert (after["resolvedAt"], after["impactBeganAt"]) == (iso(second), began)
    shown = [(one["what"], one["original"], one["corrected"], one["reason"]) for one in after["corrections"]]
    assert shown == [
        ("RESOLVED", before["resolvedAt"], iso(first), asked["reason"]),
        ("RESOLVED", before["resolvedAt"], iso(second), asked["reason"]),
        ("IMPACT_BEGAN", None, began, "by the logs"),
    ]
    assert {one["user"]["name"] for one in after["corrections"]} == {"Ada"}
    assert [node["reason"] for node in after["timeline"]["nodes"][-3:]] == [one[3] for one in shown]
    assert after["version"] == before["version"] + 3


async def test_times_that_cannot_be(client: Client, served: World) -> None:
    """In the future, out of order, of what was never recorded, without a reason: refused, and nothing is written."""
    key = (await client.report("not corrected"))["id"]
    await pass_time(client, served, key, timedelta(minutes=5))
    await client.done("acknowledgeIncident", id=key)
    await pass_time(client, served, key, timedelta(minutes=5))
    found = await client.incident(key, "version triggeredAt acknowledgedAt")
    triggered, acknowledged = (datetime.fromisoformat(found[name]) for name in ("triggeredAt", "acknowledgedAt"))
    later = acknowledged + timedelta(minutes=1)
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"what": "ACKNOWLEDGED", "at": later + timedelta(hours=1)}, ("input.at", "IN_THE_FUTURE")),
        ({"what": "ACKNOWLEDGED", "at": triggered - timedelta(seconds=1)}, ("input.at", "OUT_OF_ORDER")),
        ({"what": "TRIGGERED", "at": later}, ("input.at", "OUT_OF_ORDER")),
        ({"what": "MITIGATED", "at": later}, ("input.what", "NOT_RECORDED")),
        ({"what": "ACKNOWLEDGED", "at": triggered, "reason": ""}, ("input.reason", "EMPTY")),
    ]
    for asked, issue in cases:
        change = {"id": key, "reason": "a test", **asked, "at": iso(asked["at"])}
        assert faults(await client.do("correctIncidentTime", **change)) == [issue], asked
    assert await client.incident(key, "version triggeredAt acknowledgedAt") == found
    merged, target = (await client.report("merged away"))["id"], (await client.report("takes it"))["id"]
    await client.done("mergeIncidents", targetId=target, sourceIds=[merged])
    frozen = await client.do("correctIncidentTime", id=merged, what="TRIGGERED", at=iso(triggered), reason="x")
    assert frozen["__typename"] == "InvalidTransitionError"
    incident = await served.store.incidents.get(parse_id("Incident", merged))
    assert incident.corrections == ()
