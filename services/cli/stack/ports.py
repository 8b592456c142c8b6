"""Ports on loopback: those of the last start where they are still free."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from collections.abc import Collection
from pathlib import Path

from services.cli.stack.errors import StackError

# Below the range that the kernel gives to outgoing connections: a client that keeps dialling a port of that
# range while the server is down can end up connected to itself, and the server cannot have its port back.
PORT_RANGE = range(21000, 25000)
PORT_NAMES = ("mongo", "amqp", "dist", "epmd")


def choose_ports(file: Path) -> dict[str, int]:
    """Free loopback ports by name: those of the last start where they are still free, kept in `file`."""
    remembered = _read_ports(file)
    chosen: dict[str, int] = {}
    for name in PORT_NAMES:
        port = remembered.get(name, 0)
        usable = port not in chosen.values() and is_free(port)
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
        if port not in taken and is_free(port):
            return port
    raise StackError(
        f"No free port was found on 127.0.0.1 between {PORT_RANGE.start} and {PORT_RANGE.stop - 1}; "
        "stop some of the programs that listen there."
    )


def is_free(port: int) -> bool:
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


def accepts(port: int) -> bool:
    """Whether a server on 127.0.0.1:`port` takes connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
