"""From a mutation's input to a command: who asks, through what, and how a repeat of it is recognised."""

import hashlib
from dataclasses import asdict
from typing import Any, Protocol

import msgspec
import uuid_utils.compat as uuid
from strawberry.types.unset import UnsetType

from services.api.graphql.context import Info
from shared.domain.commands import Command, identity
from shared.domain.errors import InvalidInput, Issue
from shared.domain.texts import refuse, text_issues

LONGEST_KEY = 200
LONGEST_NOTE = 2_000


class HasKey(Protocol):
    """Every mutation's input has an optional idempotency key."""

    idempotency_key: str | None


def command_of(info: Info, mutation: str, asked: HasKey) -> Command:
    """The command of this mutation. With a key, the same actor's same mutation is the same command."""
    key, note = asked.idempotency_key, getattr(asked, "note", None)
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        path = ("input", "idempotencyKey")
        raise InvalidInput(Issue(path, "LENGTH", f"An idempotency key has 1 to {LONGEST_KEY} characters."))
    refuse([*text_issues("idempotencyKey", key), *text_issues("note", note, LONGEST_NOTE)])
    viewer = info.context.viewer
    command_id = identity(viewer.actor.id, mutation, key) if key else uuid.uuid7().hex
    digest = hashlib.sha256(msgspec.json.encode(_input(asked), order="deterministic")).hexdigest()[:16] if key else ""
    return Command(command_id, viewer.actor, "graphql", note, digest, key)


def _input(asked: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(asked).items() if not isinstance(value, UnsetType)}
