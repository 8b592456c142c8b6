"""Everything that is kept, in one value that the services open at their start and close at their end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.domain.catalog import Policy, Team
from shared.domain.commands import Command, Decision
from shared.domain.errors import NotFound
from shared.domain.notification import Notification
from shared.domain.records import CommandTargets, Payload
from shared.domain.reports import Report
from shared.settings import Settings
from shared.store import catalog, client, indexes, layout, records
from shared.store.action_items import ActionItems
from shared.store.clock import Clock
from shared.store.incidents import Incidents, Reported
from shared.store.integrations import Integrations
from shared.store.log import Log
from shared.store.measures import Measures
from shared.store.received import ReceivedEvents
from shared.store.relay import RelayStore
from shared.store.retries import Retries
from shared.store.tokens import Tokens
from shared.store.update import Aggregates, Result, Wake


@dataclass(frozen=True, slots=True)
class Store:
    """The aggregates, the log, and the worker's own books. `drop` deletes everything (tests and `tocsin dev
    --fresh`).
    """

    clock: Clock
    incidents: Incidents
    services: catalog.Services
    users: catalog.Users
    teams: Aggregates[Team]
    policies: Aggregates[Policy]
    organization: catalog.OrganizationStore
    tokens: Tokens
    notifications: Aggregates[Notification]
    action_items: ActionItems
    integrations: Integrations
    received: ReceivedEvents
    payloads: Aggregates[Payload]
    command_targets: Aggregates[CommandTargets]
    log: Log
    measures: Measures
    relay: RelayStore
    retries: Retries
    ping: Callable[[], Awaitable[None]]
    drop: Callable[[], Awaitable[None]]

    def wake_on_write(self, wake: Wake) -> None:
        """Call `wake` with the outbox after each write of this process that left facts to relay."""
        for aggregates in (
            self.incidents, self.services, self.users, self.teams, self.policies, self.organization, self.tokens,
            self.action_items, self.integrations,
        ):  # fmt: skip
            aggregates.wake = wake

    async def report(self, said: Report, command: Command, reopen_within: timedelta, payload: str | None) -> Reported:
        """Log an incident, with what its source said word for word, or count a repeat. The same command again is
        answered from the incident that took it in, whatever holds the dedup key by now.
        """
        if command.key and said.key and (known := await self.command_targets.find(command.id)):
            return await self._reported_before(self.command_targets.recreated(known, command).value)
        reported = await self.incidents.report(said, command, reopen_within)
        incident_id = reported.result.value.id
        if command.key and reported.deduplicated:
            await self.remember((incident_id,), command)
        if payload is not None and not reported.deduplicated:
            kept = Payload(incident_id, payload, self.clock.now())
            await self.payloads.create(lambda now: Decision(kept), command)
        return reported

    async def _reported_before(self, targets: CommandTargets) -> Reported:
        (holder,) = targets.incident_ids
        loaded = await self.incidents.find(holder)
        if loaded is None:
            raise NotFound("incident", holder)
        return Reported(Result(loaded.value, loaded, changed=False, replayed=True), deduplicated=True)

    async def remember(self, incident_ids: tuple[str, ...], command: Command) -> CommandTargets:
        """Remember which incidents a command reached; for the same command again, which it reached then."""
        targets = CommandTargets(command.id, self.clock.now(), incident_ids)
        return (await self.command_targets.create(lambda now: Decision(targets), command)).value


@asynccontextmanager
async def open_store(settings: Settings, role: str) -> AsyncIterator[Store]:
    """Connect, refuse a server that cannot keep our promises, build the indexes, and keep the clock true
    meanwhile.
    """
    connection = client.connect(settings, role)
    try:
        await client.check_promises(connection)
        database = client.database(connection, settings)
        await layout.check(database)
        await indexes.build(database)
        clock = Clock(database, movable=settings.movable_clock)
        await clock.read()
        ticking = asyncio.create_task(clock.run())
        try:
            yield _assemble(database, clock)
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
    finally:
        connection.close()


def _assemble(database: Any, clock: Clock) -> Store:
    async def ping() -> None:
        await database.command("ping")

    async def drop() -> None:
        await database.client.drop_database(database.name)

    return Store(
        clock=clock,
        incidents=Incidents(database, clock),
        services=catalog.Services(database, clock),
        users=catalog.Users(database, clock),
        teams=Aggregates(database, clock, catalog.TEAMS),
        policies=Aggregates(database, clock, catalog.POLICIES),
        organization=catalog.OrganizationStore(database, clock),
        tokens=Tokens(database, clock),
        notifications=Aggregates(database, clock, catalog.NOTIFICATIONS),
        action_items=ActionItems(database, clock),
        integrations=Integrations(database, clock),
        received=ReceivedEvents(database),
        payloads=Aggregates(database, clock, records.PAYLOADS),
        command_targets=Aggregates(database, clock, records.COMMAND_TARGETS),
        log=Log(database),
        measures=Measures(database),
        relay=RelayStore(database),
        retries=Retries(database),
        ping=ping,
        drop=drop,
    )
