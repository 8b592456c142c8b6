"""`python -m benchmarks [name ...]`: prints what it measures; copy the figures with their date into
docs/performance.md.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import psutil

from benchmarks import floor
from benchmarks.growth import Worlds, growth
from benchmarks.load import Connection, percentile, report_all
from services.cli.stack.launcher import Stack
from shared.domain.catalog import Step
from tests.support.receivers import WebhookReceiver
from tests.support.world import ADA, World, new_world, until

IDLE_REPORTS = 200
BURST = int(os.environ.get("BURST", "3000"))
CONNECTIONS = 32
PAUSE = 0.05


async def prepare(world: World, receiver: WebhookReceiver) -> tuple[str, str, str]:
    """One person on call, one API and one worker process as in production; address, token and service id."""
    await world.add_person(ADA, "Ada", "webhook", receiver.url)
    await world.add_service(1, (Step((ADA,), 3600),))
    plain = {"TOCSIN_MOVABLE_CLOCK": "false", "TOCSIN_SEND_LEASE": "PT30S", "TOCSIN_SWEEP_EVERY": "PT5S"}
    url = await world.start_api(**plain)
    client = await world.client(url=url)
    world.start_worker(**plain)
    service = (await client.ask("{ services { nodes { id } } }"))["services"]["nodes"][0]["id"]
    await client.report("warm-up", serviceIds=[service])
    await until(lambda: receiver.received, "the warm-up is paged", within=30)
    return url, client.token, service


async def report_to_page(new_world: Worlds) -> None:
    """Idle system: from the answer of `reportIncident` to the webhook's arrival, beside the floor."""
    async with new_world() as world, WebhookReceiver() as receiver:
        url, token, service = await prepare(world, receiver)
        connection = await Connection(url, token).open()
        for n in range(20):
            await connection.report(f"warm-up {n}", service)
        await until(lambda: len(receiver.received) == 21, "the warm-up is over")
        taken = []
        for n in range(IDLE_REPORTS):
            before = len(receiver.received)
            await connection.report(f"Idle {n}", service)
            answered = time.monotonic()
            await receiver.wait_for(before + 1, 10)
            taken.append(receiver.received[before].at - answered)
            await asyncio.sleep(PAUSE)
        paced = await floor.measure(world.settings, receiver.url, IDLE_REPORTS, PAUSE)
        tight = await floor.measure(world.settings, receiver.url, IDLE_REPORTS, 0)
    print(f"report to page, idle, n={IDLE_REPORTS}: {_spread(taken)}")
    print(f"its floor, same run, same pauses: {_spread(paced)}; ratios to its p50: {_ratios(taken, paced)}")
    print(f"its floor without pauses:         {_spread(tight)}; ratios to its p50: {_ratios(taken, tight)}")


def _spread(taken: list[float]) -> str:
    return f"p50 {percentile(taken, 0.5) * 1000:.1f} ms, p99 {percentile(taken, 0.99) * 1000:.1f} ms"


def _ratios(taken: list[float], bare: list[float]) -> str:
    base = percentile(bare, 0.5)
    return f"p50 {percentile(taken, 0.5) / base:.2f}, p99 {percentile(taken, 0.99) / base:.2f}"


async def report_rate(new_world: Worlds) -> None:
    """Busy system: reports accepted a second, and reports fully notified a second; the memory of both processes."""
    async with new_world() as world, WebhookReceiver() as receiver:
        url, token, service = await prepare(world, receiver)
        before = len(receiver.received)
        began = time.perf_counter()
        accepting = await report_all(url, token, service, BURST, CONNECTIONS)
        await until(lambda: len(receiver.received) >= before + BURST, "all are paged", within=300)
        total = time.perf_counter() - began
        ids = {received.id for received in receiver.received}
        memory = [psutil.Process(process.pid).memory_info().rss / 2**20 for process in world.processes]
    print(f"report rate, n={BURST}, {CONNECTIONS} connections: {BURST / accepting:.0f} accepted/s")
    print(f"from report to page: {BURST / total:.0f} fully notified/s; {len(ids) - 1} distinct pages")
    print(f"memory after it: API {memory[0]:.0f} MiB, worker {memory[1]:.0f} MiB")


BENCHMARKS: dict[str, Callable[[Worlds], Awaitable[None]]] = {
    "report_to_page": report_to_page,
    "report_rate": report_rate,
    "growth": growth,
}


async def run(names: list[str], stack: Stack) -> None:
    """Each benchmark in worlds of its own, as many as it opens."""
    for name in names:
        stack.add_vhosts([f"bench-{name}"])
        await BENCHMARKS[name](partial(new_world, stack.servers, f"bench-{name}"))


def main(arguments: list[str]) -> int:
    """Exit code 2 for a benchmark that does not exist."""
    unknown = set(arguments) - set(BENCHMARKS)
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, python -m benchmarks {' '.join(arguments)}")
    with tempfile.TemporaryDirectory() as data, Stack(Path(data), lambda what, seconds: None) as stack:
        asyncio.run(run(arguments or list(BENCHMARKS), stack))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
