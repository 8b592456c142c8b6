"""Looking up the services that an incident affects, and the teams that own them."""

from typing import Any

from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from shared.domain.errors import InvalidInput, Issue

MOST_SERVICES = 20


async def affected(info: Info, texts: list[ID]) -> dict[str, Any]:
    """`service_ids` and `team_ids` for these global ids, in their order. Raises InvalidInput with every issue."""
    path = ("input", "serviceIds")
    if len(texts) > MOST_SERVICES:
        raise InvalidInput(Issue(path, "TOO_MANY", f"An incident affects at most {MOST_SERVICES} services."))
    keys = [parse_id("Service", text, (*path, str(n))) for n, text in enumerate(texts)]
    found = await info.context.loaders.services.load_many(keys) if keys else []
    missing = [n for n, service in enumerate(found) if service is None]
    if missing:
        raise InvalidInput(*(Issue((*path, str(n)), "NOT_FOUND", "There is no such service.") for n in missing))
    teams = [service.team_id for service in found if service and service.team_id]
    return {"service_ids": tuple(dict.fromkeys(keys)), "team_ids": tuple(dict.fromkeys(teams))}
