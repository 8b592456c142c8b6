"""What a worker does, one step at a time: no worker runs beside the API of these tests."""

from datetime import datetime, timedelta

from services.api.graphql.ids import parse_id
from services.worker.relay import Relay
from shared.broker.publisher import Publisher
from shared.domain import triage as domain
from shared.domain.category import categorize
from shared.domain.commands import system
from shared.domain.deadlines import fall_due
from shared.domain.priority import Evidence, assess
from tests.support.graphql import Client
from tests.support.world import World, until


async def relay(world: World) -> None:
    """Log what waits; no message rings the doorbell here, so that streams must find it themselves."""
    relay = Relay(world.store, Publisher(world.settings.amqp_url.get_secret_value(), ()), "test")
    relay._head = await world.store.log.head()
    while found := await world.store.relay.full_outboxes(200):
        await relay.log(found)
        await world.store.relay.trim(found)


async def triage(world: World, incident_id: str) -> None:
    """Give the incident of this global id its priority and its category."""
    key = parse_id("Incident", incident_id)
    incident = await world.store.incidents.get(key)
    _, affected = await world.store.services.affected(incident.service_ids)
    evidence = Evidence(incident.stated_impact, incident.stated_urgency, incident.severity, affected)
    decide = domain.triage(assess(evidence), categorize(incident.title, incident.labels, None))
    await world.store.incidents.update(key, decide, system("triage", key, incident.version))


async def pass_time(client: Client, world: World, incident_id: str, by: timedelta) -> None:
    """Move the clock of all processes, and carry out what became due in this incident."""
    key = parse_id("Incident", incident_id)
    await world.store.clock.move(by)
    now = world.store.clock.now()
    await until(lambda: _api_is_at(client, now), "the API's clock has moved")
    await world.store.incidents.update(key, fall_due({}), system("deadlines", key, now.isoformat()))


async def _api_is_at(client: Client, time: datetime) -> bool:
    async with client.subscribe("subscription { incidentEvents { at } }") as live:
        (first,) = await until(live.items, "the subscription has begun")
    return datetime.fromisoformat(first["at"]) >= time
