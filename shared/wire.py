"""Entries as CloudEvents 1.0 in binary mode (`ce-*` headers, RabbitMQ binding), and back."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.domain.entry import Entry, level

TYPE_PREFIX = "io.tocsin."
SOURCE = "/tocsin"
LARGEST_MESSAGE = 1024 * 1024
GRAPHQL_TYPES = {
    "incident": "Incident",
    "service": "Service",
    "user": "User",
    "policy": "EscalationPolicy",
    "organization": "Organization",
    "token": "Token",
    "team": "Team",
    "action_item": "ActionItem",
    "integration": "Integration",
}


class Undecodable(Exception):
    """A message that is no CloudEvent of ours; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes over the broker. `headers` are the `ce-*` ones; the content type is application/json."""

    id: str
    type: str
    headers: dict[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Subject:
    """What a worker needs of a message: which fact of which document, at which place of the log."""

    event_id: str
    aggregate: str
    type: str
    id: str
    position: int
    rank: int


def global_id(graphql_type: str, key: str) -> str:
    """The GraphQL global id, as Relay builds it: base64 of `Type:key`."""
    return base64.b64encode(f"{graphql_type}:{key}".encode()).decode()


def encode(entry: Entry) -> Message:
    """The message for a logged entry. Raises ValueError when it has no position or is too large."""
    if entry.position is None:
        raise ValueError(f"{entry.id} has no position yet")
    body = msgspec.json.encode(entry)
    if len(body) > LARGEST_MESSAGE:
        raise ValueError(f"{entry.id} is larger than {LARGEST_MESSAGE} bytes")
    kind = f"{TYPE_PREFIX}{entry.aggregate}.{entry.type}.v1"
    headers = {
        "ce-specversion": "1.0",
        "ce-id": entry.id,
        "ce-source": SOURCE,
        "ce-type": kind,
        "ce-subject": global_id(GRAPHQL_TYPES.get(entry.aggregate, entry.aggregate.capitalize()), entry.subject),
        "ce-time": entry.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ce-position": str(entry.position),
        "ce-priority": level(entry.rank),
    }
    return Message(entry.id, kind, headers, body)


def decode_entry(body: bytes) -> Entry:
    """The entry that a message of ours carries. Raises Undecodable."""
    try:
        return msgspec.json.decode(body, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"the body is not an entry: {error}") from None


def decode_subject(headers: dict[str, Any], body: bytes) -> Subject:
    """Whom a message is about. Raises Undecodable for what is no CloudEvent, not JSON, too large, or not of
    ours.
    """
    if len(body) > LARGEST_MESSAGE:
        raise Undecodable(f"the message has more than {LARGEST_MESSAGE} bytes")
    if headers.get("ce-specversion") != "1.0":
        raise Undecodable("there is no ce-specversion 1.0 header: this is not a CloudEvent in binary mode")
    if not headers.get("ce-source"):
        raise Undecodable("there is no ce-source header: this is not a CloudEvent in binary mode")
    kind = str(headers.get("ce-type", ""))
    if not (kind.startswith(TYPE_PREFIX) and kind.endswith(".v1")):
        raise Undecodable(f"the ce-type {kind[:100]!r} is not one that this worker knows")
    entry = decode_entry(body)
    said = (headers.get("ce-id"), kind, headers.get("ce-position"))
    position = entry.position
    if position is None or said != (entry.id, f"{TYPE_PREFIX}{entry.aggregate}.{entry.type}.v1", str(position)):
        raise Undecodable("the ce-id, the ce-type or the ce-position does not agree with the body")
    return Subject(entry.id, entry.aggregate, entry.type, entry.subject, position, entry.rank)


def milliseconds(at: datetime) -> datetime:
    """`at` with the precision that MongoDB keeps."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
