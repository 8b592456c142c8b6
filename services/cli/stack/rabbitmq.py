"""RabbitMQ: the node of this machine, installed if need be, or of Docker."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from services.cli import packages
from services.cli.stack.docker import docker_answers, in_docker, pull
from services.cli.stack.errors import StackError
from services.cli.stack.folder import Places, write_private
from services.cli.stack.ports import accepts
from services.cli.stack.server import START_LIMIT, Process, Recipe, Report, Server, demand

BROKER_GRACE = 4.0  # seconds to end by itself after SIGTERM
EPMD_GRACE = 0.5

RABBIT_IMAGE = "rabbitmq:4"
RABBIT_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # Debian's; the one on PATH wants another user
USER = "tocsin"

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


class Broker(Server):
    """A RabbitMQ node. `epmd`: the name server that Erlang needs beside it; None inside a container."""

    name = "RabbitMQ"
    grace = BROKER_GRACE

    def __init__(self, url: str, recipe: Recipe, control: Sequence[str], epmd: Recipe | None, places: Places) -> None:
        log = places.sub("rabbitmq") / "rabbitmq.log"
        super().__init__(url, places.ports["amqp"], recipe, log, places.lock)
        self._control = control
        self._epmd_recipe = epmd
        self._epmd_port = places.ports["epmd"]
        self._dist_port = places.ports["dist"]
        self._epmd: Process | None = None

    def launch(self) -> None:
        """Start epmd and wait for it, so that the node starts none of its own; then start the node."""
        if self._epmd_recipe is not None and self._process is None:
            demand(self.name, self.port, self._epmd_port, self._dist_port)
            self._epmd = Process("epmd", self._epmd_recipe, self._log.with_name("epmd.log"), self._lock)
            self._epmd.wait_until(lambda: accepts(self._epmd_port))
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


def find_broker(places: Places, report: Report) -> Broker:
    """The RabbitMQ of this machine, installed if need be, else Docker's. Raises StackError, PackageError."""
    script = _rabbit_script()
    if script is None and shutil.which("apt-get"):
        started = time.monotonic()
        try:
            packages.install("rabbitmq-server")
        except packages.PackageError:
            if not docker_answers():
                raise
        else:
            report("installed rabbitmq-server", time.monotonic() - started)
            script = _rabbit_script()
    if script is not None:
        return _local_broker(places, script)
    if docker_answers():
        pull(RABBIT_IMAGE, report)
        return _docker_broker(places)
    raise StackError(
        "There is no RabbitMQ here: install RabbitMQ 3.10 or later so that rabbitmq-server is on PATH, "
        "or start Docker, or set TOCSIN_AMQP_URL."
    )


def _rabbit_script() -> str | None:
    return RABBIT_SCRIPT if Path(RABBIT_SCRIPT).is_file() else shutil.which("rabbitmq-server")


def _local_broker(places: Places, script: str) -> Broker:
    epmd = shutil.which("epmd")
    if epmd is None:
        raise StackError("RabbitMQ is here, but Erlang's epmd is not on PATH; put Erlang's bin folder there.")
    env = _rabbit_env(places)
    password = _password(places)
    conf = RABBIT_CONF.format(port=places.ports["amqp"], user=USER, password=password)
    write_private(places.sub("rabbitmq") / "rabbitmq.conf", conf)
    control = [str(Path(script).with_name("rabbitmqctl")), "--quiet"]
    return Broker(_amqp_url(places, password), Recipe([script], env), control, Recipe([epmd], env), places)


def _docker_broker(places: Places) -> Broker:
    name, password = f"{places.label}-rabbitmq", _password(places)
    options = [
        *("--publish", f"127.0.0.1:{places.ports['amqp']}:5672", "--volume", f"{name}:/var/lib/rabbitmq"),
        *("--hostname", "localhost", "--env", f"RABBITMQ_DEFAULT_USER={USER}"),
        *("--env", f"RABBITMQ_DEFAULT_PASS={password}"),
    ]
    recipe = in_docker(name, RABBIT_IMAGE, options, ["rabbitmq-server"])
    control = ["docker", "exec", name, "rabbitmqctl", "--quiet"]
    return Broker(_amqp_url(places, password), recipe, control, None, places)


def _rabbit_env(places: Places) -> dict[str, str]:
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


def _password(places: Places) -> str:
    """Our user's password; kept beside the broker's data, which remembers it from its first start on."""
    file = places.sub("rabbitmq") / "password"
    if not file.exists():
        write_private(file, secrets.token_hex(16))
    return file.read_text(encoding="ascii")


def _amqp_url(places: Places, password: str) -> str:
    return f"amqp://{USER}:{password}@127.0.0.1:{places.ports['amqp']}/"


def _speaks_amqp(port: int) -> bool:
    """Whether a broker answers the protocol header with a frame of type 1, method: its `connection.start`."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as peer:
        peer.sendall(b"AMQP\x00\x00\x09\x01")
        return peer.recv(1) == b"\x01"
    return False
