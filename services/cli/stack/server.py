"""A server as a process of its own, that dies with the launcher."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from services.cli.stack.errors import StackError
from services.cli.stack.ports import accepts, is_free

Report: TypeAlias = Callable[[str, float], None]  # what was done, and the seconds that it took

START_LIMIT = 60.0  # seconds until a server must be ready

# Becomes "$@", with a guard beside it that reads standard input. When the launcher is gone, for whatever
# reason, there is nothing more to read, and the guard kills the whole process group.
GUARDED = 'exec 3<&0 </dev/null; (read -r _ <&3; kill -KILL 0) & exec 3<&-; exec "$@"'


@dataclass(frozen=True)
class Recipe:
    """How to run a program. `guarded`: it needs our guard beside it; Docker has it inside the container."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    guarded: bool = True


class Process:
    """A program in a session of its own, where a terminal's Ctrl-C does not reach it, that dies with us.

    We hold one end of a socket pair; the program and its guard hold the other. Either side reads from it when
    the last process of the other is gone.
    """

    def __init__(self, name: str, recipe: Recipe, log: Path, lock: int) -> None:
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


class Server:
    """One server: `launch`, then `wait`, then `stop`; and again."""

    name = ""
    grace = 0.0

    def __init__(self, url: str, port: int, recipe: Recipe, log: Path, lock: int) -> None:
        self.url = url
        self.port = port
        self._recipe = recipe
        self._log = log
        self._lock = lock
        self._process: Process | None = None

    def launch(self) -> None:
        """Start the program, unless it runs, without waiting for it. Raises StackError for a taken port."""
        if self._process is None:
            demand(self.name, self.port)
            self._process = Process(self.name, self._recipe, self._log, self._lock)

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
        return accepts(self.port)


def demand(name: str, *ports: int) -> None:
    """Raise StackError for a port that another program has taken."""
    for port in ports:
        if not is_free(port):
            raise StackError(
                f"Port {port} of 127.0.0.1, which {name} is to use, was taken by another program; "
                "stop that program, or start the stack afresh to get another port."
            )
