"""Looking up the users whom a mutation names."""

import strawberry

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from shared.domain.catalog import User
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import KEEP


async def reachable_user(info: Info, text: ID, field: str = "userId") -> User:
    """The user of this global id. Raises InvalidInput."""
    path = ("input", field)
    found = await info.context.loaders.users.load(parse_id("User", text, path))
    if found is None:
        raise InvalidInput(Issue(path, "NOT_FOUND", "There is no such user."))
    return found


async def changed_owner(info: Info, text: ID | None) -> str | None:
    """The key of the new owner, None for nobody, KEEP when the input does not say. Raises InvalidInput."""
    owner: str | None = KEEP if text is strawberry.UNSET else await known_user(info, text, "ownerId")
    return owner


async def known_user(info: Info, text: ID | None, field: str) -> str | None:
    """The key of a user who exists; None for none. Raises InvalidInput."""
    return (await reachable_user(info, text, field)).id if text is not None else None
