"""System packages that the development set-up needs, installed with apt on Debian and Ubuntu.

Standard library only: `services.cli.setup` runs it before any Python package is installed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
REFUSE_STARTS = "#!/bin/sh\n# Temporary: packages for development start no system service.\nexit 101\n"
KEPT_ENVIRONMENT = ("DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true")


class PackageError(Exception):
    """A system package cannot be installed; the text says what to do about it."""


def install(*packages: str) -> None:
    """Install Debian packages without recommendations and without starting the services they bring.

    Blocks until apt is done (it waits for another apt to finish). Raises PackageError.
    """
    if shutil.which("apt-get") is None:
        raise PackageError(f"apt-get is not here; install {' '.join(packages)} by your system's own means.")
    prefix = _as_root(packages)
    _run([*prefix, *_apt("update")], packages)
    with _no_service_starts(prefix):
        _run([*prefix, *_apt("install", "--yes", "--no-install-recommends", *packages)], packages)


def command_for(packages: Sequence[str]) -> str:
    """The command a person runs to install `packages` by hand."""
    return f"sudo apt-get update && sudo apt-get install --no-install-recommends {shlex.join(packages)}"


def _as_root(packages: Sequence[str]) -> list[str]:
    """The words that make a command run as root: none for root itself, else sudo without a question."""
    if os.geteuid() == 0:
        return ["env", *KEPT_ENVIRONMENT]
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n", "env", *KEPT_ENVIRONMENT]
    raise PackageError(f"Installing {' '.join(packages)} needs root; run: {command_for(packages)}")


def _apt(*words: str) -> list[str]:
    return ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *words]


def _run(command: Sequence[str], packages: Sequence[str]) -> None:
    """Run one step of apt to its end, whatever happens to us: dpkg must not be left half done."""
    with tempfile.TemporaryFile() as output:
        apt = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,  # out of reach of a terminal's Ctrl-C
        )
        try:
            apt.wait()
        except KeyboardInterrupt:
            apt.wait()
            raise
        if apt.returncode != 0:
            output.seek(0)
            tail = output.read().decode(errors="replace").splitlines()[-15:]
            problem = f"apt-get could not install {' '.join(packages)}; put right what it says, then run: "
            raise PackageError("\n".join([problem + command_for(packages), *tail]))


@contextlib.contextmanager
def _no_service_starts(prefix: Sequence[str]) -> Iterator[None]:
    """Put a policy-rc.d that refuses every start in place, and afterwards what was there before."""
    with tempfile.TemporaryDirectory() as folder:
        ours, before = Path(folder, "policy-rc.d"), Path(folder, "before")
        ours.write_text(REFUSE_STARTS, encoding="ascii")
        had_one = POLICY.exists()
        if had_one:
            _quietly([*prefix, "cp", "--preserve", str(POLICY), str(before)])
        _quietly([*prefix, "install", "--mode=0755", str(ours), str(POLICY)])
        try:
            yield
        finally:
            if had_one:
                _quietly([*prefix, "cp", "--preserve", str(before), str(POLICY)])
            else:
                _quietly([*prefix, "rm", "--force", str(POLICY)])


def _quietly(command: Sequence[str]) -> None:
    """Run a small command that has no reason to fail; PackageError when it does."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise PackageError(f"{shlex.join(command)} failed: {done.stderr.strip()}")
