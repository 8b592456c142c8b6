"""Action items, which outlive their incidents: by incident, by owner, by due date."""

from typing import Any

from shared.domain.action_items import ActionItem
from shared.domain.entry import Entry
from shared.domain.incident import TaskState
from shared.store.client import ASCENDING, IndexModel
from shared.store.clock import Clock
from shared.store.outbox import entry_of
from shared.store.update import Aggregates, Kind

KIND: Kind[ActionItem] = Kind("action_item", "action item", "action_items", ActionItem)
MOST_OF_INCIDENT = 100

INDEXES = {
    KIND.collection: [
        IndexModel([("incident_id", ASCENDING), ("_id", ASCENDING)], name="incident"),  # of_incident(), waiting()
        IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="state"),  # page()
        IndexModel([("owner_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="owner_state"),  # page()
    ]
}


class ActionItems(Aggregates[ActionItem]):
    """All action items."""

    def __init__(self, database: Any, clock: Clock) -> None:
        super().__init__(database, clock, KIND)

    async def of_incident(self, incident_id: str) -> list[ActionItem]:
        """An incident's action items, oldest first."""
        cursor = self.collection.find({"incident_id": incident_id}).sort("_id", 1).limit(MOST_OF_INCIDENT)
        return [self.loaded(document).value for document in await self._ask(cursor.to_list(None))]

    async def page(
        self,
        owner_id: str | None,
        states: tuple[TaskState, ...] | None,
        after: str | None,
        limit: int,
        *,
        backwards: bool = False,
    ) -> list[ActionItem]:
        """Up to `limit` action items that follow `after` (precede it, when `backwards`), oldest first."""
        query: dict[str, Any] = {"state": {"$in": list(TaskState if states is None else states)}}
        if owner_id:
            query["owner_id"] = owner_id
        if after is not None:
            query["_id"] = {"$lt" if backwards else "$gt": after}
        cursor = self.collection.find(query).sort("_id", -1 if backwards else 1).limit(limit)
        return [self.loaded(document).value for document in await self._ask(cursor.to_list(limit))]

    async def waiting(self, incident_id: str) -> tuple[list[str], list[Entry]]:
        """The ids of an incident's action items, and their entries that are written but not logged yet."""
        cursor = self.collection.find({"incident_id": incident_id}, {"outbox": 1}).limit(MOST_OF_INCIDENT)
        documents = await self._ask(cursor.to_list(None))
        rows = [row for document in documents for row in document.get("outbox", ())]
        return [document["_id"] for document in documents], [entry_of({**row, "_id": None}) for row in rows]
