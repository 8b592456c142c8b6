"""Which incidents a list shows, in which order, and the index that serves it.

Every incident carries `facets`: a word for each thing that lists are narrowed by ("open", "service:<id>"). An index
for each order begins with them. A list takes the narrowest facet that its filter names for the index's range, and
checks the rest on the documents found there; a search for text takes its words likewise. So no list scans the
collection or sorts in memory, whatever it combines.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.incident import Incident, MajorState
from shared.domain.lifecycle import OPEN, Status
from shared.domain.priority import Priority

ALL = "all"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RANKS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Between:
    """A range of times: from `since` on, up to and without `until`; None leaves that end open."""

    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> dict[str, datetime]:
        """The condition for the database."""
        return {sign: at for sign, at in (("$gte", self.since), ("$lt", self.until)) if at}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents; None means all. The fields are combined with "and", the values of one with "or"; of labels
    and words all must be there.
    """

    statuses: tuple[Status, ...] | None = None
    priorities: tuple[Priority, ...] | None = None
    service_ids: tuple[str, ...] | None = None
    team_ids: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    assignee_ids: tuple[str, ...] | None = None
    labels: tuple[tuple[str, str], ...] = ()
    breached: bool | None = None
    major: bool | None = None
    words: tuple[str, ...] = ()
    created: Between = Between()
    updated: Between = Between()
    resolved: Between = Between()

    @property
    def is_of_open(self) -> bool:
        """Whether it leaves open incidents only, of which there are never very many."""
        return self.statuses is not None and set(self.statuses) <= set(OPEN)

    def queries(self, order: "Order") -> list[dict[str, Any]]:
        """Conditions for the database, of which one must hold; none at all when nothing can match. Each begins with
        one value of what the order's index begins with: so each is a range of it, and the server merges them in order.
        """
        if self._is_empty():
            return []
        rest = self._rest() | self._times(order)
        if self.words:
            rest["words"] = {"$all": list(self.words)}
        if self.words and order is NEWEST:
            return [rest]
        return [{"facets": facet, **rest} for facet in self._leading()]

    def _is_empty(self) -> bool:
        """Whether some field has no value that it could have."""
        lists = (self.statuses, self.priorities, self.service_ids, self.team_ids, self.categories, self.assignee_ids)
        return any(values == () for values in lists)

    def _leading(self) -> list[str]:
        """The facets of the field that narrows most, as a rule."""
        if self.statuses is not None and set(self.statuses) == set(OPEN):
            return ["open"]
        if self.statuses is not None and self.is_of_open:
            return [f"status:{status}" for status in self.statuses]
        if self.labels:
            return [_label(*self.labels[0])]
        candidates = (
            ("assignee", self.assignee_ids),
            ("service", self.service_ids),
            ("category", self.categories),
            ("team", self.team_ids),
            ("status", self.statuses),
            ("priority", self.priorities),
        )
        if self.breached:
            return ["breached"]
        if self.major:
            return ["major"]
        return next(
            ([f"{name}:{value}" for value in values] for name, values in candidates if values is not None), [ALL]
        )

    def _rest(self) -> dict[str, Any]:
        fields = {
            "status": self.statuses,
            "priority": self.priorities,
            "service_ids": self.service_ids,
            "team_ids": self.team_ids,
            "category": self.categories,
            "assignee_id": self.assignee_ids,
        }
        query: dict[str, Any] = {name: {"$in": list(values)} for name, values in fields.items() if values is not None}
        query |= {f"labels.{key}": value for key, value in self.labels}
        for word, wanted in (("breached", self.breached), ("major", self.major)):
            if wanted is not None:
                query.setdefault("$and", []).append({"facets": word if wanted else {"$ne": word}})
        return query

    def _times(self, order: "Order") -> dict[str, Any]:
        created, updated = self.created, self.updated
        if self.resolved.until:  # what was resolved by then was there before
            created = replace(created, until=min(filter(None, (created.until, self.resolved.until))))
        if self.resolved.since:  # and was changed then, or later
            updated = replace(updated, since=max(filter(None, (updated.since, self.resolved.since))))
        ranges = {"created_at": created, "updated_at": updated, "resolved_at": self.resolved}
        query: dict[str, Any] = {name: span.query() for name, span in ranges.items() if span.query()}
        if "created_at" in query and order is BY_PRIORITY:
            query["rank"] = {"$in": list(RANKS)}  # with it the index's range ends at the times, in each rank
        return query


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Sort keys with their directions (1 or -1). The last key is unique, so that a place in a list is a
    place. Places are plain numbers: times are milliseconds since 1970.
    """

    keys: tuple[tuple[str, int], ...]
    name: str

    def index(self, where: Filter) -> str:
        """The name of the index that serves `where` in this order. The server would choose another one for small
        sets, and sort in memory.
        """
        return "words_newest" if where.words and self is NEWEST else f"facets_{self.name}"

    def place(self, incident: Incident) -> tuple[int, ...]:
        """Where the incident stands in this order."""
        return tuple(_plain(getattr(incident, key)) for key, _ in self.keys)

    def query(self, where: Filter, place: tuple[int, ...] | None, *, backwards: bool = False) -> dict[str, Any] | None:
        """The condition for what follows `place` (precedes it, when `backwards`); None when nothing can match."""
        conditions = where.queries(self)
        if place is not None:
            cases = self._beyond(place, backwards=backwards)
            conditions = [{"$and": [condition, case]} for condition in conditions for case in cases]
        return {"$or": conditions} if len(conditions) > 1 else next(iter(conditions), None)

    def _beyond(self, place: tuple[int, ...], *, backwards: bool) -> list[dict[str, Any]]:
        """Greater in the first key, or equal there and greater in the second, and so on."""
        cases = []
        for index, (key, direction) in enumerate(self.keys):
            passed = zip(self.keys[:index], place, strict=False)
            case: dict[str, Any] = {name: _stored(name, value) for (name, _), value in passed}
            case[key] = {"$gt" if (direction == 1) is not backwards else "$lt": _stored(key, place[index])}
            cases.append(case)
        return cases

    def sort(self, *, backwards: bool = False) -> list[tuple[str, int]]:
        """The keys for the database, from the list's other end when `backwards`."""
        return [(key, -direction if backwards else direction) for key, direction in self.keys]


BY_PRIORITY = Order((("rank", 1), ("created_at", 1), ("number", 1)), "priority")
NEWEST = Order((("created_at", -1), ("number", -1)), "newest")
LAST_CHANGED = Order((("updated_at", -1), ("number", -1)), "changed")
OPEN_ONLY = Filter(statuses=OPEN)


def facets_of(incident: Incident) -> list[str]:
    """The words that lists are narrowed by."""
    facets = [ALL, f"status:{incident.status}"]
    if incident.is_open:
        facets.append("open")
    facets += [f"service:{key}" for key in incident.service_ids]
    facets += [f"team:{key}" for key in incident.team_ids]
    facets += [f"{name}:{value}" for name, value in _single(incident) if value]
    facets += [_label(key, value) for key, value in incident.labels.items()]
    if incident.is_breached:
        facets.append("breached")
    if incident.major.state is MajorState.DECLARED:
        facets.append("major")
    return facets


def _single(incident: Incident) -> Iterable[tuple[str, str | None]]:
    yield "priority", incident.priority
    yield "category", incident.category
    yield "assignee", incident.assignee_id


def _label(key: str, value: str) -> str:
    return f"label:{key}={value[:200]}"


def _plain(value: datetime | int) -> int:
    return round((value - EPOCH) / timedelta(milliseconds=1)) if isinstance(value, datetime) else value


def _stored(key: str, value: int) -> Any:
    return EPOCH + timedelta(milliseconds=value) if key.endswith("_at") else value
