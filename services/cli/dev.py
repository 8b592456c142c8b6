"""`tocsin dev`: everything on one machine. Servers, API, worker, a demo organisation, and the story told in
the terminal.
"""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
from pydantic import SecretStr

from services.cli import demo
from services.cli.api_client import ApiClient
from services.cli.processes import Process
from services.cli.stack.launcher import Servers, Stack
from services.cli.story import narrate
from services.cli.tokens import administrator
from shared.settings import Settings
from shared.store.store import Store, open_store

READY_WITHIN = 30.0
STOP_WITHIN = 4.0


class DevError(Exception):
    """It cannot start; the text says why and what to do."""


class Steps:
    """Prints each step with the time since the start, "  0:04  started MongoDB"."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, what: str, seconds: float = 0.0) -> None:
        """One line. `seconds` is how long the step took; the line shows the time since the start."""
        passed = time.monotonic() - self._began
        print(f"  {int(passed) // 60}:{int(passed) % 60:02}  {what}", flush=True)


def run(settings: Settings, given_mongo: str | None, given_amqp: str | None) -> None:
    """Run until Ctrl-C. Raises DevError, StackError, ApiError."""
    _refuse_taken_port(settings)
    steps = Steps()
    with Stack(settings.data_dir, steps, mongo_url=given_mongo, amqp_url=given_amqp) as stack:
        asyncio.run(_run(settings, stack.servers, steps))
        steps("stopped the API and the worker; stopping the servers")
    steps("everything is stopped; your data is kept")


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError as error:
            raise DevError(
                f"The API cannot listen on {settings.http_host}:{settings.http_port} ({error.strerror}). "
                "Stop what listens there, or choose another port: TOCSIN_HTTP_PORT=8001 make run."
            ) from None


async def _run(settings: Settings, servers: Servers, steps: Steps) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    pointed = settings.model_copy(
        update={"mongo_url": SecretStr(servers.mongo_url), "amqp_url": SecretStr(servers.amqp_url)}
    )
    url = f"http://{settings.http_host}:{settings.http_port}"
    async with open_store(pointed, "dev") as store:
        token = await administrator(store, settings.data_dir)
        async with _processes(settings, servers, url) as processes:
            await _until_ready(url, processes, stop)
            if stop.is_set():
                return
            steps("started the API and the worker")
            async with ApiClient(url, token) as api:
                loaded = await demo.load(api)
            steps("loaded the demo organisation: Bo and Cy on call, three services")
            print(_welcome(url, token, loaded, settings.data_dir), flush=True)
            await _tell(store, processes, stop)
    print("\nStopping.", flush=True)


@asynccontextmanager
async def _processes(settings: Settings, servers: Servers, url: str) -> AsyncIterator[list[Process]]:
    """The API and the worker; they are stopped before the servers that they use."""
    logs = settings.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    environment = {
        "TOCSIN_MONGO_URL": servers.mongo_url,
        "TOCSIN_AMQP_URL": servers.amqp_url,
        "TOCSIN_PUBLIC_URL": url,
    }
    started = [
        Process(module, environment, logs / f"{module.rpartition('.')[2]}.log")
        for module in ("services.api", "services.worker")
    ]
    try:
        yield started
    finally:
        for process in started:
            process.ask_to_stop()
        until = time.monotonic() + STOP_WITHIN
        for process in started:
            await asyncio.to_thread(process.wait, until)


async def _until_ready(url: str, processes: list[Process], stop: asyncio.Event) -> None:
    deadline = time.monotonic() + READY_WITHIN
    async with httpx2.AsyncClient(trust_env=False) as http:
        while not stop.is_set():
            _refuse_ended(processes)
            with suppress(httpx2.HTTPError):
                if (await http.get(f"{url}/readyz")).status_code == 200:
                    return
            if time.monotonic() > deadline:
                raise DevError(f"The API was not ready within {READY_WITHIN:.0f} s; see {processes[0].log}.")
            await asyncio.sleep(0.1)


def _refuse_ended(processes: list[Process]) -> None:
    for process in processes:
        if process.has_ended():
            raise DevError(f"{process.module} has ended: {process.last_words()} (all of it: {process.log})")


def _welcome(url: str, token: str, loaded: demo.Demo, data_dir: Path) -> str:
    asked = {
        "title": "Checkout is down",
        "serviceIds": [loaded.checkout_id],
        "labels": [{"key": "severity", "value": "critical"}],
    }
    query = (
        "mutation($input: ReportIncidentInput!) { reportIncident(input: $input) "
        "{ ... on ReportIncidentSuccess { incident { reference } } ... on UserError { message } } }"
    )
    body = json.dumps({"query": query, "variables": {"input": asked}})
    return f"""
Tocsin is up.

  API     {url}/graphql
  Token   {token}   (kept in {data_dir}/token)

Report an incident from another terminal:

  curl -s {url}/graphql -H 'Authorization: Bearer {token}' \\
    -H 'Content-Type: application/json' -d '{body}'

Acknowledge it, before the next one is paged:

  .venv/bin/tocsin acknowledge latest

What happens is told below. Ctrl-C stops everything; your data is kept in {data_dir}.
"""


async def _tell(store: Store, processes: list[Process], stop: asyncio.Event) -> None:
    """Print the log's entries as they come, until asked to stop."""
    position = await store.log.head()
    while not stop.is_set():
        _refuse_ended(processes)
        for entry in await store.log.after(position, 100):
            position = entry.position or position
            users = await store.users.many(tuple(people(entry.data, entry.actor.id)))
            found = await store.incidents.find(entry.subject) if entry.aggregate == "incident" else None
            names = {key: user.name for key, user in users.items()}
            if line := narrate(entry, names, found.value.number if found else None):
                print(line, flush=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.15):
                await stop.wait()


def people(data: dict[str, object], actor_id: str) -> list[str]:
    """The ids of the people whom an entry speaks of."""
    pages = data.get("pages")
    called = [str(page["user_id"]) for page in pages] if isinstance(pages, list) else []
    return list(dict.fromkeys([actor_id, *([str(data["user_id"])] if "user_id" in data else []), *called]))
