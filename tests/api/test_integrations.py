"""Integrations: created, changed, given new keys and revoked by administrators; seen by everybody, without a secret."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.api.graphql.ids import parse_id
from shared.domain.commands import Actor, ActorKind, Command, identity
from shared.domain.diagnosis import add_note
from shared.domain.integrations import Integration
from shared.store.tokens import digest_of
from shared.wire import global_id
from tests.support.graphql import Client, faults
from tests.support.world import World, until

CHECKOUT = global_id("Service", "service-checkout")
NOBODY = global_id("Integration", "f" * 32)
WEEK = timedelta(days=7)

FIELDS = """id name format createdAt revokedAt version
  service { name } severities { word severity } keys { createdAt expiresAt }
  onAcknowledge onResolve resolveDelaySeconds"""
PAGE = """query($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  integrations(first: $first, after: $after, last: $last, before: $before) {
    nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def created(client: Client, **asked: Any) -> dict[str, Any]:
    """The success of a creation, which must succeed."""
    asked = {"name": "Grafana", "format": "PAGERDUTY", **asked}
    made = await client.other("createIntegration", f"key replayed integration {{ {FIELDS} }}", **asked)
    assert made["__typename"] == "CreateIntegrationSuccess", made
    return made


async def rotated(client: Client, integration_id: str, **asked: Any) -> dict[str, Any]:
    """The success of a rotation, which must succeed."""
    fields = f"key replayed integration {{ {FIELDS} }}"
    made = await client.other("rotateIntegrationKey", fields, id=integration_id, **asked)
    assert made["__typename"] == "RotateIntegrationKeySuccess", made
    return made


async def shown(client: Client, integration_id: str) -> Any:
    """What `integration` says of it."""
    return (await client.ask(f"query($id: ID!) {{ integration(id: $id) {{ {FIELDS} }} }}", id=integration_id))[
        "integration"
    ]


async def kept(world: World, integration_id: str) -> Integration:
    """What the store has of it."""
    return await world.store.integrations.get(parse_id("Integration", integration_id))


async def holder(world: World, key: str | None) -> Integration | None:
    """Whose key it is, working or not."""
    return await world.store.integrations.by_digest(digest_of(key or ""))


async def working(world: World, integration_id: str) -> list[str]:
    """The hashes of the keys that work now."""
    now = world.store.clock.now()
    return [key.digest for key in (await kept(world, integration_id)).keys if key.holds(now)]


def has_words(*words: str) -> dict[str, Any]:
    """The severities of an input, all of them errors."""
    return {"severities": [{"word": word, "severity": "ERROR"} for word in words]}


async def test_the_least(client: Client, served: World) -> None:
    """A name and a format: the rest is as documented, and there is one key without an end."""
    made = await created(client)
    integration = made["integration"]
    assert made["replayed"] is False
    (key,) = integration.pop("keys")
    assert key == {"createdAt": integration["createdAt"], "expiresAt": None}
    assert abs(datetime.fromisoformat(integration.pop("createdAt")) - served.store.clock.now()) < timedelta(minutes=1)
    assert parse_id("Integration", integration.pop("id"))
    assert integration == {
        "name": "Grafana",
        "format": "PAGERDUTY",
        "revokedAt": None,
        "version": 1,
        "service": None,
        "severities": [],
        "onAcknowledge": "ACKNOWLEDGE",
        "onResolve": "RESOLVE",
        "resolveDelaySeconds": 300,
    }


async def test_everything(client: Client, served: World) -> None:
    """All that can be said is kept and shown; words of severities are lower-cased."""
    said = {
        "name": "Home-made",
        "format": "PAGERDUTY",
        "severities": [{"word": "PAGE.ME", "severity": "CRITICAL"}, {"word": "$Low", "severity": "INFO"}],
        "onAcknowledge": "NOTHING",
        "onResolve": "DELAYED",
        "resolveDelaySeconds": 86_400,
    }
    integration = (await created(client, serviceId=CHECKOUT, **said))["integration"]
    words = [{"word": "page.me", "severity": "CRITICAL"}, {"word": "$low", "severity": "INFO"}]
    assert integration | said | {"severities": words, "service": {"name": "checkout"}} == integration
    assert await shown(client, integration["id"]) == integration
    assert (await kept(served, integration["id"])).service_id == "service-checkout"


async def test_a_key_is_told_once(client: Client, served: World) -> None:
    """It has 32 hexadecimal characters; only its hash is kept, and no answer ever shows that or the key again."""
    made = await created(client, idempotencyKey="once")
    key = made["key"]
    assert re.fullmatch("[0-9a-f]{32}", key)
    integration_id = made["integration"]["id"]
    raw = await served.store.integrations.collection.find_one({"_id": parse_id("Integration", integration_id)})
    assert raw and key not in str(raw)
    assert [entry["digest"] for entry in raw["keys"]] == [digest_of(key)]
    assert await holder(served, key) == await kept(served, integration_id)
    again = await created(client, idempotencyKey="once")
    assert (again["key"], again["replayed"]) == (None, True)
    assert again["integration"] == made["integration"]
    other = await client.other("createIntegration", "key", name="Other", format="PAGERDUTY", idempotencyKey="once")
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await created(client))["key"] != key


async def test_no_field_shows_a_secret(client: Client) -> None:
    """Keys have their times and nothing else."""
    (wrong,) = await client.errors("{ integrations { nodes { keys { digest } } } }")
    assert wrong["message"] == "Cannot query field 'digest' on type 'IntegrationKey'."


async def test_rotation(client: Client, served: World) -> None:
    """The key before works for the overlap; the one before that ends at once."""
    made = await created(client)
    integration_id, first = made["integration"]["id"], made["key"]
    answer = await rotated(client, integration_id)
    second = answer["key"]
    assert re.fullmatch("[0-9a-f]{32}", second) and second != first
    assert answer["integration"]["version"] == 2
    before, present = answer["integration"]["keys"]
    assert datetime.fromisoformat(before["expiresAt"]) - datetime.fromisoformat(present["createdAt"]) == WEEK
    assert present["expiresAt"] is None
    assert await working(served, integration_id) == [digest_of(first), digest_of(second)]
    assert await holder(served, first) == await holder(served, second) == await kept(served, integration_id)

    third = (await rotated(client, integration_id, overlapSeconds=3600))["key"]
    assert await working(served, integration_id) == [digest_of(second), digest_of(third)]
    assert await holder(served, first) is None
    await served.store.clock.move(timedelta(seconds=3601))
    assert await working(served, integration_id) == [digest_of(third)]

    fourth = (await rotated(client, integration_id, overlapSeconds=0))["key"]
    await until(lambda: _works_alone(served, integration_id, fourth), "the key without an overlap has ended")


async def _works_alone(world: World, integration_id: str, key: str) -> bool:
    return await working(world, integration_id) == [digest_of(key)]


async def test_a_rotation_again(client: Client, served: World) -> None:
    """The same ask does not rotate twice, and tells no key."""
    integration_id = (await created(client))["integration"]["id"]
    first = await rotated(client, integration_id, idempotencyKey="turn")
    again = await rotated(client, integration_id, idempotencyKey="turn")
    assert first["key"] and not first["replayed"]
    assert (again["key"], again["replayed"], again["integration"]) == (None, True, first["integration"])
    assert len((await kept(served, integration_id)).keys) == 2


async def test_revocation(client: Client, served: World) -> None:
    """No key works any more and none is made; it can still be seen. Revoking twice changes nothing."""
    made = await created(client)
    integration_id = made["integration"]["id"]
    fields = "changed replayed integration { version revokedAt keys { createdAt } }"
    revoked = await client.other("revokeIntegration", fields, id=integration_id, idempotencyKey="end")
    assert (revoked["changed"], revoked["replayed"]) == (True, False)
    assert revoked["integration"]["revokedAt"]
    assert (revoked["integration"]["version"], revoked["integration"]["keys"]) == (2, [])
    assert await holder(served, made["key"]) is None
    replayed = await client.other("revokeIntegration", fields, id=integration_id, idempotencyKey="end")
    assert replayed == revoked | {"replayed": True}
    again = await client.other("revokeIntegration", fields, id=integration_id)
    assert again == revoked | {"changed": False}
    refused = await client.other("rotateIntegrationKey", "key", id=integration_id)
    assert faults(refused) == [("input.id", "REVOKED")]
    assert (await shown(client, integration_id))["keys"] == []


async def test_revocation_frees_nothing_else(client: Client, served: World) -> None:
    """Two that have no keys, and no publisher, do not disturb each other."""
    for _ in range(2):
        integration_id = (await created(client))["integration"]["id"]
        assert (await client.other("revokeIntegration", "changed", id=integration_id))["changed"]


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ({"name": "Prometheus"}, {"name": "Prometheus"}),
        ({"serviceId": CHECKOUT}, {"service": {"name": "checkout"}}),
        (has_words("SEV1"), {"severities": [{"word": "sev1", "severity": "ERROR"}]}),
        ({"onAcknowledge": "NOTHING"}, {"onAcknowledge": "NOTHING"}),
        ({"onResolve": "UNATTENDED"}, {"onResolve": "UNATTENDED"}),
        ({"resolveDelaySeconds": 0}, {"resolveDelaySeconds": 0}),
        ({"name": "Both", "onResolve": "NOTHING"}, {"name": "Both", "onResolve": "NOTHING"}),
    ],
    ids=lambda value: "+".join(value),
)
async def test_an_update(client: Client, asked: dict[str, Any], after: dict[str, Any]) -> None:
    """What is given is changed and nothing else; asked again it changes nothing, and neither do nulls."""
    before = (await created(client))["integration"]
    fields = f"changed replayed integration {{ {FIELDS} }}"
    updated = await client.other("updateIntegration", fields, id=before["id"], **asked)
    expected = before | after | {"version": 2}
    assert (updated["changed"], updated["replayed"], updated["integration"]) == (True, False, expected)
    again = await client.other("updateIntegration", fields, id=before["id"], **asked)
    assert (again["changed"], again["integration"]) == (False, expected)
    nulls = dict.fromkeys(("name", "severities", "onAcknowledge", "onResolve", "resolveDelaySeconds"))
    idle = await client.other("updateIntegration", fields, id=before["id"], **nulls)
    assert (idle["changed"], idle["integration"]) == (False, expected)
    assert await shown(client, before["id"]) == expected


async def test_what_can_be_taken_away(client: Client) -> None:
    """Null takes away the service, an empty list the words."""
    whole = {"serviceId": CHECKOUT, **has_words("bad")}
    before = (await created(client, **whole))["integration"]
    away: dict[str, Any] = {"serviceId": None, "severities": []}
    updated = await client.other("updateIntegration", f"integration {{ {FIELDS} }}", id=before["id"], **away)
    gone: dict[str, Any] = {"service": None, "severities": []}
    assert updated["integration"] == before | gone | {"version": 2}


async def test_an_update_again(client: Client) -> None:
    """The same ask is answered with the present state and done once; with other input it is refused."""
    integration_id = (await created(client))["integration"]["id"]
    ask = {"id": integration_id, "idempotencyKey": "rename"}
    assert (await client.other("updateIntegration", "replayed", **ask, name="One"))["replayed"] is False
    assert (await client.other("updateIntegration", "changed", id=integration_id, name="Two"))["changed"]
    again = await client.other("updateIntegration", "replayed integration { name }", **ask, name="One")
    assert (again["replayed"], again["integration"]) == (True, {"name": "Two"})
    other = await client.other("updateIntegration", "replayed", **ask, name="Three")
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("mutation", ["createIntegration", "updateIntegration"])
@pytest.mark.parametrize(
    ("wrong", "place", "code"),
    [
        ({"name": ""}, "name", "EMPTY"),
        ({"name": " \t"}, "name", "EMPTY"),
        ({"name": "x" * 201}, "name", "LENGTH"),
        ({"serviceId": global_id("Service", "none")}, "serviceId", "NOT_FOUND"),
        ({"resolveDelaySeconds": -1}, "resolveDelaySeconds", "OUT_OF_RANGE"),
        ({"resolveDelaySeconds": 86_401}, "resolveDelaySeconds", "OUT_OF_RANGE"),
        (has_words("fine", ""), "severities.1.word", "EMPTY"),
        (has_words("fine", "x" * 51), "severities.1.word", "LENGTH"),
        (has_words("nul\0"), "severities.0.word", "INVALID"),
        (has_words("Bad", "other", "bAD"), "severities.2.word", "REPEATED"),
        (has_words(*map(str, range(31))), "severities", "TOO_MANY"),
    ],
)
async def test_a_bad_setting(client: Client, mutation: str, wrong: dict[str, Any], place: str, code: str) -> None:
    """It is an issue with its place, in a creation as in a change, and nothing is written."""
    asked: dict[str, Any] = {"name": "x", "format": "PAGERDUTY"}
    before = None
    if mutation == "updateIntegration":
        before = (await created(client))["integration"]
        asked = {"id": before["id"]}
    refused = await client.other(mutation, "integration { id }", **{**asked, **wrong})
    assert (refused["__typename"], faults(refused)) == ("ValidationError", [(f"input.{place}", code)])
    if before:
        assert await shown(client, before["id"]) == before


async def test_every_fault_at_once(client: Client) -> None:
    """Those of the input itself are told together."""
    refused = await client.other("createIntegration", "key", name="", format="PAGERDUTY", resolveDelaySeconds=-1)
    assert {place for place, _ in faults(refused)} == {
        "input.name", "input.resolveDelaySeconds",
    }  # fmt: skip


@pytest.mark.parametrize("seconds", [-1, 90 * 86_400 + 1, 2**31 - 1])
async def test_a_bad_overlap(client: Client, seconds: int) -> None:
    """It is 0 to 90 days; the present key stays alone."""
    before = (await created(client))["integration"]
    refused = await client.other("rotateIntegrationKey", "key", id=before["id"], overlapSeconds=seconds)
    assert faults(refused) == [("input.overlapSeconds", "OUT_OF_RANGE")]
    assert await shown(client, before["id"]) == before


@pytest.mark.parametrize("seconds", [1, 90 * 86_400])
async def test_the_bounds_of_the_overlap(client: Client, seconds: int) -> None:
    """Both are allowed."""
    integration_id = (await created(client))["integration"]["id"]
    assert (await rotated(client, integration_id, overlapSeconds=seconds))["key"]


@pytest.mark.parametrize("name", ["ALERTMANAGER", "GRAFANA", "CLOUDEVENTS"])
async def test_every_format(client: Client, name: str) -> None:
    """Each can be asked for."""
    made = (await created(client, format=name))["integration"]
    assert made["format"] == name


MAPPING = "mapping { title action dedupKey severity source description at labels url }"
NO_MAPPING: dict[str, Any] = dict.fromkeys(
    ("title", "action", "dedupKey", "severity", "source", "description", "at", "labels", "url")
)


async def test_a_mapping(client: Client) -> None:
    """It is kept as given, changed whole, taken away by null, and null for every other format."""
    given = {"title": "check.text", "dedupKey": "check.name"}
    made = await client.other(
        "createIntegration", f"integration {{ id {MAPPING} }}", name="x", format="GENERIC", mapping=given
    )
    assert made["integration"]["mapping"] == NO_MAPPING | given
    ask = {"id": made["integration"]["id"]}
    fields = f"changed integration {{ {MAPPING} }}"
    for mapping in ({"title": "text"}, None):
        updated = await client.other("updateIntegration", fields, **ask, mapping=mapping)
        assert (updated["changed"], updated["integration"]["mapping"]) == (True, NO_MAPPING | (mapping or {}))
    other = await client.other("createIntegration", f"integration {{ {MAPPING} }}", name="x", format="PAGERDUTY")
    assert other["integration"]["mapping"] is None


@pytest.mark.parametrize("mutation", ["createIntegration", "updateIntegration"])
@pytest.mark.parametrize(
    ("form", "mapping", "place"),
    [
        ("PAGERDUTY", {"title": "text"}, "mapping"),
        ("GENERIC", {"title": "text", "dedupKey": "a.["}, "mapping.dedupKey"),
        ("GENERIC", {"title": "x" * 501}, "mapping.title"),
    ],
)
async def test_a_bad_mapping(client: Client, mutation: str, form: str, mapping: dict[str, str], place: str) -> None:
    """It is refused with its place, and nothing is written."""
    asked: dict[str, Any] = {"name": "x", "format": form}
    before = None
    if mutation == "updateIntegration":
        before = (await created(client, format=form))["integration"]
        asked = {"id": before["id"]}
    refused = await client.other(mutation, "integration { id }", **asked, mapping=mapping)
    assert refused["__typename"] == "ValidationError"
    assert [at for at, _ in faults(refused)] == [f"input.{place}"]
    if before:
        assert await shown(client, before["id"]) == before


async def test_who_may(client: Client, viewer: Client, bo: Client, served: World) -> None:
    """Everybody sees them; only an administrator changes anything."""
    integration = (await created(client))["integration"]
    for one in (viewer, bo):
        assert await shown(one, integration["id"]) == integration
        asks: dict[str, dict[str, Any]] = {
            "createIntegration": {"name": "x", "format": "PAGERDUTY"},
            "updateIntegration": {"id": integration["id"], "name": "x"},
            "rotateIntegrationKey": {"id": integration["id"]},
            "revokeIntegration": {"id": integration["id"]},
        }
        for mutation, asked in asks.items():
            refused = await one.other(mutation, "__typename", **asked)
            assert (refused["__typename"], refused["code"]) == ("ForbiddenError", "FORBIDDEN")
    assert await shown(client, integration["id"]) == integration


@pytest.mark.parametrize("mutation", ["updateIntegration", "rotateIntegrationKey", "revokeIntegration"])
async def test_nobody(client: Client, mutation: str) -> None:
    """What does not exist cannot be changed, and what is asked for is null."""
    refused = await client.other(mutation, "__typename", id=NOBODY)
    assert (refused["__typename"], refused["code"]) == ("NotFoundError", "NOT_FOUND")
    assert await shown(client, NOBODY) is None
    assert await client.ask("query($id: ID!) { node(id: $id) { id } }", id=NOBODY) == {"node": None}


async def test_a_wrong_id(client: Client) -> None:
    """The id of something else, and no id at all, are issues of the argument."""
    for wrong, code in ((CHECKOUT, "WRONG_TYPE"), ("nonsense", "MALFORMED_ID")):
        (error,) = await client.errors("query($id: ID!) { integration(id: $id) { id } }", id=wrong)
        (issue,) = error["extensions"]["issues"]
        assert (issue["path"], issue["code"]) == (["id"], code)


async def test_node(client: Client) -> None:
    """It is found by its id alone."""
    integration = (await created(client))["integration"]
    query = f"query($id: ID!) {{ node(id: $id) {{ __typename ... on Integration {{ {FIELDS} }} }} }}"
    assert (await client.ask(query, id=integration["id"]))["node"] == {"__typename": "Integration", **integration}


async def test_the_list(client: Client) -> None:
    """Oldest first, in pages from both ends, revoked ones too."""
    made = [(await created(client, name=f"listed {n}"))["integration"]["id"] for n in range(5)]
    await client.other("revokeIntegration", "changed", id=made[1])
    whole = await pages(client)
    assert [one for one in whole if one in made] == made
    last = (await client.ask(PAGE, last=2))["integrations"]
    assert [node["id"] for node in last["nodes"]] == whole[-2:]
    earlier = (await client.ask(PAGE, last=2, before=last["pageInfo"]["startCursor"]))["integrations"]
    assert [edge["node"]["id"] for edge in earlier["edges"]] == whole[-4:-2]
    (error,) = await client.errors(PAGE, first=2, after="bm9uc2Vuc2U")
    assert error["extensions"]["issues"][0]["code"] == "MALFORMED_CURSOR"


async def pages(client: Client) -> list[str]:
    """The ids of all, read in pages of three."""
    found: list[str] = []
    after = None
    while True:
        page = (await client.ask(PAGE, first=3, after=after))["integrations"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def test_it_has_a_name_on_the_timeline(client: Client, served: World) -> None:
    """What a source did is told with its present name, and its id leads to it; one that is unknown has no name."""
    integration_id = (await created(client, name="Old name"))["integration"]["id"]
    incident = await client.report("reported")
    key = parse_id("Incident", incident["id"])
    for number, source in enumerate((parse_id("Integration", integration_id), "gone")):
        command = Command(identity("test", "source", number), Actor(ActorKind.INTEGRATION, source), "intake")
        await served.store.incidents.update(key, add_note(f"said {number}"), command)
    await client.other("updateIntegration", "changed", id=integration_id, name="New name")
    query = "timeline { nodes { summary actor { kind id name } } }"
    _, known, unknown = (await client.incident(incident["id"], query))["timeline"]["nodes"]
    assert known == {
        "summary": "New name noted: said 0",
        "actor": {"kind": "INTEGRATION", "id": integration_id, "name": "New name"},
    }
    assert unknown == {
        "summary": "gone noted: said 1",
        "actor": {"kind": "INTEGRATION", "id": global_id("Integration", "gone"), "name": None},
    }


async def test_its_facts(client: Client, served: World) -> None:
    """What happens to it is told to the log, without a secret."""
    made = await created(client, name="Told")
    integration_id = made["integration"]["id"]
    await client.other("updateIntegration", "changed", id=integration_id, name="Told again", onResolve="NOTHING")
    rotation = await rotated(client, integration_id)
    await client.other("revokeIntegration", "changed", id=integration_id)
    key = parse_id("Integration", integration_id)
    outbox = await served.store.relay.outbox("integrations", key)
    assert outbox
    assert [(entry.aggregate, entry.type) for entry in outbox.entries] == [
        ("integration", "created"),
        ("integration", "changed"),
        ("integration", "key_rotated"),
        ("integration", "revoked"),
    ]
    assert sorted(outbox.entries[1].data["settings"]) == ["name", "on_resolve"]
    secrets = [text for key in (made["key"], rotation["key"]) for text in (key, digest_of(key))]
    assert not any(secret in str(outbox) for secret in secrets)
