"""The one write path: load, decide, write state and facts together.

`update` sets the changed fields and appends the facts' entries to the document's outbox in one
`find_one_and_update` that is guarded by `rev`. It never replaces the document: that would bring back entries
that the relay has trimmed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from shared.crashpoints import reached
from shared.domain.commands import Command, Decide, Decision
from shared.domain.entry import UNRANKED, Standing, entries
from shared.domain.errors import KeyReused, NotFound, Unavailable
from shared.store.client import (
    DuplicateKeyError,
    PyMongoError,
    ReturnDocument,
    is_crossed,
    is_full,
    is_transient,
    transaction,
    unavailable,
)
from shared.store.clock import Clock
from shared.store.documents import difference, from_document, to_document
from shared.store.outbox import Outbox, outbox_of, row_of
from shared.telemetry import UPDATE_CONFLICTS

T = TypeVar("T")

REMEMBERED_FOR = timedelta(hours=24)
MOST_REMEMBERED = 64
MOST_PASSING = 64
"""How many commands without an idempotency key are remembered beside those with one: they are only asked for again
within PATIENCE, and must not crowd out what callers may ask for again all day.
"""

MOST_ATTEMPTS = 50
PATIENCE = timedelta(seconds=12)
"""How long an update goes on when the server answers with timeouts: each may or may not have written."""


DecideTogether = Callable[[Mapping[str, T], Command, datetime], dict[str, Decision[T]]]
"""(values by key, command, now) -> what becomes of each, in the order in which they must be written."""

Wake = Callable[[Outbox], None]
"""Called after a write that left facts: whoever relays in this process need not look for them."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Outdated(Exception):
    """A document was changed between its reading and its writing."""


class AlreadyHeld(Exception):
    """Another document holds a unique value that this one wanted; `pattern` names the fields."""

    def __init__(self, pattern: tuple[str, ...]) -> None:
        super().__init__(f"{', '.join(pattern)} is taken")
        self.pattern = pattern


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """A document with its value, as it was read."""

    value: T
    document: Mapping[str, Any]

    @property
    def rev(self) -> int:
        """The revision that guards the next write."""
        return int(self.document["rev"])


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """What became of a command. `loaded` is the document with it, for a next command that saves the read."""

    value: T
    loaded: Loaded[T]
    changed: bool
    replayed: bool = False


def _nothing(value: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How one aggregate is kept. `derived` gives the fields that exist only for queries; `without` gives up unique
    values that another document holds.
    """

    name: str
    label: str
    collection: str
    type: type[T]
    rank: Callable[[T], int] = lambda value: UNRANKED
    standing: Callable[[T], Standing | None] = lambda value: None
    derived: Callable[[T], dict[str, Any]] = _nothing
    without: Callable[[T, frozenset[str]], T] = lambda value, lost: value


class Aggregates(Generic[T]):
    """All documents of one kind."""

    def __init__(self, database: Any, clock: Clock, kind: Kind[T], wake: Wake = lambda outbox: None) -> None:
        self.kind = kind
        self.collection = database[kind.collection]
        self._clock = clock
        self.wake = wake

    async def find(self, key: str) -> Loaded[T] | None:
        """The document under `key`, read from what the majority has."""
        document = await self._ask(self.collection.find_one({"_id": key}))
        return self.loaded(document) if document else None

    async def get(self, key: str) -> T:
        """The value under `key`; NotFound when there is none."""
        found = await self.find(key)
        if found is None:
            raise NotFound(self.kind.label, key)
        return found.value

    async def many(self, keys: tuple[str, ...]) -> dict[str, T]:
        """The values under `keys` that exist, by key, in one query."""
        if not keys:
            return {}
        cursor = self.collection.find({"_id": {"$in": list(keys)}})
        found = await self._ask(cursor.to_list(None))
        return {document["_id"]: from_document(document, self.kind.type) for document in found}

    def loaded(self, document: Mapping[str, Any]) -> Loaded[T]:
        """A document as read, with its value."""
        return Loaded(from_document(document, self.kind.type), document)

    async def create(self, decide: Callable[[datetime], Decision[T]], command: Command) -> Result[T]:
        """Insert what `decide(now)` makes, with its facts. The same command again is answered from the
        document.

        Raises KeyReused (same command id, other input), AlreadyHeld (a unique field), Unavailable.
        """
        now = self._clock.now()
        decision = decide(now)
        value = decision.value
        document = self._fields(value) | {
            "rev": 1,
            "origin": {"id": command.id, "digest": command.digest},
            **self._outbox(decision, None, command, now, rev=1),
        }
        reached("update.before_write")
        try:
            await self._insert(document)
        except DuplicateKeyError as error:
            return await self._refused(document, command, error)
        reached("update.after_write")
        loaded = Loaded(value, document)
        self._tell(loaded, decision)
        return Result(value, loaded, changed=True)

    async def update(self, key: str, decide: Decide[T], command: Command, known: Loaded[T] | None = None) -> Result[T]:
        """Carry out `decide` on the present document, as often as others come between.

        known: the document as the caller has just read it, to save the first read.
        A later attempt that finds the command applied has found its own write, which had seemed to fail.
        Raises NotFound, KeyReused, Unavailable, and whatever `decide` raises; then nothing was written.
        """
        give_up_at = self._clock.monotonic() + PATIENCE.total_seconds()
        in_doubt = False
        lost: frozenset[str] = frozenset()
        for attempt in range(MOST_ATTEMPTS):
            loaded = known if known and attempt == 0 else await self._load(key)
            if (remembered := _remembered(loaded.document, command)) is not None:
                changed = bool(remembered.get("changed"))
                return Result(loaded.value, loaded, changed, replayed=not in_doubt)
            now = self._now(loaded)
            decision = self._yielding(decide(loaded.value, command, now), lost)
            change = self._change(loaded, decision, command, now)
            if change is None:
                return Result(loaded.value, loaded, changed=False)
            reached("update.before_write")
            try:
                written = await self.collection.find_one_and_update(
                    {"_id": key, "rev": loaded.rev}, change, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError as error:
                lost = lost | _held_elsewhere(error)
                continue
            except PyMongoError as error:
                if not is_transient(error) or self._clock.monotonic() > give_up_at:
                    raise self._failure(error) from error
                in_doubt = True
                continue
            if written is None:
                UPDATE_CONFLICTS.labels(self.kind.name).inc()
                if attempt > 2:
                    await asyncio.sleep(0.001 * attempt)
                continue
            reached("update.after_write")
            after = Loaded(decision.value, written)
            self._tell(after, decision)
            return Result(decision.value, after, changed=decision.changed)
        raise Unavailable(f"{self.kind.label} {key} is changed by too many at once. Nothing is lost; try again.")

    async def rehearse(self, key: str, decide: Decide[T], command: Command) -> Result[T]:
        """What `update` would answer now; nothing is written. Raises what `decide` raises, and NotFound."""
        loaded = await self._load(key)
        decision = decide(loaded.value, command, self._now(loaded))
        return Result(decision.value, loaded, changed=decision.changed)

    async def update_together(
        self, keys: Sequence[str], decide: DecideTogether[T], command: Command
    ) -> list[Result[T]]:
        """Carry out `decide` on several documents in one transaction that writes every one of them, or none.

        A transaction that only read one of them would let two crossing commands both succeed; so what is unchanged
        gets a new `rev` too. Raises what `update` raises; the results are in the order of `keys`.
        """
        give_up_at = self._clock.monotonic() + PATIENCE.total_seconds()
        in_doubt = False
        lost: frozenset[str] = frozenset()
        for attempt in range(MOST_ATTEMPTS):
            try:
                async with transaction(self.collection) as session:
                    done = await self._write_together(session, keys, decide, command, lost, replayed=not in_doubt)
                for result, decision in done:
                    if decision:
                        self._tell(result.loaded, decision)
                return [result for result, _ in done]
            except DuplicateKeyError as error:
                lost = lost | _held_elsewhere(error)
            except PyMongoError as error:
                if not (is_transient(error) or is_crossed(error)) or self._clock.monotonic() > give_up_at:
                    raise self._failure(error) from error
                in_doubt = in_doubt or not is_crossed(error)
                UPDATE_CONFLICTS.labels(self.kind.name).inc()
                await asyncio.sleep(0.002 * (attempt + 1))
            except _Outdated:
                await asyncio.sleep(0.002 * (attempt + 1))
        raise Unavailable(f"{self.kind.label} {keys[0]} is changed by too many at once. Nothing is lost; try again.")

    async def _write_together(
        self,
        session: Any,
        keys: Sequence[str],
        decide: DecideTogether[T],
        command: Command,
        lost: frozenset[str],
        *,
        replayed: bool,
    ) -> list[tuple[Result[T], Decision[T] | None]]:
        """The results in the order of `keys`, with the decisions that are to be told once they are committed."""
        documents = [await self.collection.find_one({"_id": key}, session=session) for key in keys]
        loaded = {key: self._present(key, document) for key, document in zip(keys, documents, strict=True)}
        marks = {key: _remembered(one.document, command) for key, one in loaded.items()}
        if all(mark is not None for mark in marks.values()):
            return [
                (Result(one.value, one, bool((marks[key] or {}).get("changed")), replayed), None)
                for key, one in loaded.items()
            ]
        now = max(self._now(one) for one in loaded.values())
        decided = decide({key: one.value for key, one in loaded.items()}, command, now)
        decisions = {key: self._yielding(decision, lost) for key, decision in decided.items()}
        written = {
            key: await self._write_in(session, loaded[key], decision, command, now)
            for key, decision in decisions.items()
        }
        return [(Result(written[key].value, written[key], decisions[key].changed), decisions[key]) for key in loaded]

    async def _write_in(
        self, session: Any, loaded: Loaded[T], decision: Decision[T], command: Command, now: datetime
    ) -> Loaded[T]:
        change = self._change(loaded, decision, command, now) or self._mark(loaded, decision, command, now)
        guard = {"_id": loaded.document["_id"], "rev": loaded.rev}
        document = await self.collection.find_one_and_update(
            guard, change, session=session, return_document=ReturnDocument.AFTER
        )
        if document is None:
            raise _Outdated
        return Loaded(decision.value, document)

    def _now(self, loaded: Loaded[T]) -> datetime:
        """The clock's time, and not before the document's last change: the clocks of two processes differ by some
        milliseconds, and a timeline does not run backwards.
        """
        changed_at: datetime = loaded.document.get("updated_at", EPOCH)
        return max(self._clock.now(), changed_at)

    def _yielding(self, decision: Decision[T], lost: frozenset[str]) -> Decision[T]:
        """The decision without the unique values that other documents hold."""
        return replace(decision, value=self.kind.without(decision.value, lost)) if lost else decision

    def _present(self, key: str, document: Mapping[str, Any] | None) -> Loaded[T]:
        if document is None:
            raise NotFound(self.kind.label, key)
        return self.loaded(document)

    def _tell(self, loaded: Loaded[T], decision: Decision[T]) -> None:
        if decision.facts:
            self.wake(outbox_of(self.kind.collection, loaded.document))

    async def _load(self, key: str) -> Loaded[T]:
        loaded = await self.find(key)
        if loaded is None:
            raise NotFound(self.kind.label, key)
        return loaded

    def _change(
        self, loaded: Loaded[T], decision: Decision[T], command: Command, now: datetime
    ) -> dict[str, Any] | None:
        kept = {name: loaded.document[name] for name in self.kind.derived(loaded.value) if name in loaded.document}
        fields = difference(to_document(loaded.value) | kept, self._fields(decision.value))
        if not fields and not decision.facts and not command.key:
            return None
        outbox = self._outbox(decision, loaded.value, command, now, rev=loaded.rev + 1)
        mark = self._mark(loaded, decision, command, now)
        change: dict[str, Any] = {**fields, **mark, "$set": {**fields.get("$set", {}), **mark["$set"]}}
        if outbox:
            change["$push"] = {"outbox": {"$each": outbox["outbox"]}}
            earlier = int(loaded.document.get("outbox_rank", UNRANKED))
            change["$min"] = {"outbox_rank": min(earlier, outbox["outbox_rank"])}
        return change

    @staticmethod
    def _mark(loaded: Loaded[T], decision: Decision[T], command: Command, now: datetime) -> dict[str, Any]:
        """The next revision, with the command among those that were carried out."""
        applied = [mark for mark in loaded.document.get("applied", ()) if mark["at"] > now - REMEMBERED_FOR]
        mark = {"id": command.id, "digest": command.digest, "at": now, "changed": decision.changed}
        marks = [*applied, mark | ({"keyed": True} if command.key else {})]
        keyed = [one for one in marks if one.get("keyed")][-MOST_REMEMBERED:]
        passing = [one for one in marks if not one.get("keyed")][-MOST_PASSING:]
        return {"$inc": {"rev": 1}, "$set": {"applied": [*keyed, *passing]}}

    def _fields(self, value: T) -> dict[str, Any]:
        derived = {name: field for name, field in self.kind.derived(value).items() if field is not None}
        return to_document(value) | derived

    def _outbox(
        self, decision: Decision[T], before: T | None, command: Command, now: datetime, *, rev: int
    ) -> dict[str, Any]:
        if not decision.facts:
            return {}
        value: Any = decision.value
        rows = entries(
            decision.facts,
            command,
            now,
            aggregate=self.kind.name,
            subject=value.id,
            rev=rev,
            version=value.version,
            rank=self.kind.rank(value),
            was=self.kind.standing(before) if before is not None else None,
            now=self.kind.standing(value),
        )
        return {"outbox": [row_of(row) for row in rows], "outbox_rank": self.kind.rank(value)}

    async def _insert(self, document: dict[str, Any]) -> None:
        give_up_at = self._clock.monotonic() + PATIENCE.total_seconds()
        while True:
            try:
                await self.collection.insert_one(document)
                return
            except DuplicateKeyError:
                raise
            except PyMongoError as error:
                if not is_transient(error) or self._clock.monotonic() > give_up_at:
                    raise self._failure(error) from error

    async def _refused(self, document: Mapping[str, Any], command: Command, error: DuplicateKeyError) -> Result[T]:
        present = await self.find(document["_id"])
        if present is None:
            raise AlreadyHeld(tuple((error.details or {}).get("keyPattern", {}))) from None
        return self.recreated(present, command)

    @staticmethod
    def recreated(present: Loaded[T], command: Command) -> Result[T]:
        """The answer to a command that created `present` before. Raises KeyReused when it was another command."""
        origin = present.document.get("origin", {})
        if origin.get("id") != command.id or origin.get("digest") != command.digest:
            raise KeyReused(command.key or command.id) from None
        return Result(present.value, present, changed=True, replayed=True)

    async def _ask(self, question: Awaitable[Any]) -> Any:
        try:
            return await question
        except PyMongoError as error:
            raise self._failure(error) from error

    def _failure(self, error: PyMongoError) -> Exception:
        if is_full(error):
            text = f"This {self.kind.label} takes no more until what it holds is logged. Nothing is lost; try again."
            return Unavailable(text)
        return unavailable(error) if is_transient(error) or is_crossed(error) else error


def _held_elsewhere(error: DuplicateKeyError) -> frozenset[str]:
    """The values that the unique index refused. Raises the error when it names none."""
    found = frozenset(str(value) for value in (error.details or {}).get("keyValue", {}).values())
    if not found:
        raise error
    return found


def _remembered(document: Mapping[str, Any], command: Command) -> Mapping[str, Any] | None:
    for mark in document.get("applied", ()):
        if mark["id"] == command.id:
            if mark["digest"] != command.digest:
                raise KeyReused(command.key or command.id)
            return mark  # type: ignore[no-any-return]
    origin = document.get("origin", {})
    if origin.get("id") == command.id:
        return {"changed": True}
    return None
