"""Live views: in order, resumable, filtered, ended when they must; over WebSocket and SSE."""

import asyncio
import json
import signal
from typing import Any

from services.api.graphql.ids import entry_cursor
from shared.domain.catalog import Role, revoke
from shared.store.tokens import digest_of
from tests.api.steps import relay
from tests.support.graphql import Client, Subscription
from tests.support.world import ADA, World, by, until

EVENTS = """subscription($after: Cursor, $filter: IncidentFilter) { incidentEvents(after: $after, filter: $filter) {
  __typename cursor type incident { number status } ... on Left { id reason } ... on Entered { edge { cursor } } } }"""

CHANGED = """subscription($id: ID!, $after: Cursor) { incidentChanged(id: $id, after: $after) {
  __typename cursor type incident { id } ... on Changed { idempotencyKey entry { summary } } } }"""


async def test_resume_after_a_cursor(client: Client, served: World) -> None:
    """A subscription after a cursor sends what was missed in order, says that it has caught up, and goes on live."""
    incident = await client.report("resume")
    start = (await client.do("acknowledgeIncident", id=incident["id"]))["cursor"]
    await client.do("addNote", id=incident["id"], text="one")
    await relay(served)
    async with client.subscribe(EVENTS, after=start) as live:
        await until(lambda: len(live.items()) >= 4, "the past is sent")
        await client.do("addNote", id=incident["id"], text="two")
        await relay(served)
        await until(lambda: len(live.items()) == 5, "the live fact follows")
        first = live.items()
    assert [item["type"] for item in first] == [
        "triggered",
        "acknowledged",
        "note_added",
        "caught_up",
        "note_added",
    ]
    async with client.subscribe(EVENTS, after=first[1]["cursor"]) as live:
        await until(lambda: len(live.items()) == 3, "only what follows the cursor is sent")
        assert [item["type"] for item in live.items()] == ["note_added", "note_added", "caught_up"]


async def test_a_filtered_list(client: Client, served: World) -> None:
    """With a filter an incident enters the list and leaves it, as its facts say."""
    await relay(served)
    async with client.subscribe(EVENTS, filter={"status": ["TRIGGERED"]}) as live:
        await until(lambda: live.items(), "the subscription is live")
        incident = await client.report("enters and leaves")
        await client.do("acknowledgeIncident", id=incident["id"])
        await client.do("resolveIncident", id=incident["id"])
        await relay(served)
        await until(lambda: len(live.items()) == 3, "both are told")
        kinds = [(item["__typename"], item["type"]) for item in live.items()[1:]]
    assert kinds == [("Entered", "triggered"), ("Left", "acknowledged")]


async def told(live: Subscription, field: str, n: int) -> list[dict[str, Any]]:
    """What the stream has told, once it is more than `n` items."""
    return list(await until(lambda: live.items(field)[n:] and live.items(field), f"more than {n} are told"))


async def test_action_items_in_the_stream(client: Client, served: World) -> None:
    """What becomes of an action item is told by its incident's stream and by that of all; by no other one."""
    key, other = (await client.report("has items"))["id"], (await client.report("has none"))["id"]
    await relay(served)
    one, another = client.subscribe(CHANGED, id=key), client.subscribe(CHANGED, id=other)
    every, filtered = client.subscribe(EVENTS), client.subscribe(EVENTS, filter={"status": ["TRIGGERED"]})
    async with one as one_live, another as another_live, every as every_live, filtered as filtered_live:
        streams = {"incidentChanged": (one_live, another_live), "incidentEvents": (every_live, filtered_live)}
        for field, pair in streams.items():
            for live in pair:
                await told(live, field, 0)
        asked = {"incidentId": key, "title": "Buy disks", "idempotencyKey": "disks"}
        made = await client.other("createActionItem", "actionItem { id }", **asked)
        await client.other("updateActionItem", "changed", id=made["actionItem"]["id"], state="DONE")
        await relay(served)
        for incident_id in (key, other):
            await client.done("addNote", id=incident_id, text="afterwards")
            await relay(served)
        heard = [
            await told(live, field, n)
            for field, live, n in (
                ("incidentChanged", one_live, 3),
                ("incidentChanged", another_live, 1),
                ("incidentEvents", every_live, 4),
                ("incidentEvents", filtered_live, 2),
            )
        ]
    of_items = ["action_item.created", "action_item.updated"]
    assert [[item["type"] for item in items[1:]] for items in heard] == [
        [*of_items, "note_added"],
        ["note_added"],
        [*of_items, "note_added", "note_added"],
        ["note_added", "note_added"],
    ]
    _, created, updated, _ = heard[0]
    assert {(item["__typename"], item["incident"]["id"]) for item in (created, updated)} == {("Changed", key)}
    assert (created["idempotencyKey"], updated["idempotencyKey"]) == ("disks", None)
    assert created["entry"]["summary"] == "action item added by Ada: Buy disks"
    async with client.subscribe(CHANGED, id=key, after=created["cursor"]) as live:
        items = await until(lambda: live.items("incidentChanged")[2:] and live.items("incidentChanged"), "it goes on")
    assert [item["type"] for item in items] == ["action_item.updated", "note_added", "caught_up"]


async def test_questions_of_each_event(client: Client, served: World) -> None:
    """The budget of questions is one event's, not the stream's: however many come, each is shown."""
    key = (await client.report("asked about live"))["id"]
    await relay(served)
    asked = " ".join(f"a{n}: payload" for n in range(250))
    query = f"subscription($id: ID!) {{ incidentChanged(id: $id) {{ type incident {{ {asked} }} }} }}"
    async with client.subscribe(query, id=key) as live:
        await until(lambda: live.items("incidentChanged"), "the stream is live")
        for n in range(3):
            await client.done("addNote", id=key, text=f"note {n}")
        await relay(served)
        await until(lambda: len(live.items("incidentChanged")) == 4, "the notes are told")
        assert {len(item["incident"]) for item in live.items("incidentChanged")[1:]} == {250}


async def test_a_cursor_of_another_log(client: Client) -> None:
    """A cursor ahead of the log's head is answered with Resync, and the stream goes on from the head."""
    async with client.subscribe(EVENTS, after=entry_cursor(10**9)) as live:
        await until(lambda: len(live.items()) == 2, "it resyncs")
        assert [item["__typename"] for item in live.items()] == ["Resync", "CaughtUp"]


async def test_server_sent_events(client: Client, served: World) -> None:
    """The same stream over SSE."""
    lines: list[str] = []

    async def listen() -> None:
        headers = {"Accept": "text/event-stream"}
        async with client.http.stream("POST", "/graphql", json={"query": EVENTS}, headers=headers) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                lines.append(line)  # noqa: PERF401 - the lines are looked at while they come

    listening = asyncio.create_task(listen())
    await until(lambda: any("CaughtUp" in line for line in lines), "the stream is live")
    await client.report("over SSE")
    await relay(served)
    await until(lambda: any('"triggered"' in line for line in lines), "the fact arrives")
    listening.cancel()
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    assert data[-1]["data"]["incidentEvents"]["type"] == "triggered"


async def test_a_revoked_token_ends_the_stream(client: Client, served: World) -> None:
    """Within a few seconds of its token's end a subscription is over."""
    other = await served.client(ADA, Role.VIEWER)
    async with other.subscribe(EVENTS) as live:
        await until(lambda: live.items(), "the stream is live")
        token = await served.store.tokens.by_digest(digest_of(other.token))
        assert token is not None
        await served.store.tokens.update(token.id, revoke, by())
        await until(lambda: "has been revoked" in str(live.messages), "the stream ends", within=15)


async def test_a_stop_ends_open_streams(world: World) -> None:
    """SIGTERM with open streams ends the process in a few seconds."""
    client = await world.client()
    stream = client.http.stream("POST", "/graphql", json={"query": EVENTS}, headers={"Accept": "text/event-stream"})
    async with stream as answer, client.subscribe(EVENTS) as live:
        await until(lambda: live.items(), "the socket is live")
        assert answer.status_code == 200
        process = world.processes[0]
        process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None, "the API has ended", within=8)
    assert process.returncode == 0
