"""Tokens from the command line: the first one of an installation, and more."""

import os
from pathlib import Path

from shared.domain import catalog
from shared.domain.catalog import Role
from shared.domain.commands import Actor, ActorKind, Command, identity
from shared.store.store import Store
from shared.store.tokens import digest_of


def command(*cause: object) -> Command:
    """A command of the command line itself."""
    return Command(identity("cli", *cause), Actor(ActorKind.SYSTEM, "cli"), "cli")


async def administrator(store: Store, data_dir: Path) -> str:
    """The administrator's token: the one in `<data_dir>/token` if it still works, otherwise a new one, kept
    there (0600).
    """
    path = data_dir / "token"
    if path.exists():
        text = path.read_text().strip()
        known = await store.tokens.by_digest(digest_of(text))
        if known and not known.revoked_at:
            return text
    text = await issue(store, "administrator", Role.ADMIN, "admin@example.org", "Ada Admin")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    return text


async def issue(store: Store, label: str, role: Role, email: str, name: str) -> str:
    """A new token for the user with this e-mail address, who is created when there is none."""
    known = await store.users.by_email(email)
    if known is None:
        user = catalog.User(identity("user", email), name, email, store.clock.now())
        known = (await store.users.create(lambda now: catalog.create_user(user), command("user", email))).value
    return await store.tokens.issue(label, role, known.id, command("token", label, os.urandom(8).hex()))


async def revoke(store: Store, token_id: str) -> bool:
    """End a token; False when it had ended. Raises NotFound."""
    result = await store.tokens.update(token_id, catalog.revoke, command("revoke", token_id, os.urandom(8).hex()))
    return result.changed
