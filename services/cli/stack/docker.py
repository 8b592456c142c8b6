"""Docker, where the machine itself has no server."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence

from services.cli.stack.errors import StackError
from services.cli.stack.server import GUARDED, Recipe, Report


def docker_answers() -> bool:
    """Whether there is a Docker engine that we may use."""
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def pull(image: str, report: Report) -> None:
    """Fetch an image that is not here yet. Raises StackError."""
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode == 0:
        return
    started = time.monotonic()
    done = subprocess.run(["docker", "pull", image], capture_output=True, text=True)
    if done.returncode != 0:
        raise StackError(f"Docker could not fetch {image}: {done.stderr.strip()}")
    report(f"pulled {image}", time.monotonic() - started)


def in_docker(name: str, image: str, options: Sequence[str], server: Sequence[str]) -> Recipe:
    """A container that lives while its standard input does: when we are gone, the guard inside ends it.

    `--init`, because a kill from inside does not reach a container's first process.
    """
    run = ["docker", "run", "--rm", "--init", "--interactive", "--name", name, "--entrypoint", "sh", *options]
    return Recipe([*run, image, "-c", GUARDED, name, "docker-entrypoint.sh", *server], guarded=False)
