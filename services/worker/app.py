"""The worker process: opens what it needs, runs all its loops, and ends them in order."""

import asyncio
import os
import signal
import socket
import uuid

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.worker.handler import Deps, Handler
from services.worker.handlers import discover
from services.worker.intake import Intake
from services.worker.measures import Projector
from services.worker.relay import Relay
from services.worker.runner import Runner
from services.worker.slots import HIGH, NORMAL
from services.worker.sweeper import Sweeper
from services.worker.ticker import Ticker
from shared import channels
from shared.broker.consumer import Consumer
from shared.broker.intake import IntakeConsumer
from shared.broker.publisher import Publisher
from shared.broker.topology import work_queues
from shared.settings import Settings
from shared.store.store import open_store
from shared.telemetry import logger

log = logger("worker")


async def run(settings: Settings, names: tuple[str, ...] = ()) -> None:
    """Work until SIGTERM or SIGINT. No names means all handlers."""
    handlers = discover(names)
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
    async with open_store(settings, "worker") as store:
        found = channels.discover(settings)
        deps = Deps(store, found, settings, owner)
        work = asyncio.create_task(_work(handlers, deps))
        stop = asyncio.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        log.info("the worker is up", handlers=[handler.name for handler in handlers])
        await asyncio.wait({work, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if work.done():
                await work
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        finally:
            for channel in found.values():
                await channel.close()
        log.info("the worker has stopped")


async def _work(handlers: tuple[Handler, ...], deps: Deps) -> None:
    url = deps.settings.amqp_url.get_secret_value()
    # Publishing needs the queues of all handlers, wherever they run: a fact that one of them hears must find
    # its queue.
    publisher = Publisher(url, work_queues(handler.subscription() for handler in discover()))
    runner = Runner(handlers, deps, publisher)
    relay = Relay(deps.store, publisher, deps.owner)
    deps.store.wake_on_write(relay.tell)
    intake = Intake(deps.store, deps.settings, deps.owner)
    consumer = Consumer(url, work_queues(handler.subscription() for handler in handlers), runner.receive)
    async with asyncio.TaskGroup() as loops:
        loops.create_task(publisher.run())
        loops.create_task(consumer.run())
        loops.create_task(relay.run())
        loops.create_task(Projector(deps.store, deps.owner).run())
        loops.create_task(IntakeConsumer(url, intake.keep).run())
        loops.create_task(intake.run())
        for ranks in (HIGH, NORMAL):
            loops.create_task(Ticker(runner, ranks, deps).run())
            for handler in handlers:
                loops.create_task(Sweeper(handler, ranks, runner, deps, publisher).run())
        if deps.settings.worker_port:
            loops.create_task(serve_health(deps, publisher, consumer))


async def serve_health(deps: Deps, publisher: Publisher, consumer: Consumer) -> None:
    """/livez, /readyz and /metrics of a worker, for probes and scrapers, in the plainest HTTP."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                line = await reader.readline()
            path = line.split(b" ")[1] if line.count(b" ") >= 2 else b"/"
            status, kind, body = await _page(path, deps, publisher, consumer)
            head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
        except (TimeoutError, OSError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, deps.settings.http_host, deps.settings.worker_port)
    async with server:
        await server.serve_forever()


async def _page(path: bytes, deps: Deps, publisher: Publisher, consumer: Consumer) -> tuple[str, str, bytes]:
    match path:
        case b"/livez":
            return "200 OK", "text/plain", b"ok"
        case b"/metrics":
            return "200 OK", CONTENT_TYPE_LATEST, generate_latest()
        case b"/readyz":
            state = await readiness(deps, publisher, consumer)
            status = "200 OK" if all(state.values()) else "503 Service Unavailable"
            return status, "application/json", msgspec.json.encode(state)
        case _:
            return "404 Not Found", "text/plain", b"not found"


async def readiness(deps: Deps, publisher: Publisher, consumer: Consumer) -> dict[str, bool]:
    """What the worker needs, and whether it has it."""
    try:
        await deps.store.ping()
        mongo = True
    except Exception:
        log.exception("the database does not answer")
        mongo = False
    return {"mongodb": mongo, "publisher": publisher.up.is_set(), "consumer": consumer.up.is_set()}
