"""The record of an incident: what is logged, found out, decided and told, and all of it read back."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.api.graphql.scalars import serialize_datetime as iso
from shared.wire import global_id
from tests.api.steps import pass_time, triage
from tests.support.graphql import Client, faults
from tests.support.world import BO, World

CHECKOUT = global_id("Service", "service-checkout")
UNKNOWN_USER = global_id("User", "nobody")

PAYLOAD = {"$where": 1, "a.b": [None, True, 1.5, {"": "ü"}], "nested": {"deep": {"deeper": []}}, "big": 2**53}


def ago(world: World, **time: float) -> datetime:
    """A time before now, in whole milliseconds."""
    return world.store.clock.now() - timedelta(**time)


async def types(client: Client, incident_id: str) -> list[str]:
    """The types of its timeline's entries."""
    nodes = (await client.incident(incident_id, "timeline { nodes { type } }"))["timeline"]["nodes"]
    return [node["type"] for node in nodes]


async def version(client: Client, incident_id: str) -> int:
    """Its present version."""
    return int((await client.incident(incident_id, "version"))["version"])


async def test_a_full_report(client: Client, served: World) -> None:
    """Everything that a report can say is logged, and comes back as it was said."""
    began = ago(served, minutes=5)
    said: dict[str, Any] = {
        "title": "Checkout answers 500",
        "description": "since the last deploy\nof Tuesday ✂",
        "serviceIds": [CHECKOUT],
        "environment": "production",
        "source": "grafana",
        "impact": "HIGH",
        "urgency": "LOW",
        "impactBeganAt": iso(began),
        "dedupKey": "checkout-500",
        "labels": [{"key": "region", "value": "eu"}, {"key": "severity", "value": "Critical"}],
        "links": [
            {"url": "https://grafana.example.org/d/1", "title": "Dashboard"},
            {"url": "https://files.example.org/log.txt", "kind": "ATTACHMENT"},
            {"url": "https://ci.example.org/deploys/7", "kind": "CHANGE", "title": "Deploy 7"},
            {"url": "https://wiki.example.org/checkout", "kind": "RUNBOOK"},
        ],
        "payload": PAYLOAD,
        "note": "by hand",
    }
    reported = await client.do("reportIncident", **said)
    assert (reported["changed"], reported["replayed"], reported["deduplicated"]) == (True, False, False)
    found = await client.incident(
        reported["incident"]["id"],
        """number reference title description status isOpen environment source impactBeganAt severity payload repeats
        labels { key value } links { id kind url title } services { name } reporter { kind name id }
        priority prioritization impact urgency recurrenceOf { id } timeline { nodes { type note actor { name } via } }
        triggeredAt createdAt""",
    )
    for name in ("title", "description", "environment", "source", "impactBeganAt", "labels", "payload"):
        assert found[name] == said[name], name
    assert found["reference"] == f"INC-{found['number']}"
    assert (found["status"], found["isOpen"], found["severity"]) == ("TRIGGERED", True, "CRITICAL")
    assert found["services"] == [{"name": "checkout"}]
    assert (found["reporter"]["kind"], found["reporter"]["name"]) == ("PERSON", "Ada")
    plain = [(link["kind"], link["url"], link["title"]) for link in found["links"]]
    assert plain == [(link.get("kind", "LINK"), link["url"], link.get("title")) for link in said["links"]]
    assert len({link["id"] for link in found["links"]}) == 4
    assert found["triggeredAt"] == found["createdAt"]
    assert (found["priority"], found["prioritization"]) == (None, "PENDING")
    assert found["timeline"]["nodes"] == [
        {"type": "triggered", "note": "by hand", "actor": {"name": "Ada"}, "via": "graphql"}
    ]
    await triage(served, reported["incident"]["id"])
    found = await client.incident(reported["incident"]["id"], "priority prioritization impact urgency explanation")
    assert (found["impact"], found["urgency"], found["priority"]) == ("HIGH", "LOW", "P3")
    assert "stated impact high" in found["explanation"]


async def test_human_numbers(client: Client) -> None:
    """Numbers are unique, also of reports at the same time, and lead to their incident."""
    made = await asyncio.gather(*(client.report(f"number {n}") for n in range(20)))
    assert len({incident["number"] for incident in made}) == 20
    query = "query($number: Int!) { incident(by: {number: $number}) { id reference } }"
    for incident in made[:3]:
        found = (await client.ask(query, number=incident["number"]))["incident"]
        assert found == {"id": incident["id"], "reference": f"INC-{incident['number']}"}
    assert (await client.ask(query, number=7))["incident"] is None


async def test_a_report_without_a_payload(client: Client) -> None:
    """What was not said is null or empty."""
    incident = await client.report("just a title")
    fields = (
        "payload environment source impactBeganAt severity links { id } labels { key } services { id } hold { since }"
    )
    found = await client.incident(incident["id"], fields)
    assert all(value in (None, []) for value in found.values()), found


async def test_recurrence(client: Client) -> None:
    """A key whose holder is over for good opens a new incident, which knows the one before; with no holder left the key
    answers the newest.
    """
    by_key = "query($key: DedupKeyInput!) { incident(by: {dedupKey: $key}) { id } }"
    made: list[str] = []
    for _ in range(3):
        reported = await client.do("reportIncident", title="disk full", dedupKey="disk", serviceIds=[CHECKOUT])
        assert not reported["deduplicated"]
        made.append(reported["incident"]["id"])
        await client.done("resolveIncident", id=made[-1])
        await client.done("closeIncident", id=made[-1])
    first, second, third = [await client.incident(one, "recurrenceOf { id } recurrences { id }") for one in made]
    assert [one["recurrenceOf"] for one in (first, second, third)] == [None, {"id": made[0]}, {"id": made[1]}]
    assert [one["recurrences"] for one in (first, second, third)] == [[{"id": made[1]}], [{"id": made[2]}], []]
    found = await client.ask(by_key, key={"key": "disk", "serviceId": CHECKOUT})
    assert found["incident"] == {"id": made[2]}
    assert (await client.ask(by_key, key={"key": "disk"}))["incident"] is None, "another service's key"

    canceled = await client.report("a drill", dedupKey="drill")
    await client.done("cancelIncident", id=canceled["id"], reason="a drill")
    after = await client.report("no drill", dedupKey="drill")
    assert (await client.incident(after["id"], "recurrenceOf { id }"))["recurrenceOf"] == {"id": canceled["id"]}


async def test_findings_and_root_cause(client: Client, bo: Client) -> None:
    """Each finding stands with its author; a new root cause replaces the old one, which the timeline keeps."""
    incident = await client.report("being searched")
    await client.done("addFinding", id=incident["id"], text="The pool is empty.")
    await bo.done("addFinding", id=incident["id"], text="It leaks connections.")
    assert (await client.done("setRootCause", id=incident["id"], rootCause="a leak"))["changed"]
    assert (await client.done("setRootCause", id=incident["id"], rootCause="a missing close()"))["changed"]
    assert not (await client.done("setRootCause", id=incident["id"], rootCause="a missing close()"))["changed"]
    found = await client.incident(
        incident["id"], "findings { id text at user { name } } rootCause timeline { nodes { type summary } }"
    )
    assert [(one["text"], one["user"]["name"]) for one in found["findings"]] == [
        ("The pool is empty.", "Ada"),
        ("It leaks connections.", "Bo"),
    ]
    assert found["rootCause"] == "a missing close()"
    summaries = [node["summary"] for node in found["timeline"]["nodes"] if node["type"] == "root_cause_set"]
    assert [summary.rpartition(": ")[2] for summary in summaries] == ["a leak", "a missing close()"]


async def test_tasks(client: Client, served: World) -> None:
    """A task is added, given to somebody, done, opened again, and given up with a reason."""
    incident = await client.report("with tasks")
    key, due = incident["id"], iso(ago(served, days=-2))
    bo = global_id("User", BO)
    asked = {"id": key, "title": "Roll back", "ownerId": bo, "dueAt": due, "idempotencyKey": "task"}
    await client.done("addTask", **asked)
    assert (await client.done("addTask", **asked))["replayed"]
    fields = "tasks { id title source state dueAt doneAt owner { name } }"
    (task,) = (await client.incident(key, fields))["tasks"]
    shown = {"title": "Roll back", "source": "RESPONSE", "state": "OPEN", "dueAt": due, "owner": {"name": "Bo"}}
    assert task == {"id": task["id"], "doneAt": None, **shown}
    change = {"id": key, "taskId": task["id"]}
    assert (await client.done("updateTask", **change, state="DONE"))["changed"]
    assert not (await client.done("updateTask", **change, state="DONE"))["changed"]
    assert (await client.incident(key, fields))["tasks"][0]["doneAt"]
    await client.done("updateTask", **change, state="OPEN")
    assert (await client.incident(key, fields))["tasks"] == [task]
    before = await version(client, key)
    assert faults(await client.do("updateTask", **change, state="NOT_DOING")) == [("input.reason", "EMPTY")]
    assert faults(await client.do("updateTask", id=key, taskId="x", state="DONE")) == [("input.taskId", "NOT_FOUND")]
    wrong = await client.do("addTask", id=key, title="x", ownerId=UNKNOWN_USER)
    assert faults(wrong) == [("input.ownerId", "NOT_FOUND")]
    assert await version(client, key) == before
    await client.done("updateTask", **change, ownerId=None)
    assert (await client.incident(key, fields))["tasks"] == [{**task, "owner": None}]
    await client.done("updateTask", **change, dueAt=None)
    assert (await client.incident(key, fields))["tasks"] == [{**task, "owner": None, "dueAt": None}]
    await client.done("updateTask", **change, state="NOT_DOING", reason="it is fixed forwards")
    nodes = (await client.incident(key, "timeline { nodes { type reason } }"))["timeline"]["nodes"]
    assert nodes[-1] == {"type": "task_updated", "reason": "it is fixed forwards"}


async def test_links(client: Client) -> None:
    """A link is added once, and removed once; the timeline tells of both."""
    incident = await client.report("with links")
    asked = {"id": incident["id"], "url": "https://wiki.example.org/x?y=1#z", "kind": "RUNBOOK", "title": "What to do"}
    assert (await client.done("addLink", **asked))["changed"]
    assert not (await client.done("addLink", **asked))["changed"]
    assert (await client.done("addLink", **{**asked, "kind": "CHANGE"}))["changed"]
    runbook, change = (await client.incident(incident["id"], "links { id kind url title }"))["links"]
    assert {**runbook, "id": None} == {"kind": "RUNBOOK", "url": asked["url"], "title": "What to do", "id": None}
    gone = {"id": incident["id"], "linkId": runbook["id"]}
    assert (await client.done("removeLink", **gone))["changed"]
    assert not (await client.done("removeLink", **gone))["changed"]
    assert (await client.incident(incident["id"], "links { id }"))["links"] == [{"id": change["id"]}]
    assert await types(client, incident["id"]) == ["triggered", "link_added", "link_added", "link_removed"]


async def test_workaround_and_fix(client: Client) -> None:
    """They are recorded apart; whether the workaround worked is said afterwards, and asked again for another one."""
    incident = await client.report("worked around")
    key, fields = incident["id"], "workaround workaroundWorked fix resolution mitigatedAt"
    early = await client.do("rateWorkaround", id=key, worked=True)
    assert faults(early) == [("input.id", "NO_WORKAROUND")]
    await client.done("mitigateIncident", id=key, workaround="restart it hourly")
    assert (await client.done("rateWorkaround", id=key, worked=False))["changed"]
    assert not (await client.done("rateWorkaround", id=key, worked=False))["changed"]
    await client.done("recordFix", id=key, fix="patched the leak")
    found = await client.incident(key, fields)
    assert (found["workaround"], found["workaroundWorked"]) == ("restart it hourly", False)
    assert (found["fix"], found["resolution"]) == ("patched the leak", None)
    await client.done("retriggerIncident", id=key)
    await client.done("mitigateIncident", id=key, workaround="restart it every minute")
    assert (await client.incident(key, fields))["workaroundWorked"] is None
    await client.done("resolveIncident", id=key, resolution="the patch holds")
    found = await client.incident(key, fields)
    assert (found["fix"], found["resolution"]) == ("patched the leak", "the patch holds")
    assert (await client.done("recordFix", id=key, fix="patched it twice"))["changed"], "also after the resolution"


async def test_a_category_by_hand(client: Client, served: World) -> None:
    """What a person says of the category holds against the rules."""
    incident = await client.report("The database is down")
    await client.done("setCategory", id=incident["id"], category="network", subcategory="dns")
    await triage(served, incident["id"])
    found = await client.incident(incident["id"], "category subcategory prioritization")
    assert found == {"category": "network", "subcategory": "dns", "prioritization": "COMPUTED"}
    assert not (await client.done("setCategory", id=incident["id"], category="network", subcategory="dns"))["changed"]
    assert (await client.done("setCategory", id=incident["id"], category="network"))["changed"]
    assert (await client.incident(incident["id"], "subcategory"))["subcategory"] is None
    by_rule = await client.report("The database is down")
    await triage(served, by_rule["id"])
    assert (await client.incident(by_rule["id"], "category"))["category"] == "database"


async def test_a_priority_by_hand(client: Client, served: World) -> None:
    """It holds with its reason until it is released; then triage speaks again."""
    incident = await client.report("overridden", impact="LOW", urgency="LOW")
    key, fields = incident["id"], "priority prioritization explanation"
    await triage(served, key)
    computed = await client.incident(key, fields)
    assert (computed["priority"], computed["prioritization"]) == ("P5", "COMPUTED")
    asked = {"id": key, "priority": "P1", "reason": "the board is watching"}
    assert (await client.done("overridePriority", **asked))["changed"]
    assert not (await client.done("overridePriority", **asked))["changed"]
    assert await client.incident(key, fields) == {
        "priority": "P1",
        "prioritization": "OVERRIDDEN",
        "explanation": "the board is watching",
    }
    nodes = await client.incident(key, "timeline { nodes { type reason was { priority } now { priority } } }")
    assert nodes["timeline"]["nodes"][-1] == {
        "type": "priority_overridden",
        "reason": "the board is watching",
        "was": {"priority": "P5"},
        "now": {"priority": "P1"},
    }
    await client.done("releasePriority", id=key)
    assert not (await client.done("releasePriority", id=key))["changed"]
    assert (await client.incident(key, fields))["prioritization"] == "PENDING"
    await triage(served, key)
    assert await client.incident(key, fields) == computed


async def test_an_edit(client: Client, served: World) -> None:
    """What is given is put right, what is not stays; other services make triage speak again."""
    incident = await client.report("Chekout down", description="typo", serviceIds=[])
    key = incident["id"]
    await triage(served, key)
    assert (await client.done("editIncident", id=key, title="Checkout down", environment="staging"))["changed"]
    assert not (await client.done("editIncident", id=key, title="Checkout down"))["changed"]
    assert not (await client.done("editIncident", id=key))["changed"]
    fields = "title description environment services { name } prioritization timeline { nodes { type data } }"
    found = await client.incident(key, fields)
    assert (found["title"], found["description"], found["environment"]) == ("Checkout down", "typo", "staging")
    assert found["prioritization"] == "COMPUTED"
    (edited,) = [node for node in found["timeline"]["nodes"] if node["type"] == "edited"]
    assert edited["data"]["before"]["title"] == "Chekout down"
    assert edited["data"]["after"] == {"title": "Checkout down", "environment": "staging"}
    await client.done("editIncident", id=key, description=None, serviceIds=[CHECKOUT])
    found = await client.incident(key, fields)
    assert (found["description"], found["services"]) == (None, [{"name": "checkout"}])
    assert found["prioritization"] == "PENDING"
    before = await version(client, key)
    assert faults(await client.do("editIncident", id=key, title=None)) == [("input.title", "EMPTY")]
    unknown = await client.do("editIncident", id=key, serviceIds=[CHECKOUT, global_id("Service", "x")])
    assert faults(unknown) == [("input.serviceIds.1", "NOT_FOUND")]
    assert await version(client, key) == before


@pytest.mark.parametrize(("priority", "minutes"), [("P1", 30), ("P2", 60), ("P3", 240), ("P5", None)])
async def test_when_the_next_status_update_is_due(client: Client, priority: str, minutes: int | None) -> None:
    """By the priority, counted from the last one that was published; never for what is not urgent."""
    incident = await client.report(f"cadence {priority}")
    await client.done("overridePriority", id=incident["id"], priority=priority, reason="a test")
    published = await client.done("publishStatusUpdate", id=incident["id"], audience="INTERNAL", text="We look.")
    fields = "nextUpdateDueAt statusUpdates { publishedAt } pendingActions { type at }"
    found = await client.incident(published["incident"]["id"], fields)
    pending = [one["at"] for one in found["pendingActions"] if one["type"] == "REMIND_OF_STATUS_UPDATE"]
    if minutes is None:
        assert (found["nextUpdateDueAt"], pending) == (None, [])
        return
    at = datetime.fromisoformat(found["statusUpdates"][0]["publishedAt"])
    assert datetime.fromisoformat(found["nextUpdateDueAt"]) == at + timedelta(minutes=minutes)
    assert pending == [found["nextUpdateDueAt"]]


async def test_status_updates(client: Client) -> None:
    """Drafted, published with a last change, corrected with the old text on the timeline; no draft is corrected."""
    incident = await client.report("told about")
    key, fields = incident["id"], "statusUpdates { id audience text publishedAt correctedAt user { name } }"
    await client.done("draftStatusUpdate", id=key, audience="PUBLIC", text="We have a problme.")
    (draft,) = (await client.incident(key, fields))["statusUpdates"]
    assert (draft["audience"], draft["publishedAt"], draft["user"]["name"]) == ("PUBLIC", None, "Ada")
    mine = {"id": key, "statusUpdateId": draft["id"]}
    early = await client.do("correctStatusUpdate", **mine, text="x")
    assert faults(early) == [("input.statusUpdateId", "NOT_PUBLISHED")]
    assert (await client.done("publishStatusUpdate", **mine, text="We have a problem."))["changed"]
    assert not (await client.done("publishStatusUpdate", **mine))["changed"]
    assert (await client.done("correctStatusUpdate", **mine, text="We had a problem."))["changed"]
    assert not (await client.done("correctStatusUpdate", **mine, text="We had a problem."))["changed"]
    (told,) = (await client.incident(key, fields))["statusUpdates"]
    assert told["text"] == "We had a problem."
    assert told["publishedAt"] and told["correctedAt"]
    nodes = (await client.incident(key, "timeline { nodes { type data } }"))["timeline"]["nodes"]
    assert nodes[-1]["type"] == "status_update_corrected"
    assert "We have a problem." in nodes[-1]["data"].values()


async def test_refused_status_updates(client: Client) -> None:
    """No audience, no text, an unknown draft: each with its place, and nothing is written."""
    incident = await client.report("not told about")
    cases: list[tuple[str, dict[str, Any], str, str]] = [
        ("publishStatusUpdate", {"text": "x"}, "input.audience", "REQUIRED"),
        ("publishStatusUpdate", {"audience": "PUBLIC"}, "input.text", "EMPTY"),
        ("publishStatusUpdate", {"audience": "PUBLIC", "text": "x" * 5_001}, "input.text", "LENGTH"),
        ("publishStatusUpdate", {"statusUpdateId": "x"}, "input.statusUpdateId", "NOT_FOUND"),
        ("draftStatusUpdate", {"audience": "PUBLIC", "text": " "}, "input.text", "EMPTY"),
        ("correctStatusUpdate", {"statusUpdateId": "x", "text": "y"}, "input.statusUpdateId", "NOT_FOUND"),
    ]
    for mutation, asked, where, code in cases:
        assert faults(await client.do(mutation, id=incident["id"], **asked)) == [(where, code)], asked
    assert await version(client, incident["id"]) == 1


async def test_the_last_status_update(client: Client) -> None:
    """With the resolution every audience that was told anything hears the last word once; drafts stay drafts."""
    key = (await client.report("over for all"))["id"]
    for audience in ("INTERNAL", "PUBLIC", "PUBLIC"):
        await client.done("publishStatusUpdate", id=key, audience=audience, text="We look.")
    await client.done("draftStatusUpdate", id=key, audience="RESPONDERS", text="a draft")
    await client.done("resolveIncident", id=key, resolution="internal words", statusUpdate="All is well.")
    fields = "nextUpdateDueAt statusUpdates { audience text publishedAt }"
    found = await client.incident(key, fields)
    last = [(one["audience"], one["text"]) for one in found["statusUpdates"][4:]]
    assert sorted(last) == [("INTERNAL", "All is well."), ("PUBLIC", "All is well.")]
    assert found["statusUpdates"][3]["publishedAt"] is None
    assert found["nextUpdateDueAt"] is None

    silent = (await client.report("over without a word"))["id"]
    await client.done("publishStatusUpdate", id=silent, audience="PUBLIC", text="We look.")
    await client.done("resolveIncident", id=silent, resolution="internal words")
    texts = [one["text"] for one in (await client.incident(silent, fields))["statusUpdates"]]
    assert texts == ["We look.", "This incident is resolved."]


async def test_on_hold(client: Client, served: World) -> None:
    """It waits with a reason, its resolve clock stands still, and it goes on when somebody says so."""
    key = (await client.report("waits for the vendor"))["id"]
    refused = await client.do("holdIncident", id=key, reason="VENDOR")
    assert refused["__typename"] == "InvalidTransitionError", "nobody has it yet: it would be silent"
    await client.done("overridePriority", id=key, priority="P2", reason="a test")
    await client.done("acknowledgeIncident", id=key)
    until = iso(ago(served, hours=-3))
    past = await client.do("holdIncident", id=key, reason="VENDOR", until=iso(ago(served, hours=3)))
    assert faults(past) == [("input.until", "IN_THE_PAST")]
    asked = {"id": key, "reason": "VENDOR", "until": until, "note": "ticket 4711"}
    assert (await client.done("holdIncident", **asked))["changed"]
    assert not (await client.done("holdIncident", **asked))["changed"]
    fields = "status hold { reason since until note } sla { kind dueAt metAt } pendingActions { type at }"
    found = await client.incident(key, fields)
    assert (found["status"], found["hold"]["reason"], found["hold"]["until"]) == ("ACKNOWLEDGED", "VENDOR", until)
    assert found["hold"]["note"] == "ticket 4711"
    assert {clock["kind"]: clock["dueAt"] for clock in found["sla"]}["RESOLVE"] is None
    assert {"type": "RELEASE_HOLD", "at": until} in found["pendingActions"]
    assert (await client.done("releaseHold", id=key))["changed"]
    assert not (await client.done("releaseHold", id=key))["changed"]
    found = await client.incident(key, fields)
    assert found["hold"] is None
    assert {clock["kind"]: clock["dueAt"] for clock in found["sla"]}["RESOLVE"] is not None


async def test_the_end_of_a_hold(client: Client, served: World) -> None:
    """When its time is over it goes on by itself, and the timeline says why."""
    key = (await client.report("waits for an hour"))["id"]
    await client.done("acknowledgeIncident", id=key)
    await client.done("holdIncident", id=key, reason="CHANGE", until=iso(ago(served, hours=-1)))
    await pass_time(client, served, key, timedelta(minutes=61))
    found = await client.incident(key, "hold { reason } timeline { nodes { type reason actor { kind } } }")
    assert found["hold"] is None
    assert found["timeline"]["nodes"][-1] == {
        "type": "hold_released",
        "reason": "its time is over",
        "actor": {"kind": "SYSTEM"},
    }


async def test_a_breached_clock(client: Client, served: World) -> None:
    """A clock that runs out breaches its incident, and says since when."""
    key = (await client.report("too late"))["id"]
    await client.done("overridePriority", id=key, priority="P1", reason="a test")
    await pass_time(client, served, key, timedelta(minutes=16))
    found = await client.incident(key, "isBreached sla { kind dueAt breachedAt } timeline { nodes { type } }")
    breached = {clock["kind"]: clock["breachedAt"] == clock["dueAt"] for clock in found["sla"]}
    assert (found["isBreached"], breached) == (True, {"ACKNOWLEDGE": True, "RESOLVE": False})
    assert "sla.breached" in [node["type"] for node in found["timeline"]["nodes"]]
