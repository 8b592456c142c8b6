"""Bearer tokens: only their SHA-256 is kept, and a revoked one loses its power within five seconds."""

import time
from dataclasses import dataclass

from shared.domain.catalog import Role
from shared.domain.commands import Actor, ActorKind
from shared.domain.errors import Forbidden
from shared.store.tokens import Tokens, digest_of

TRUSTED_FOR = 5.0
MOST_TRUSTED = 10_000
_RANKS = {Role.VIEWER: 0, Role.RESPONDER: 1, Role.ADMIN: 2}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking, by which token."""

    user_id: str
    role: Role
    digest: str

    @property
    def actor(self) -> Actor:
        """The viewer as the timeline names them."""
        return Actor(ActorKind.PERSON, self.user_id)

    def reaches(self, role: Role) -> bool:
        """Whether the token's role is `role`, or more."""
        return _RANKS[self.role] >= _RANKS[role]

    def require(self, role: Role) -> None:
        """Raise Forbidden unless the token's role reaches `role`."""
        if not self.reaches(role):
            raise Forbidden(f"This needs a token with the role {role}; yours has {self.role}.")


class Authenticator:
    """Answers who a token is, from the database or from what it said a moment ago."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._trusted: dict[str, tuple[Viewer | None, float]] = {}

    async def viewer(self, authorization: str | None) -> Viewer | None:
        """The viewer of an `Authorization: Bearer ...` value; None when it is missing, unknown or revoked."""
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            return None
        return await self.by_digest(digest_of(text.strip()))

    async def by_digest(self, digest: str) -> Viewer | None:
        """The same for a token that was shown before: a subscription asks again while it lasts."""
        known, until = self._trusted.get(digest, (None, 0.0))
        if time.monotonic() < until:
            return known
        token = await self._tokens.by_digest(digest)
        viewer = Viewer(token.user_id, token.role, digest) if token and not token.revoked_at else None
        if len(self._trusted) >= MOST_TRUSTED:
            self._trusted.clear()
        self._trusted[digest] = (viewer, time.monotonic() + TRUSTED_FOR)
        return viewer
