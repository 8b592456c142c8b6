"""Looking up the service that a mutation names."""

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from shared.domain.errors import InvalidInput, Issue


async def known_service(info: Info, text: ID | None, field: str = "serviceId") -> str | None:
    """The key of a service that exists; None for none. Raises InvalidInput."""
    if text is None:
        return None
    path = ("input", field)
    key = parse_id("Service", text, path)
    if await info.context.loaders.services.load(key) is None:
        raise InvalidInput(Issue(path, "NOT_FOUND", "There is no such service."))
    return key
