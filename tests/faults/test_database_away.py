"""MongoDB does not answer for a while: callers hear so, no process ends, and everything goes on afterwards."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from services.cli.stack.launcher import Stack
from shared.domain.catalog import Step
from tests.support.receivers import WebhookReceiver
from tests.support.world import ADA, new_world, until


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers of this module's own, because it freezes one of them."""
    data: Path = tmp_path_factory.mktemp("own-stack")
    with Stack(data, lambda what, seconds: None) as running:
        yield running


def mongod_of(stack: Stack) -> psutil.Process:
    """The stack's own mongod, by its port."""
    port = stack.servers.mongo_url.partition("/tocsin")[0].rpartition(":")[2]
    for process in psutil.process_iter(["name", "cmdline"]):
        if "mongod" in (process.info["name"] or "") and port in (process.info["cmdline"] or []):
            return process
    raise AssertionError(f"no mongod listens on {port}")


async def test_a_frozen_database(own_stack: Stack, receiver: WebhookReceiver) -> None:
    """Frozen for longer than every time limit: a report hears UNAVAILABLE; thawed, a report leads to its page."""
    own_stack.add_vhosts(["frozen"])
    async with new_world(own_stack.servers, "frozen") as world:
        await world.add_person(ADA, "Ada", "webhook", receiver.url)
        await world.add_service(1, (Step((ADA,), 600),))
        client = await world.client()
        world.start_worker()
        service = (await client.ask("{ services { nodes { id } } }"))["services"]["nodes"][0]["id"]
        await client.report("before", serviceIds=[service])
        await until(lambda: len(receiver.received) == 1, "the page arrives before")
        mongod = mongod_of(own_stack)
        mongod.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(0.5)
            refused = await client.http.post("/graphql", json={"query": "{ incidents { nodes { id } } }"}, timeout=30)
            assert "UNAVAILABLE" in refused.text
            assert (await client.http.get("/livez")).status_code == 200
            await asyncio.sleep(8)
        finally:
            mongod.send_signal(signal.SIGCONT)
        assert all(process.poll() is None for process in world.processes), "no process has ended"

        async def accepted() -> bool:
            result = await client.http.post(
                "/graphql",
                json={
                    "query": "mutation($input: ReportIncidentInput!) { reportIncident(input: $input) "
                    "{ ... on ReportIncidentSuccess { incident { id } } } }",
                    "variables": {"input": {"title": "after", "serviceIds": [service], "idempotencyKey": "after"}},
                },
            )
            return "incident" in result.text

        await until(accepted, "a report is accepted again", within=20)
        await until(lambda: len(receiver.received) == 2, "its page arrives", within=30)
        head = await world.store.log.head()
        rows = await world.store.log.after(0, head + 1)
        assert [row.position for row in rows] == list(range(1, head + 1))
