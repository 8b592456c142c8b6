"""Everything that is kept, in one value that the services open at their start and close at their end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.domain.catalog import Policy, Team
from shared.domain.commands import Command, Decision
from shared.domain.notification import Notification
from shared.domain.records import BulkChoice, Payload
from shared.domain.reports import Report, refuse_bad_report
from shared.settings import Settings
from shared.store import catalog, client, indexes, records
from shared.store.action_items import ActionItems
from shared.store.clock import Clock
from shared.store.incidents import Incidents, Reported
from shared.store.log import Log
from shared.store.measures import Measures
from shared.store.relay import RelayStore
from shared.store.retries import Retries
from shared.store.tokens import Tokens
from shared.store.update import Aggregates, Wake


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
    payloads: Aggregates[Payload]
    bulk_choices: Aggregates[BulkChoice]
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
            self.action_items,
        ):  # fmt: skip
            aggregates.wake = wake

    async def report(self, said: Report, command: Command, reopen_within: timedelta, payload: str | None) -> Reported:
        """Log an incident, with what its source said word for word. The payload is kept first: an incident that is
        told of has it.
        """
        incident_id = self.incidents.id_for(command)
        if payload is not None:
            refuse_bad_report(said, self.clock.now())
            kept = Payload(incident_id, payload, self.clock.now())
            await self.payloads.create(lambda now: Decision(kept), command)
        return await self.incidents.report(said, command, reopen_within, incident_id)

    async def choose(self, incident_ids: tuple[str, ...], command: Command) -> BulkChoice:
        """Remember what a bulk command's filter matched; for the same command again, what it matched then."""
        choice = BulkChoice(command.id, incident_ids, self.clock.now())
        return (await self.bulk_choices.create(lambda now: Decision(choice), command)).value


@asynccontextmanager
async def open_store(settings: Settings, role: str) -> AsyncIterator[Store]:
    """Connect, refuse a server that cannot keep our promises, build the indexes, and keep the clock true
    meanwhile.
    """
    connection = client.connect(settings, role)
    try:
        await client.check_promises(connection)
        database = client.database(connection, settings)
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
        payloads=Aggregates(database, clock, records.PAYLOADS),
        bulk_choices=Aggregates(database, clock, records.BULK_CHOICES),
        log=Log(database),
        measures=Measures(database),
        relay=RelayStore(database),
        retries=Retries(database),
        ping=ping,
        drop=drop,
    )
