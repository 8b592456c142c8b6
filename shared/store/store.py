"""Everything that is kept, in one value that the services open at their start and close at their end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from shared.domain.catalog import Policy
from shared.domain.notification import Notification
from shared.settings import Settings
from shared.store import catalog, client, indexes
from shared.store.clock import Clock
from shared.store.incidents import Incidents
from shared.store.log import Log
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
    policies: Aggregates[Policy]
    organization: catalog.OrganizationStore
    tokens: Tokens
    notifications: Aggregates[Notification]
    log: Log
    relay: RelayStore
    retries: Retries
    ping: Callable[[], Awaitable[None]]
    drop: Callable[[], Awaitable[None]]

    def wake_on_write(self, wake: Wake) -> None:
        """Call `wake` with the outbox after each write of this process that left facts to relay."""
        for aggregates in (
            self.incidents, self.services, self.users, self.policies, self.organization, self.tokens,
        ):  # fmt: skip
            aggregates.wake = wake


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
        policies=Aggregates(database, clock, catalog.POLICIES),
        organization=catalog.OrganizationStore(database, clock),
        tokens=Tokens(database, clock),
        notifications=Aggregates(database, clock, catalog.NOTIFICATIONS),
        log=Log(database),
        relay=RelayStore(database),
        retries=Retries(database),
        ping=ping,
        drop=drop,
    )
