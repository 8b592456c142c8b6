"""The data folder: claimed by one launcher, and where its servers live."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.cli import packages
from services.cli.stack.errors import StackError

LOCK_PATIENCE = 1.0  # seconds; the servers of a launcher that was killed hold its lock until they are dead


@dataclass(frozen=True)
class Places:
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
def usable(folder: Path) -> Iterator[None]:
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


def claim(folder: Path) -> IO[str]:
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


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.truncate()
        file.write(text)
