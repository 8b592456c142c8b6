"""The intake: raw events are kept as they came, then read, and applied, all those of one dedup key in one write.

Any worker keeps; one at a time reads and applies. The lease only saves double work: a batch has the same commands
whoever applies it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared import formats
from shared.broker.intake import INTEGRATION, RECEIVED_AT, RawEvent, user_of
from shared.crashpoints import reached
from shared.domain.alerts import Received, Rules, Unheard, in_order, open_key
from shared.domain.commands import Actor, ActorKind, Command, identity
from shared.domain.errors import InvalidInput, Unavailable
from shared.domain.events import Reason, Unprocessable
from shared.domain.incident import Incident
from shared.domain.integrations import Integration
from shared.settings import Settings
from shared.store.client import PyMongoError
from shared.store.received import Batch, Outcome, RawRow, State
from shared.store.store import Store
from shared.telemetry import logger
from shared.wire import LARGEST_MESSAGE

log = logger("intake")

LEASE_NAME = "intake"
AT_ONCE = 500
TOGETHER = 32
"""How many dedup keys are applied at once."""

IDLE = 0.5
"""Seconds between two looks for what another worker has kept."""

LONGEST_HEADER = 1_000
UNKNOWN = ""
"""In place of the integration of an event that nobody is known to have sent."""


class Intake:
    """The intake of this process."""

    def __init__(self, store: Store, settings: Settings, owner: str) -> None:
        self._store = store
        self._settings = settings
        self._owner = owner
        self._ours = user_of(settings.amqp_url.get_secret_value())
        self._rung = asyncio.Event()

    async def keep(self, messages: Sequence[RawEvent]) -> None:
        """Keep what came; returns when it is durable. While the database is away it waits, and the broker holds on."""
        while True:
            try:
                rows = [await self._row(message) for message in messages]
                await self._store.received.keep(rows)
                break
            except (Unavailable, PyMongoError) as error:
                log.warning("the database is away; events wait in the broker", error=type(error).__name__)
                await asyncio.sleep(1)
        reached("intake.after_keep")
        self._rung.set()

    async def _row(self, message: RawEvent) -> RawRow:
        """What is too large for any format is cut to what still shows that: a document has a limit too."""
        sender = await self._sender(message)
        now = self._store.clock.now()
        name = identity("event", sender, message.id) if message.id else identity("event", sender, message.body, now)
        return RawRow(
            id=name,
            integration_id=sender,
            at=_moment(message.headers.get(RECEIVED_AT)) or now,
            body=message.body[: LARGEST_MESSAGE + 1],
            headers={key: value[:LONGEST_HEADER] for key, value in message.headers.items()},
            is_urgent=message.is_urgent,
        )

    async def _sender(self, message: RawEvent) -> str:
        """Whose it is: as Tocsin's own user says, else by the broker user who published it."""
        if message.user == self._ours:
            return message.headers.get(INTEGRATION, UNKNOWN)
        found = await self._store.integrations.by_publisher(message.user) if message.user else None
        return found.id if found else UNKNOWN

    async def run(self) -> None:
        """Read and apply until cancelled."""
        try:
            while True:
                self._rung.clear()
                if not await self._goes_on():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(IDLE):
                            await self._rung.wait()
        finally:
            with suppress(Exception):
                await self._store.relay.release_lease(self._owner, LEASE_NAME)

    async def _goes_on(self) -> bool:
        try:
            return await self.advance()
        except (Unavailable, PyMongoError) as error:
            log.warning("events cannot be applied now; they wait", error=type(error).__name__)
        except Exception:
            log.exception("events cannot be applied; they wait, and everything else goes on")
        return False

    async def advance(self) -> bool:
        """One batch. Whether there may be more at once."""
        if not await self._store.received.is_any_pending():
            return False
        if not await self._store.relay.hold_lease(self._owner, LEASE_NAME):
            return False
        batch = await self._store.received.take(AT_ONCE)
        if batch is None:
            return False
        await self._apply(batch)
        return True

    async def _apply(self, batch: Batch) -> None:
        sources = await self._store.integrations.many(tuple({row.integration_id for row in batch.rows}))
        groups, refused = _read(batch.rows, sources)
        await self._add_waiting(groups, sources)
        rules = await self._rules(sources)
        places = asyncio.Semaphore(TOGETHER)

        async def one(group: _Group) -> list[Outcome]:
            async with places:
                return await self._applied(batch.name, group, rules[group.integration.id])

        applied = await asyncio.gather(*(one(group) for group in groups.values()))
        reached("intake.after_apply")
        outcomes = _together([*refused, *(outcome for group in applied for outcome in group)])
        await self._store.received.settle(outcomes, self._store.clock.now())

    async def _add_waiting(self, groups: "Mapping[str, _Group]", sources: Mapping[str, Integration]) -> None:
        """What came before its trigger is heard with it."""
        begun = [key for key, group in groups.items() if any(one.is_trigger for one in group.received)]
        waiting = await self._store.received.waiting(begun) if begun else {}
        for key, rows in waiting.items():
            earlier, _ = _read(rows, sources)
            if key in earlier:
                groups[key].received.extend(earlier[key].received)

    async def _rules(self, sources: Mapping[str, Integration]) -> dict[str, Rules]:
        closure = (await self._store.organization.settings()).closure
        window = self._settings.reopen_window
        hit = {source.service_id for source in sources.values() if source.service_id}
        services = await self._store.services.many(tuple(hit))
        teams = {key: (service.team_id,) for key, service in services.items() if service.team_id}
        return {
            key: Rules(source, window, closure, teams.get(source.service_id or "", ()))
            for key, source in sources.items()
        }

    async def _applied(self, batch: str, group: "_Group", rules: Rules) -> list[Outcome]:
        actor = Actor(ActorKind.INTEGRATION, group.integration.id)
        command = Command(identity("intake", batch, group.key), actor, "intake")
        unheard = Unheard()
        received = in_order(group.received)
        try:
            incident = await self._store.incidents.take_in(group.key, received, rules, unheard, command)
        except (Unavailable, PyMongoError):
            raise
        except InvalidInput as error:
            return _refused(received, tuple(issue.message for issue in error.issues))
        except Exception as error:
            # The batch comes again until it is settled: what nobody foresaw must not keep all other events waiting.
            log.exception("events could not be applied", integration=group.integration.id, key=group.key)
            return _refused(received, (f"{type(error).__name__}: {error}"[:LONGEST_HEADER],))
        return [_outcome(one, group.key, incident, unheard) for one in received]


@dataclass(slots=True)
class _Group:
    """The events of one batch under one open key."""

    key: str
    integration: Integration
    received: list[Received]


def _read(rows: Sequence[RawRow], sources: Mapping[str, Integration]) -> tuple[dict[str, _Group], list[Outcome]]:
    """The events by their open keys, and what cannot be read."""
    groups: dict[str, _Group] = {}
    refused: list[Outcome] = []
    for row in rows:
        try:
            integration = _known(row, sources)
            for event in formats.parse(integration, row.headers, row.body):
                key = open_key(integration.id, event.key)
                group = groups.setdefault(key, _Group(key, integration, []))
                group.received.append(Received(row.id, row.at, event))
        except Unprocessable as error:
            refused.append(Outcome(row.id, State.REFUSED, reason=error.reason, errors=error.errors))
    return groups, refused


def _known(row: RawRow, sources: Mapping[str, Integration]) -> Integration:
    integration = sources.get(row.integration_id)
    if integration is None or integration.revoked_at:
        raise Unprocessable(Reason.UNKNOWN_KEY, "No integration is known that this event could be of.")
    return integration


def _refused(received: Sequence[Received], errors: tuple[str, ...]) -> list[Outcome]:
    return [Outcome(one.id, State.REFUSED, reason=Reason.REFUSED, errors=errors) for one in received]


def _outcome(one: Received, key: str, incident: Incident | None, unheard: Unheard) -> Outcome:
    reached_ids = (incident.id,) if incident else ()
    if one.id in unheard.ids:
        return Outcome(one.id, State.WAITING, reached_ids, key)
    return Outcome(one.id, State.DONE, reached_ids)


def _together(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One outcome for each raw event, also for one that brought several events: it waits if one of them does."""
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        known = found.get(outcome.id)
        if known is None:
            found[outcome.id] = outcome
        else:
            last = outcome if outcome.state is State.WAITING else known
            ids = tuple(dict.fromkeys((*known.incident_ids, *outcome.incident_ids)))
            found[outcome.id] = Outcome(last.id, last.state, ids, last.key, last.reason, last.errors)
    return list(found.values())


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
