"""Entries of the log as lines that a person understands: what `make run` tells in the terminal."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.domain.entry import Entry
from shared.domain.summaries import summarize

QUIET = {"acknowledged", "investigating", "mitigated", "resolved", "canceled"}


def narrate(entry: Entry, names: Mapping[str, str], number: int | None) -> str | None:
    """One line for an incident's entry; None for what the story does without."""
    if entry.aggregate != "incident":
        return None
    label = f"INC-{number}" if number else "INC-?"
    return f"{entry.at.astimezone():%H:%M:%S}  {label}  {summarize(entry, names)}{_aftermath(entry)}"


def _aftermath(entry: Entry) -> str:
    data = entry.data
    if entry.type == "escalated" and (next_at := _time(data.get("next_at"))):
        return f"; the next one in {clock(next_at - entry.at)}"
    if entry.type == "escalation_exhausted" and (retry_at := _time(data.get("retry_at"))):
        return f"; it starts again in {clock(retry_at - entry.at)}"
    if entry.type in QUIET and (entry.was is None or entry.was.status == "TRIGGERED"):
        canceled = data.get("canceled_pages", 0)
        pages = f", and {canceled} pages that had not left were cancelled" if canceled else ""
        return f": silence from here, because somebody has it and the escalation has stopped{pages}"
    return ""


def _time(value: object) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else None


def clock(span: timedelta) -> str:
    """Minutes and seconds, "0:20"."""
    seconds = round(span.total_seconds())
    return f"{seconds // 60}:{seconds % 60:02}"
