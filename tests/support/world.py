"""One isolated Tocsin on the shared servers: a database and a virtual host of its own, and real processes."""

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from services.cli.stack.launcher import Servers
from shared.domain import catalog as domain
from shared.domain.commands import Actor, ActorKind, Command, identity
from shared.domain.incident import Incident
from shared.domain.priority import Severity
from shared.domain.reports import Report
from shared.settings import Settings
from shared.store.store import Store, open_store
from tests.support.graphql import Client

ROOT = Path(__file__).parents[2]
BIRTH = datetime(2026, 1, 1, tzinfo=UTC)
ADA = "user-ada"
BO = "user-bo"
SECRET = "whsec_" + "dG9jc2luLXRlc3Qtc2VjcmV0LTAxMjM0NTY3ODk="
_names = itertools.count()


def by(person: str = ADA, key: str | None = None, digest: str = "") -> Command:
    """A command of a person, fresh unless it has a key."""
    number = next(_names)
    return Command(
        identity(person, "test", key or f"{os.getpid()}-{number}"),
        Actor(ActorKind.PERSON, person),
        "test",
        None,
        digest,
        key,
    )


class World:
    """The servers' addresses, a store for looking, and the processes that were started."""

    def __init__(self, settings: Settings, store: Store, logs: Path) -> None:
        self.settings = settings
        self.store = store
        self.logs = logs
        self.processes: list[subprocess.Popen[bytes]] = []
        self.api_url: str | None = None
        self.expected_errors: list[str] = []

    def environment(self, **more: str) -> dict[str, str]:
        """What a process of this world is started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        ours = {
            "TOCSIN_MONGO_URL": self.settings.mongo_url.get_secret_value(),
            "TOCSIN_AMQP_URL": self.settings.amqp_url.get_secret_value(),
            "TOCSIN_ALLOW_PRIVATE_WEBHOOKS": "true",
            "TOCSIN_MOVABLE_CLOCK": "true",
            "TOCSIN_SEND_LEASE": "PT2S",
            "TOCSIN_SWEEP_EVERY": "PT1S",
            "TOCSIN_PUBLIC_URL": "http://tocsin.test",
        }
        return {**kept, **ours, **more}

    def start_worker(self, *names: str, crash_at: str | None = None, **more: str) -> subprocess.Popen[bytes]:
        """A worker process; with `crash_at` it dies as by SIGKILL at that point."""
        env = self.environment(**({"TOCSIN_CRASH_AT": crash_at} if crash_at else {}), **more)
        return self._start("worker", [sys.executable, "-m", "services.worker", *names], env)

    async def start_api(self, **more: str) -> str:
        """An API process that answers; its address."""
        port = free_port()
        env = self.environment(TOCSIN_HTTP_PORT=str(port), **more)
        process = self._start("api", [sys.executable, "-m", "services.api"], env)
        await until(lambda: accepts(port) or process.poll() is not None, "the API listens", within=20)
        assert process.poll() is None, f"the API ended: {self.log_text()}"
        return f"http://127.0.0.1:{port}"

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.logs / f"{name}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def log_text(self) -> str:
        """Everything that the processes said."""
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(self.logs.iterdir()))

    def error_lines(self) -> list[str]:
        """What the processes logged as errors, or wrote as tracebacks; `expected_errors` are let pass."""
        signs = ('"level": "error"', "Traceback", "was never retrieved")
        lines = [line for line in self.log_text().splitlines() if any(sign in line for sign in signs)]
        return [line for line in lines if not any(expected in line for expected in self.expected_errors)]

    def stop_all(self) -> None:
        """End the processes, politely at first."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    async def add_person(self, user_id: str, name: str, channel: str, address: str) -> None:
        """A user with one contact method, through the one write path."""
        user = domain.User(user_id, name, f"{user_id}@example.org", BIRTH)
        await self.store.users.create(lambda now: domain.create_user(user), by(key=user_id))
        secret = SECRET if channel == "webhook" else None
        method = domain.ContactMethod(f"{user_id}-{channel}", channel, address, secret=secret)
        await self.store.users.update(user_id, domain.add_contact_method(method), by())

    async def add_service(self, tier: int, steps: tuple[domain.Step, ...], repeat: int = 0) -> None:
        """The service `checkout` with its policy."""
        policy = domain.Policy("policy-web", "Web on-call", steps, BIRTH, repeat)
        await self.store.policies.create(lambda now: domain.create_policy(policy), by(key="policy"))
        service = domain.Service("service-checkout", "checkout", tier, BIRTH, policy_id=policy.id)
        await self.store.services.create(lambda now: domain.create_service(service), by(key="service"))

    async def token(self, user_id: str = ADA, role: domain.Role = domain.Role.ADMIN) -> str:
        """The text of a token of that user."""
        return await self.store.tokens.issue("test", role, user_id, by(user_id))

    async def client(self, user_id: str = ADA, role: domain.Role = domain.Role.ADMIN, url: str | None = None) -> Client:
        """A caller of the API, which is started if there is none."""
        self.api_url = url or self.api_url or await self.start_api()
        return Client(self.api_url, await self.token(user_id, role))

    async def report(self, title: str = "Checkout is down", **more: Any) -> Incident:
        """An incident of the service checkout, critical unless said otherwise."""
        said = Report(title, **{"service_ids": ("service-checkout",), "severity": Severity.CRITICAL, **more})
        reported = await self.store.incidents.report(said, by(BO), timedelta(minutes=30))
        return reported.result.value


@asynccontextmanager
async def new_world(servers: Servers, vhost: str) -> AsyncIterator[World]:
    """A world of its own on the running servers."""
    name = f"t_{os.getpid()}_{next(_names)}_{int(time.time())}"
    mongo = servers.mongo_url.replace("/tocsin?", f"/{name}?")
    amqp = servers.amqp_url.rstrip("/") + f"/{vhost}"
    settings = Settings(
        mongo_url=SecretStr(mongo),
        amqp_url=SecretStr(amqp),
        movable_clock=True,
        allow_private_webhooks=True,
        send_lease=timedelta(seconds=2),
        sweep_every=timedelta(seconds=1),
    )
    with tempfile.TemporaryDirectory() as logs:
        async with open_store(settings, "test") as store:
            world = World(settings, store, Path(logs))
            try:
                yield world
            finally:
                world.stop_all()
                await store.drop()


async def until(condition: Callable[[], Any], what: str, within: float = 15.0) -> Any:
    """Wait until `condition` (maybe awaited) is true, and give its value; fail with `what` otherwise."""
    deadline = time.monotonic() + within
    while True:
        value: Any = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"in {within} s it did not happen that {what}"
        await asyncio.sleep(0.02)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
