"""What mutations of two or more incidents have in common: they are written all together, or not at all."""

from collections.abc import Mapping, Sequence

from services.api.graphql.commands import command_of
from services.api.graphql.context import Info
from services.api.graphql.incidents.mutation import Asked
from shared.domain import incident as domain
from shared.domain.catalog import Role
from shared.domain.errors import InvalidInput, Issue
from shared.domain.relations import Together, expecting_of
from shared.store.update import Result


async def refuse_unknown(info: Info, named: Mapping[tuple[str, ...], str]) -> None:
    """Raise InvalidInput with the path of every incident that does not exist. named: keys by where they were named."""
    found = await info.context.loaders.incidents.load_many(list(named.values()))
    missing = [path for path, incident in zip(named, found, strict=True) if incident is None]
    if missing:
        raise InvalidInput(*(Issue(path, "NOT_FOUND", "There is no such incident.") for path in missing))


async def write_together(
    info: Info, name: str, asked: Asked, keys: Sequence[str], decide: Together
) -> dict[str, Result[domain.Incident]]:
    """Decide and write the incidents of `keys` in one transaction; what became of each. `expectedVersion` is the
    first one's. Raises domain failures.
    """
    info.context.viewer.require(Role.RESPONDER)
    command = command_of(info, name, asked)
    guarded = expecting_of(keys[0], asked.expected_version, decide)
    each = tuple(dict.fromkeys(keys))
    results = await info.context.api.store.incidents.update_together(each, guarded, command)
    return dict(zip(each, results, strict=True))
