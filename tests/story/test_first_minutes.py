"""The first minutes of a new user: start, report, read the story, acknowledge, stop; and what goes wrong is said
plainly.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.world import ROOT, free_port, until

TOCSIN = [sys.executable, "-c", "from services.cli.app import main; main()"]


class Dev:
    """A running `tocsin dev`."""

    def __init__(self, data: Path, port: int) -> None:
        self.output = data.parent / f"{data.name}.out"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        self.environment = {**kept, "TOCSIN_DATA_DIR": str(data), "TOCSIN_HTTP_PORT": str(port)}
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [*TOCSIN, "dev"], cwd=ROOT, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )

    def text(self) -> str:
        """What it has printed."""
        return self.output.read_text()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `tocsin` command beside it."""
        return subprocess.run(
            [*TOCSIN, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def stop(self) -> float:
        """Ctrl-C; the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        return time.monotonic() - began


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever still runs with it afterwards is an orphan."""
    folder = tmp_path / "dev"
    yield folder
    assert orphans(folder) == []


def orphans(folder: Path) -> list[str]:
    """Processes that have to do with that folder: by their command line, or their environment."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        try:
            words = [*process.info["cmdline"], *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied, TypeError):
            continue
        if process.pid != os.getpid() and any(str(folder) in word for word in words):
            found.append(f"{process.pid} {process.info['cmdline'][:3]}")
    return found


async def test_the_first_session(data: Path) -> None:
    """The printed curl reports, the terminal tells the story, the acknowledgement brings silence, Ctrl-C ends."""
    dev = Dev(data, free_port())
    try:
        await until(lambda: "Ctrl-C stops everything" in dev.text(), "everything is up", within=60)
        assert re.search(r"^  0:\d\d  started RabbitMQ on 127.0.0.1:\d+$", dev.text(), re.M)
        curl = re.search(r"^  (curl -s .*?\n.*)$", dev.text(), re.M)
        assert curl
        reported = subprocess.run(curl[1], shell=True, capture_output=True, text=True, check=True)
        assert '"reference":"INC-1001"' in reported.stdout

        def story() -> list[str]:
            return [line[10:] for line in dev.text().splitlines() if "  INC-1001  " in line]

        await until(lambda: any("delivered through log" in line for line in story()), "Bo is paged")
        assert story()[:2] == [
            "INC-1001  reported by Ada Admin: Checkout is down",
            "INC-1001  P1 because tier 1 x critical",
        ]
        assert "INC-1001  paging Bo Berg through log (step 1 of Demo on-call); the next one in 0:20" in story()
        await until(lambda: any("paging Cy Costa" in line for line in story()), "Cy is paged", within=25)
        acknowledged = dev.command("acknowledge", "latest")
        assert acknowledged.stdout == "INC-1001 (Checkout is down) acknowledged\n"
        await until(lambda: any("silence from here, because" in line for line in story()), "the silence is explained")
        doctor = subprocess.run(
            [*TOCSIN, "doctor"],
            cwd=ROOT,
            env=dev.environment | servers(data),
            capture_output=True,
            text=True,
            check=False,
        )
        assert doctor.returncode == 0, doctor.stdout
        assert oct((data / "token").stat().st_mode & 0o777) == "0o600"
    finally:
        took = dev.stop()
    assert dev.process.returncode == 0, dev.text()
    assert took < 10

    again = Dev(data, free_port())
    try:
        began = time.monotonic()
        await until(lambda: "Ctrl-C stops everything" in again.text(), "it is up again", within=30)
        assert time.monotonic() - began < 15, "the second start is up in under 15 seconds"
        assert again.command("acknowledge", "INC-1001").stdout.endswith("was acknowledged already\n")
    finally:
        again.stop()


def servers(data: Path) -> dict[str, str]:
    """The addresses that the running stack wrote down."""
    lines = (data / "servers.env").read_text().splitlines()
    return dict(line.replace("'", "").split("=", 1) for line in lines if line)


def test_a_taken_port(data: Path) -> None:
    """One sentence that says what to do, and an exit code that is not 0; nothing was started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        dev = Dev(data, taken.getsockname()[1])
        assert dev.process.wait(20) == 1
    assert "TOCSIN_HTTP_PORT=8001 make run" in dev.text()
    assert len(dev.text().strip().splitlines()) == 1


def test_an_unusable_data_folder(data: Path) -> None:
    """A data folder that cannot be one is named in one sentence."""
    data.write_text("a file, not a folder")
    dev = Dev(data, free_port())
    assert dev.process.wait(20) == 1
    assert str(data) in dev.text()
    assert len(dev.text().strip().splitlines()) == 1


def test_an_unusable_setting(data: Path) -> None:
    """A variable that makes no sense is named."""
    dev = Dev(data, 99999)
    assert dev.process.wait(20) == 1
    assert dev.text().startswith("tocsin: TOCSIN_HTTP_PORT is not usable")


def test_a_killed_launcher_leaves_no_orphan(data: Path) -> None:
    """SIGKILL of the launcher takes everything with it."""
    dev = Dev(data, free_port())
    deadline = time.monotonic() + 60
    while "Ctrl-C stops everything" not in dev.text():
        assert time.monotonic() < deadline, dev.text()
        time.sleep(0.1)
    dev.process.kill()
    dev.process.wait()
    deadline = time.monotonic() + 5
    while orphans(data) and time.monotonic() < deadline:
        time.sleep(0.1)
