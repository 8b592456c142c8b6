"""`tocsin doctor`: is everything there that Tocsin needs, and fit for it?"""

import asyncio

from shared.broker import probe
from shared.domain.errors import Failure
from shared.settings import Settings
from shared.store.client import UnfitServer
from shared.store.store import open_store


async def examine(settings: Settings) -> bool:
    """Print a line for each server; whether all is well."""
    verdicts = [await _mongo(settings), await _broker(settings), await _smtp(settings)]
    return all(verdicts[:2])


async def _mongo(settings: Settings) -> bool:
    try:
        async with open_store(settings, "doctor") as store:
            await store.ping()
            head = await store.log.head()
    except (UnfitServer, Failure) as error:
        print(f"MongoDB   FAILED  {error}")
        return False
    print(f"MongoDB   ok      the log has {head} entries")
    return True


async def _broker(settings: Settings) -> bool:
    try:
        state = await probe.look(settings.amqp_url.get_secret_value())
    except probe.BrokerError as error:
        print(f"RabbitMQ  FAILED  {error}")
        return False
    print(f"RabbitMQ  ok      {state}")
    return True


async def _smtp(settings: Settings) -> bool:
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        async with asyncio.timeout(3):
            _, writer = await asyncio.open_connection(settings.smtp_host, settings.smtp_port)
    except (OSError, TimeoutError):
        print(f"SMTP      absent  nothing answers at {where}; the e-mail channel will fail")
        return False
    writer.close()
    print(f"SMTP      ok      {where}")
    return True
