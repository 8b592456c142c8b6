"""The schema's own scalars."""

from datetime import UTC, datetime
from typing import NewType

from strawberry.types.scalar import ScalarDefinition, scalar

from shared.wire import milliseconds

Cursor = NewType("Cursor", str)


def serialize_datetime(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: 2026-11-24T02:10:00.000Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_datetime(text: str) -> datetime:
    """An aware datetime in whole milliseconds, as it is kept; ValueError for anything without an offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a DateTime needs an offset, such as Z")
    return milliseconds(at.astimezone(UTC))


SCALARS: dict[object, ScalarDefinition] = {
    datetime: scalar(
        name="DateTime",
        description="RFC 3339 in UTC with milliseconds.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=serialize_datetime,
        parse_value=parse_datetime,
    ),
    Cursor: scalar(
        name="Cursor", description="A place in a list or in the log. Opaque.", serialize=str, parse_value=str
    ),
}
