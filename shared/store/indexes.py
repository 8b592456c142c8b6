"""Every index of the database. Each is declared beside the query that it serves; here they are gathered and
built.
"""

from typing import Any

from shared.store import (
    action_items,
    catalog,
    incidents,
    integrations,
    log,
    measures,
    received,
    records,
    relay,
    retries,
    tokens,
)
from shared.store.client import IndexModel

DECLARED: dict[str, list[IndexModel]] = {}
for module in (
    action_items, catalog, incidents, integrations, log, measures, received, relay, records, retries, tokens,
):  # fmt: skip
    for collection, models in module.INDEXES.items():
        DECLARED.setdefault(collection, []).extend(models)


async def build(database: Any) -> None:
    """Create what is missing; what is there stays. A changed declaration needs a new name."""
    for collection, models in DECLARED.items():
        await database[collection].create_indexes(models)
