"""The processes that `tocsin dev` starts: in sessions of their own, ended in order, and gone when the
launcher is gone.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from services.cli.stack.server import GUARDED


class Process:
    """One of Tocsin's own processes. `log` takes what it says."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self.module = module
        self.log = log
        command = ["/bin/sh", "-c", GUARDED, module, sys.executable, "-m", module]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """The last line that it said."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "nothing"

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if not self.has_ended():
            self._process.send_signal(signal.SIGTERM)

    def wait(self, until: float) -> None:
        """Wait until the monotonic time `until`, then kill what is left of its session."""
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self._process.wait()
