"""API tokens: found by the hash of their text, which is all that is kept of it."""

import hashlib
import secrets
from typing import Any

import uuid_utils.compat as uuid

from shared.domain.catalog import Role, Token, create_token
from shared.domain.commands import Command
from shared.store.catalog import TOKENS
from shared.store.client import ASCENDING, IndexModel
from shared.store.clock import Clock
from shared.store.update import Aggregates

INDEXES = {TOKENS.collection: [IndexModel([("digest", ASCENDING)], name="digest", unique=True)]}  # by_digest()

PREFIX = "toc_"


def digest_of(text: str) -> str:
    """What is kept of a token. A plain hash will do, since there is nothing to guess."""
    return hashlib.sha256(text.encode()).hexdigest()


class Tokens(Aggregates[Token]):
    """All tokens, revoked ones included."""

    def __init__(self, database: Any, clock: Clock) -> None:
        super().__init__(database, clock, TOKENS)

    async def by_digest(self, digest: str) -> Token | None:
        """The token whose text has this SHA-256 (hexadecimal)."""
        document = await self._ask(self.collection.find_one({"digest": digest}))
        return self.loaded(document).value if document else None

    async def issue(self, label: str, role: Role, user_id: str, command: Command) -> str:
        """A fresh token of a user: 256 random bits behind a prefix that scanners can find. Its text is told
        this once.
        """
        text = PREFIX + secrets.token_urlsafe(32)
        token = Token(uuid.uuid7().hex, label, digest_of(text), role, user_id, self._clock.now())
        await self.create(lambda now: create_token(token), command)
        return text
