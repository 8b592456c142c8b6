"""Which layout the documents of a database have: a version that cannot read them says so once, and starts nothing."""

from typing import Any

from shared.store.client import UnfitServer

PRESENT = 2
"""Rises when documents are kept so that the version before could not read them, or the other way round."""


async def check(database: Any) -> None:
    """Note the layout of an empty database. Raises UnfitServer for one of another layout."""
    known = await database.layout.find_one({"_id": "layout"})
    if known is None and await database.incidents.find_one({}, {"_id": 1}) is None:
        change = {"$setOnInsert": {"version": PRESENT}}
        await database.layout.update_one({"_id": "layout"}, change, upsert=True)
        return
    found = known["version"] if known else 1
    if found != PRESENT:
        raise UnfitServer(
            f"The database {database.name!r} has the layout {found}, and this version of Tocsin needs {PRESENT}. "
            "Name another database in TOCSIN_MONGO_URL; the development data in .tocsin is removed by `make clean`."
        )
