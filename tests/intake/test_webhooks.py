"""`POST /intake/<format>` on real processes: events in every format, with the key in a header or the URL."""

import json
from typing import Any

import httpx2
import pytest

from shared.domain.incident import Incident
from shared.domain.integrations import Format, Integration, IntegrationKey, Mapping
from shared.domain.lifecycle import Status
from shared.formats import LARGEST
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


async def key_of(world: World, form: Format, **settings: Any) -> str:
    """The key of a new integration of that format."""

    def make(key: IntegrationKey) -> Integration:
        return Integration(f"source-{form}", "Source", form, key.created_at, keys=(key,), **settings)

    return (await world.store.integrations.issue(make, by())).key or ""


async def post(url: str, body: Any, **more: Any) -> httpx2.Response:
    """Send a body as JSON, unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(timeout=20) as http:
        return await http.post(url, content=content, **more)


async def incident_of(world: World, form: Format, dedup_key: str) -> Incident:
    """The incident that an event of the format's integration opened."""

    async def opened() -> Any:
        return await world.store.incidents.holder(f"source-{form}|{dedup_key}")

    found: Incident = (await until(opened, "the incident is opened")).value
    return found


@pytest.mark.parametrize(("path", "form"), [("alertmanager", Format.ALERTMANAGER), ("grafana", Format.GRAFANA)])
async def test_a_group_fires_and_resolves(world: World, api: str, path: str, form: Format) -> None:
    """A group is an incident, which ends when its alerts do."""
    key = await key_of(world, form)
    bearer = {"Authorization": f"Bearer {key}"}
    answer = await post(f"{api}/intake/{path}", ALERTMANAGER, headers=bearer)
    assert answer.status_code == 202, answer.text
    (dedup_key,) = answer.json()["dedup_keys"]

    incident = await incident_of(world, form, dedup_key)
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


async def test_attributes_in_headers(world: World, api: str) -> None:
    """A CloudEvent in binary mode reaches the workers with its headers."""
    key = await key_of(world, Format.CLOUDEVENTS)
    headers = {f"ce-{name}": value for name, value in CLOUDEVENT.items() if isinstance(value, str)}
    headers |= {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    answer = await post(f"{api}/intake/events", CLOUDEVENT["data"], headers=headers)
    assert answer.status_code == 202, answer.text
    incident = await incident_of(world, Format.CLOUDEVENTS, answer.json()["dedup_keys"][0])
    assert incident.title == "Disk full on db1"


async def test_a_mapping(world: World, api: str) -> None:
    """Any JSON becomes an event by the integration's expressions."""
    mapping = Mapping(title="check.text", dedup_key="check.name")
    key = await key_of(world, Format.GENERIC, mapping=mapping)
    body = {"check": {"name": "disk", "text": "Disk full on db1"}}
    answer = await post(f"{api}/intake/generic?key={key}", body)
    assert (answer.status_code, answer.json()["dedup_keys"]) == (202, ["disk"]), answer.text
    assert (await incident_of(world, Format.GENERIC, "disk")).title == "Disk full on db1"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("alertmanager", Format.ALERTMANAGER),
        ("grafana", Format.GRAFANA),
        ("events", Format.CLOUDEVENTS),
        ("generic", Format.GENERIC),
    ],
)
async def test_too_large(world: World, path: str, form: Format) -> None:
    """It is answered 413, by each endpoint."""
    api, key = await world.start_api(), await key_of(world, form)
    answer = await post(f"{api}/intake/{path}?key={key}", b" " * (LARGEST[form] + 1))
    assert (answer.status_code, answer.json()["reason"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("intake/alertmanager", Format.ALERTMANAGER, 503),
        ("intake/grafana", Format.GRAFANA, 503),
        ("intake/events", Format.CLOUDEVENTS, 429),
        ("intake/generic", Format.GENERIC, 429),
    ],
)
async def test_too_fast(world: World, path: str, form: Format, status: int) -> None:
    """It is told to try again, in the way that its sender heeds."""
    api = await world.start_api(TOCSIN_INTAKE_RATE="0.02")
    url = f"{api}/{path}?key={await key_of(world, form)}"
    assert (await post(url, b"{")).status_code == 400
    answer = await post(url, b"{")
    assert (answer.status_code, answer.json()["status"]) == (status, "busy")
    assert 1 <= int(answer.headers["Retry-After"]) <= 50
