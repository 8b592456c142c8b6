"""Both servers, from start to stop."""

from __future__ import annotations

import fcntl
import re
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.cli.stack.errors import StackError
from services.cli.stack.folder import Places, claim, usable, write_private
from services.cli.stack.mongodb import find_mongo
from services.cli.stack.ports import choose_ports
from services.cli.stack.rabbitmq import Broker, find_broker
from services.cli.stack.server import Report, Server


@dataclass(frozen=True)
class Servers:
    """The addresses of the two servers; the broker's holds a password."""

    mongo_url: str
    amqp_url: str


class Stack:
    """Both servers, from start to stop. Not for use by two threads at once."""

    def __init__(
        self, data_dir: Path, report: Report, *, mongo_url: str | None = None, amqp_url: str | None = None
    ) -> None:
        self._dir = data_dir.absolute()
        self._report = report
        self._mongo_url = mongo_url
        self._amqp_url = amqp_url
        self._lock: IO[str] | None = None
        self._mongo: Server | None = None
        self._broker: Broker | None = None
        self._servers: Servers | None = None

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def servers(self) -> Servers:
        """The addresses. Raises StackError unless started."""
        if self._servers is None:
            raise StackError("The development stack is not running; start it first.")
        return self._servers

    def start(self) -> Servers:
        """Start what was not given, write `servers.env`, and return the addresses.

        Raises StackError, with everything stopped again.
        """
        if self._servers is None:
            try:
                self._servers = self._start()
            except BaseException:
                self.stop()
                raise
        return self._servers

    def stop(self) -> None:
        """Stop what was started, the broker first. Takes under 8 seconds; may be called again."""
        for server in (self._broker, self._mongo):
            if server is not None:
                server.stop()
        self._broker = self._mongo = self._servers = None
        if self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            self._lock.close()
            self._lock = None

    def stop_broker(self) -> None:
        """Stop the broker alone; `start_broker` brings it back."""
        self._own_broker().stop()

    def start_broker(self) -> None:
        """Start the broker after `stop_broker`, on the same port, with the same data. Raises StackError."""
        broker = self._own_broker()
        started = time.monotonic()
        try:
            broker.launch()
            self._await(broker, started)
        except BaseException:
            broker.stop()
            raise

    def add_vhosts(self, names: Sequence[str]) -> None:
        """Create virtual hosts, and give our user every permission in them; those that exist are kept."""
        self._own_broker().add_vhosts(names)

    def _own_broker(self) -> Broker:
        if self._broker is None:
            raise StackError("This launcher runs no broker: it is not started, or TOCSIN_AMQP_URL was given.")
        return self._broker

    def _start(self) -> Servers:
        with usable(self._dir):
            self._lock = claim(self._dir)
            places = Places(self._dir, choose_ports(self._dir / "ports.json"), self._lock.fileno())
            if self._mongo_url is None:
                self._mongo = find_mongo(places, self._report)
            if self._amqp_url is None:
                self._broker = find_broker(places, self._report)
        self._launch()
        servers = Servers(
            self._mongo_url or (self._mongo.url if self._mongo else ""),
            self._amqp_url or (self._broker.url if self._broker else ""),
        )
        with usable(self._dir):
            write_private(self._dir / "servers.env", _as_env(servers))
        return servers

    def _launch(self) -> None:
        """Launch both at once, the slow one first, and wait for each."""
        started = time.monotonic()
        with usable(self._dir):
            for server in (self._broker, self._mongo):
                if server is not None:
                    server.launch()
        for server in (self._mongo, self._broker):
            if server is not None:
                self._await(server, started)

    def _await(self, server: Server, started: float) -> None:
        server.wait()
        self._report(f"started {server.name} on 127.0.0.1:{server.port}", time.monotonic() - started)


def _as_env(servers: Servers) -> str:
    """The addresses as lines that a shell, and most readers of .env files, understand."""
    values = {"TOCSIN_MONGO_URL": servers.mongo_url, "TOCSIN_AMQP_URL": servers.amqp_url}
    return "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())


def _quoted(value: str) -> str:
    plain = re.fullmatch(r"[\w@%+=:,./?~-]+", value, re.ASCII)
    return value if plain else shlex.quote(value)
