"""What becomes of a page when the provider is slow, says no, or nobody can be reached: never silence."""

from shared.domain import catalog
from shared.domain.catalog import Step
from tests.support.receivers import Answer, Received, WebhookReceiver
from tests.support.world import ADA, BO, SECRET, World, by, until


async def types(world: World, incident_id: str) -> list[str]:
    """The incident's facts so far."""
    return [entry.type for entry in await world.store.log.timeline((incident_id,), 0, 100)]


async def test_a_provider_that_is_busy_at_first(world: World, receiver: WebhookReceiver) -> None:
    """A deferred page is sent again under the same id, and told once."""
    receiver.answer = lambda received: Answer(503 if len(receiver.received) < 2 else 200)
    await world.add_person(ADA, "Ada", "webhook", receiver.url)
    await world.add_service(1, (Step((ADA,), 600),))
    world.start_worker()
    incident = await world.report()

    async def sent() -> bool:
        return "notification.sent" in await types(world, incident.id)

    await until(sent, "the page is delivered at the second try", within=20)
    assert len(receiver.received) == 2
    assert len({received.id for received in receiver.received}) == 1
    assert not receiver.received[1].body["data"]["possibleRepeat"], "the provider said no, so there is no doubt"
    assert (await types(world, incident.id)).count("notification.sent") == 1


async def test_a_contact_method_that_is_gone(world: World, receiver: WebhookReceiver) -> None:
    """A refused page goes to the person's next contact method; with none left, the next step is taken at once."""

    def answer(received: Received) -> Answer:
        return Answer(200 if received.target.endswith("/bo") else 410)

    receiver.answer = answer
    await world.add_person(ADA, "Ada", "webhook", receiver.url + "/first")
    second = catalog.ContactMethod("second", "webhook", receiver.url + "/second", secret=SECRET)
    await world.store.users.update(ADA, catalog.add_contact_method(second), by())
    await world.add_person(BO, "Bo", "webhook", receiver.url + "/bo")
    await world.add_service(1, (Step((ADA,), 600), Step((BO,), 600)))
    world.start_worker()
    incident = await world.report()
    await until(
        lambda: any(received.target.endswith("/bo") for received in receiver.received), "Bo is paged", within=20
    )
    assert [received.target.rpartition("/")[2] for received in receiver.received] == ["first", "second", "bo"]
    assert len({received.id for received in receiver.received}) == 3
    entries = await world.store.log.timeline((incident.id,), 0, 100)
    actions = [entry.data["action"] for entry in entries if entry.type == "notification.failed"]
    assert actions == ["trying webhook instead", "going to the next step now"]


async def test_nobody_to_tell(world: World) -> None:
    """Without any policy the incident says that nobody could be told, and when it tries again."""
    world.start_worker()
    incident = await world.report(service_ids=())

    async def exhausted() -> bool:
        return "escalation_exhausted" in await types(world, incident.id)

    await until(exhausted, "it says so")
    (fact,) = [
        entry
        for entry in await world.store.log.timeline((incident.id,), 0, 100)
        if entry.type == "escalation_exhausted"
    ]
    assert fact.data["told"] is False
    assert fact.data["why"] == "there is no escalation policy"
    present = await world.store.incidents.get(incident.id)
    assert "escalate" in present.timers
