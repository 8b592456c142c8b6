"""`POST /intake/<format>` on real processes: events in every format, with the key in a header or the URL."""

import json
from typing import Any

import httpx2
import pytest

from shared.domain.integrations import Format, Integration, IntegrationKey
from shared.domain.lifecycle import Status
from tests.support.world import World, by, until

ALERTMANAGER = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskFull"}',
    "status": "firing",
    "receiver": "tocsin",
    "groupLabels": {"alertname": "DiskFull"},
    "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
    "commonAnnotations": {"summary": "Disk full on db1"},
    "externalURL": "http://alertmanager.example",
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "severity": "critical"},
            "annotations": {"summary": "Disk full on db1"},
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example",
            "fingerprint": "00000000000000a1",
        }
    ],
}
CLOUDEVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/checkout",
    "type": "tocsin.event.trigger",
    "subject": "disk",
    "data": {"summary": "Disk full on db1", "severity": "critical"},
}


@pytest.fixture
async def api(world: World) -> str:
    """The URL of a running API, with a worker beside it."""
    world.start_worker()
    return await world.start_api()


async def key_of(world: World, form: Format) -> str:
    """The key of a new integration of that format."""

    def make(key: IntegrationKey) -> Integration:
        return Integration(f"source-{form}", "Source", form, key.created_at, keys=(key,))

    return (await world.store.integrations.issue(make, by())).key or ""


async def post(url: str, body: Any, **more: Any) -> httpx2.Response:
    """Send a body as JSON, unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(timeout=20) as http:
        return await http.post(url, content=content, **more)


@pytest.mark.parametrize(("path", "form"), [("alertmanager", Format.ALERTMANAGER), ("grafana", Format.GRAFANA)])
async def test_a_group_fires_and_resolves(world: World, api: str, path: str, form: Format) -> None:
    """A group is an incident, which ends when its alerts do."""
    key = await key_of(world, form)
    bearer = {"Authorization": f"Bearer {key}"}
    answer = await post(f"{api}/intake/{path}", ALERTMANAGER, headers=bearer)
    assert answer.status_code == 202, answer.text
    (dedup_key,) = answer.json()["dedup_keys"]

    async def opened() -> Any:
        return await world.store.incidents.holder(f"source-{form}|{dedup_key}")

    incident = (await until(opened, "the incident is opened")).value
    over = json.loads(json.dumps(ALERTMANAGER).replace('"firing"', '"resolved"'))
    answer = await post(f"{api}/intake/{path}", over, headers=bearer)
    assert answer.status_code == 202, answer.text

    async def resolved() -> bool:
        return (await world.store.incidents.get(incident.id)).status is Status.RESOLVED

    await until(resolved, "the incident is resolved")


async def test_where_the_key_may_stand(world: World, api: str) -> None:
    """As a bearer token, as a password, or in the URL; a wrong or missing one is refused and named."""
    key, url = await key_of(world, Format.CLOUDEVENTS), f"{api}/intake/events"
    kind = {"Content-Type": "application/cloudevents+json"}
    assert (await post(url, CLOUDEVENT, headers=kind | {"Authorization": f"Bearer {key}"})).status_code == 202
    assert (await post(url, CLOUDEVENT, headers=kind, auth=("tocsin", key))).status_code == 202
    assert (await post(f"{url}?key={key}", CLOUDEVENT, headers=kind)).status_code == 202
    for wrong in (url, f"{url}?key={key}x", f"{api}/intake/alertmanager?key={key}"):
        answer = await post(wrong, CLOUDEVENT, headers=kind)
        assert (answer.status_code, answer.json()["reason"]) == (401, "UNKNOWN_KEY")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_wrong_body(world: World, api: str) -> None:
    """It is answered 400 with what is wrong with it."""
    key = await key_of(world, Format.ALERTMANAGER)
    answer = await post(f"{api}/intake/alertmanager?key={key}", b"{")
    assert (answer.status_code, answer.json()["status"]) == (400, "refused")
    assert answer.json()["errors"]
