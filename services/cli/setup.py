"""Make `.venv` ready: `python3 -m services.cli.setup`, from the root of the checkout.

It runs before anything is installed, so it uses the standard library only, and nothing that Python 3.8 could not
read: whoever has an old Python is told so. When `.venv` is as the lock file wants it, it does nothing at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from services.cli import packages

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "tocsin-setup.json"
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements-dev.txt"
OLDEST = (3, 11)


class SetupError(Exception):
    """The set-up cannot go on; the text says what is wrong and what to do."""


def main() -> int:
    """Set everything up; returns the exit code."""
    try:
        _check_python()
        _leave_our_own_venv()
        if _stamped() != _wanted():
            # Two of us at once would spoil each other's work; the second finds it done.
            with PROJECT.open("rb") as project:
                fcntl.flock(project, fcntl.LOCK_EX)
                _set_up()
    except (SetupError, packages.PackageError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The set-up cannot use {error.filename or VENV}: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The set-up was interrupted; run it again to finish it.", file=sys.stderr)
        return 130
    return 0


def _check_python() -> None:
    if sys.version_info < OLDEST:
        raise SetupError(
            f"Tocsin needs Python {OLDEST[0]}.{OLDEST[1]} or later, and {sys.executable} is "
            f"{sys.version.split()[0]}; install a later one, and name it: make run PYTHON=python3.12"
        )


def _leave_our_own_venv() -> None:
    """In an activated `.venv` its own Python runs us, and would delete itself: go on with its base."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        os.execv(base, [str(base), "-m", "services.cli.setup"])


def _wanted() -> dict[str, str]:
    """What a finished `.venv` was made from; with another `base` it cannot be mended, only made anew."""
    digest = hashlib.sha256(LOCK.read_bytes() + PROJECT.read_bytes())
    # The scripts inside name their interpreter by its full path: a checkout that was moved needs a new one.
    base = f"Python {sys.version_info.major}.{sys.version_info.minor} of {sys.base_prefix} in {VENV}"
    return {"base": base, "packages": digest.hexdigest()}


def _stamped() -> dict[str, str]:
    """What the `.venv` that is here was made from; nothing when there is none or it was not finished."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in found.items()} if PYTHON.exists() else {}
    except (OSError, ValueError, AttributeError):
        return {}


def _set_up() -> None:
    wanted, found = _wanted(), _stamped()
    if found == wanted:
        return
    if found.get("base") != wanted["base"]:
        _make_venv()
    STAMP.unlink(missing_ok=True)
    _install_packages()
    _install_ourselves()
    STAMP.write_text(json.dumps(wanted) + "\n", encoding="utf-8")


def _make_venv() -> None:
    _ensure_venv_module()
    started = time.monotonic()
    if VENV.exists():
        shutil.rmtree(VENV)
    _run([sys.executable, "-m", "venv", str(VENV)], "Python could not make the virtual environment .venv")
    _report("made the virtual environment .venv", started)


def _ensure_venv_module() -> None:
    """Debian and Ubuntu keep what `venv` needs in a package of its own, one for each Python."""
    if _has_venv():
        return
    started = time.monotonic()
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    packages.install(package)
    importlib.invalidate_caches()
    if not _has_venv():
        raise SetupError(
            f"{sys.executable} has no ensurepip, and {package} does not bring it; "
            "use a complete Python: make run PYTHON=/usr/bin/python3"
        )
    _report(f"installed {package}", started)


def _has_venv() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))


def _install_packages() -> None:
    started = time.monotonic()
    count = len(re.findall(r"^[\w.\[\]-]+==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    print(f"        installing {count} Python packages into .venv, once ...", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--requirement", str(LOCK)]
    _run(pip, f"pip could not install the packages of {LOCK.name}; is the package index within reach?")
    _report(f"installed {count} Python packages", started)


def _install_ourselves() -> None:
    started = time.monotonic()
    pip = [str(PYTHON), "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    _run(pip, "pip could not install Tocsin itself into .venv")
    _report("installed Tocsin itself", started)


def _run(command: Sequence[str], problem: str) -> None:
    """Run a command without a word. When it fails, raise SetupError with its last lines and `problem`."""
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    with tempfile.TemporaryFile() as output:
        code = subprocess.call(
            command,
            cwd=ROOT,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        if code != 0:
            output.seek(0)
            tail = output.read().decode(errors="replace").splitlines()[-15:]
            raise SetupError("\n".join([*tail, f"{problem} (exit code {code}; its last lines are above)."]))


def _report(text: str, started: float) -> None:
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(f"  {minutes}:{seconds:02d}  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
