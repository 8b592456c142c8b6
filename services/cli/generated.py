"""What is generated from the code and committed. A stale copy fails the check."""

import subprocess
import sys
from pathlib import Path

from shared import settings
from shared.domain import lifecycle

ROOT = Path(__file__).parents[2]
SCHEMA = "services/api/schema.graphql"
BEGIN, END = "<!-- generated: {} -->", "<!-- end of generated -->"


def run(*, write: bool, check: bool) -> list[str]:
    """Write, check or print; the stale files' names when checking."""
    wanted = {SCHEMA: _schema()}
    wanted |= {path: _filled(path, name, table) for path, name, table in _tables()}
    if not write and not check:
        print(wanted[SCHEMA], end="")
        return []
    stale = [path for path, text in wanted.items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text]
    if write:
        for path in stale:
            (ROOT / path).write_text(wanted[path])
            print(f"wrote {path}")
        return []
    return stale


def _schema() -> str:
    """In a process of its own, because the command line and the API are strangers."""
    command = [sys.executable, "-m", "services.api.graphql"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _tables() -> list[tuple[str, str, str]]:
    return [
        ("docs/lifecycle.md", "lifecycle", lifecycle.as_markdown()),
        ("docs/configuration.md", "settings", settings.as_markdown()),
    ]


def _filled(path: str, name: str, table: str) -> str:
    """The file's text with the generated part replaced."""
    text = (ROOT / path).read_text()
    begin = BEGIN.format(name)
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n{table}{END}{after}"
