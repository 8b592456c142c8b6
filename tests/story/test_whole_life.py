"""One incident through all seven steps of incident management, by nothing but GraphQL."""

import base64
from datetime import timedelta
from typing import Any

from shared.domain.catalog import Role
from tests.support.graphql import Client
from tests.support.receivers import WebhookReceiver
from tests.support.world import ADA, World, until

SHOW = """query($id: ID!) { incident(by: {id: $id}) {
  reference title status priority prioritization category environment source impactBeganAt triggeredAt
  labels { key value } links { kind url } payload services { name team { name } } teams { name } assignee { name }
  responders { user { name } roles } responderRequests { user { name } state } tasks { id title state source }
  findings { text user { name } } rootCause workaround workaroundWorked fix resolution hold { reason }
  statusUpdates { audience text publishedAt correctedAt } nextUpdateDueAt sla { kind metAt breachedAt }
  major { state businessImpact } review { state whatHappened contributingFactors insights }
  actionItems { id title state owner { name } } corrections { what original corrected reason }
  actions { action allowed blockedBy } version } }"""

TIMELINE = """query($id: ID!, $after: Cursor) { incident(by: {id: $id}) { timeline(first: 20, after: $after) {
  nodes { id type summary reason actor { kind name } was { status } now { status } }
  pageInfo { hasNextPage endCursor } } } }"""

MEASURES = """{ incidentMeasures { groups { count resolvedCount
  timeToDetect { n mean } timeToAcknowledge { n mean } timeToRestore { n mean } timeToResolve { n }
  interruptions { working waking sleeping } } } }"""


class Organization:
    """What an administrator sets up by GraphQL: three people, a team, a policy, a service."""

    def __init__(self, admin: Client, hook: str) -> None:
        self.admin = admin
        self.hook = hook

    async def make(self, mutation: str, field: str, more: str = "id", **asked: Any) -> dict[str, Any]:
        """Create something of the catalog; it must succeed."""
        kind = mutation[0].upper() + mutation[1:]
        query = f"""mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename
          ... on {kind}Success {{ {field} {{ {more} }} }} ... on UserError {{ message }} }} }}"""
        result = (await self.admin.ask(query, input=asked))[mutation]
        assert result["__typename"] == f"{kind}Success", result
        return dict(result[field])

    async def person(self, name: str) -> str:
        """Somebody who can be called."""
        email = f"{name.lower()}@example.org"
        user = await self.make("createUser", "user", name=name, email=email, timeZone="Europe/Madrid")
        address = f"{self.hook}/{name.lower()}"
        await self.make("addContactMethod", "contactMethod", userId=user["id"], channel="webhook", address=address)
        return str(user["id"])


async def everything(client: Client, incident_id: str) -> list[dict[str, Any]]:
    """The whole timeline, page by page."""
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await client.ask(TIMELINE, id=incident_id, after=after))["incident"]["timeline"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


async def test_one_incident_through_all_seven_steps(world: World, receiver: WebhookReceiver) -> None:
    """Identified, logged, categorized, prioritized, investigated, resolved, closed; and all of it can be read back."""
    await world.add_person(ADA, "Ada", "log", "terminal")
    ada = await world.client()
    world.start_worker()
    org = Organization(ada, receiver.url)
    bo_id, cy_id = await org.person("Bo"), await org.person("Cy")
    team = await org.make("createTeam", "team", name="Payments")
    steps = [{"userIds": [bo_id], "delaySeconds": 600}]
    policy = await org.make("createEscalationPolicy", "escalationPolicy", name="Payments on-call", steps=steps)
    await org.make("chooseCommanderPolicy", "escalationPolicy", escalationPolicyId=policy["id"])
    await org.make(
        "chooseClosurePolicy", "closurePolicy", "reviewTasks",
        reviewTasks=["Write the review"], reviewPriorities=["P1"], autoCloseDays=30,
    )  # fmt: skip
    service = await org.make(
        "createService", "service", name="checkout", tier=1, teamId=team["id"], escalationPolicyId=policy["id"]
    )
    bo, cy = await _client_of(world, bo_id), await _client_of(world, cy_id)

    # Identification and logging.
    began = (world.store.clock.now() - timedelta(minutes=5)).isoformat()
    reported = await ada.report(
        "Checkout answers with errors", description="since the deploy of 14:02", serviceIds=[service["id"]],
        environment="production", source="grafana", impactBeganAt=began, dedupKey="checkout-5xx",
        labels=[{"key": "severity", "value": "critical"}, {"key": "region", "value": "eu"}],
        links=[{"kind": "ATTACHMENT", "url": "https://example.org/graph.png"}], payload={"rate": 0.4, "$odd": [1]},
    )  # fmt: skip
    key = reported["id"]
    assert (await ada.do("reportIncident", title="again", dedupKey="checkout-5xx", serviceIds=[service["id"]]))[
        "deduplicated"
    ]

    # Categorization and prioritization: by rules, then by a person.
    await until(lambda: _status(ada, key, "priority"), "triage has spoken")
    await until(lambda: receiver.received, "Bo is paged")
    shown = (await ada.ask(SHOW, id=key))["incident"]
    assert (shown["priority"], shown["environment"], shown["source"]) == ("P1", "production", "grafana")
    assert shown["payload"] == {"rate": 0.4, "$odd": [1]}
    assert shown["links"] == [{"kind": "ATTACHMENT", "url": "https://example.org/graph.png"}]
    assert shown["teams"] == [{"name": "Payments"}]
    await _done(ada, "setCategory", id=key, category="software", subcategory="deployment")
    await _done(ada, "overridePriority", id=key, priority="P2", reason="only one of two providers")
    await _done(ada, "releasePriority", id=key)
    await until(lambda: _status(ada, key, "prioritization", "COMPUTED"), "triage has spoken again")

    # Investigation and diagnosis.
    await _done(bo, "acknowledgeIncident", id=key, note="on it")
    await _done(bo, "investigateIncident", id=key)
    await _done(bo, "setResponderRoles", id=key, userId=bo_id, roles=["INCIDENT_COMMANDER"])
    await _done(bo, "requestResponder", id=key, userId=cy_id, role="SUBJECT_MATTER_EXPERT")
    await until(lambda: any(_to(page, "/cy") for page in receiver.received), "Cy is called to join")
    await _done(cy, "acceptResponderRequest", id=key)
    await _done(bo, "declareMajor", id=key, businessImpact="nobody can pay")
    await _done(cy, "addFinding", id=key, text="the new client does not retry")
    await _done(cy, "addLink", id=key, kind="CHANGE", url="https://example.org/deploy/512", title="deploy 512")
    await _done(bo, "addTask", id=key, title="Tell the call centre", ownerId=cy_id)
    task = (await bo.ask(SHOW, id=key))["incident"]["tasks"][0]
    await _done(cy, "updateTask", id=key, taskId=task["id"], state="DONE")
    await _done(cy, "setRootCause", id=key, rootCause="deploy 512 dropped the retries")
    await _done(bo, "publishStatusUpdate", id=key, audience="PUBLIC", text="Payments fail at times.")
    await _done(bo, "assignIncident", id=key, userId=cy_id)
    await until(lambda: sum(_to(page, "/cy") for page in receiver.received) >= 2, "the new owner is paged")

    # Resolution and recovery.
    await _done(cy, "holdIncident", id=key, reason="VENDOR", note="the provider looks into it")
    await _done(cy, "releaseHold", id=key)
    await _done(cy, "mitigateIncident", id=key, workaround="went back to deploy 511")
    await _done(cy, "rateWorkaround", id=key, worked=True)
    await _done(cy, "resolveIncident", id=key, resolution="511 serves", fix="retries are back in 513")
    await _done(bo, "standDownMajor", id=key)

    # Closure: gated by the review.
    refused = await ada.do("closeIncident", id=key)
    assert refused["__typename"] == "InvalidTransitionError"
    assert "Write the review" in refused["message"]
    await _done(
        bo, "updateReview", id=key, whatHappened="a deploy dropped the retries", insights="test the retries",
        contributingFactors=["no test", "no canary"], impact="40 minutes", wentWell="rollback", wentBadly="alerting",
    )  # fmt: skip
    gate = next(t for t in (await bo.ask(SHOW, id=key))["incident"]["tasks"] if t["source"] == "REVIEW")
    await _done(bo, "updateTask", id=key, taskId=gate["id"], state="DONE")
    await _done(bo, "completeReview", id=key)
    await org.make("createActionItem", "actionItem", incidentId=key, title="Canary for checkout", ownerId=bo_id)
    await _done(bo, "closeIncident", id=key)
    await _done(
        ada, "correctIncidentTime", id=key, what="IMPACT_BEGAN", reason="the graph says so",
        at=(world.store.clock.now() - timedelta(minutes=20)).isoformat(),
    )  # fmt: skip
    item = (await ada.ask(SHOW, id=key))["incident"]["actionItems"][0]
    await org.make("updateActionItem", "actionItem", "state", id=item["id"], state="DONE")

    # All of it can be read back.
    final = (await ada.ask(SHOW, id=key))["incident"]
    assert (final["status"], final["category"]) == ("CLOSED", "software")
    assert [one["user"]["name"] for one in final["responders"]] == ["Bo", "Cy"]
    assert final["responders"][0]["roles"] == ["INCIDENT_COMMANDER"]
    assert final["assignee"]["name"] == "Cy"
    assert final["workaroundWorked"] is True
    assert final["fix"] == "retries are back in 513"
    assert [one["text"] for one in final["statusUpdates"]] == ["Payments fail at times.", "This incident is resolved."]
    assert final["review"]["state"] == "COMPLETED"
    assert final["review"]["contributingFactors"] == ["no test", "no canary"]
    assert [one["state"] for one in final["actionItems"]] == ["DONE"]
    assert final["corrections"][0]["original"] is not None
    assert {clock["kind"] for clock in final["sla"] if clock["metAt"]} == {"ACKNOWLEDGE", "RESOLVE"}
    assert all(not action["allowed"] for action in final["actions"] if action["action"] != "CORRECT_TIME")

    nodes = await everything(ada, key)
    assert len({node["id"] for node in nodes}) == len(nodes)
    told = [node["type"] for node in nodes]
    in_order = [
        "triggered", "prioritized", "priority_overridden", "priority_released", "acknowledged", "investigating",
        "responder_requested", "responder_request_accepted", "major_declared", "finding_added", "root_cause_set",
        "status_update_published", "assigned", "held", "hold_released", "mitigated", "workaround_rated", "resolved",
        "review_updated", "review_completed", "closed", "time_corrected",
    ]  # fmt: skip
    places = [told.index(kind) for kind in in_order]
    assert places == sorted(places), told
    assert "action_item.created" in told, "the action item is on the timeline"
    assert all(node["summary"] and "None" not in node["summary"] for node in nodes)
    taken = next(node for node in nodes if node["type"] == "acknowledged")
    assert (taken["actor"]["name"], taken["was"]["status"], taken["now"]["status"]) == (
        "Bo", "TRIGGERED", "ACKNOWLEDGED",
    )  # fmt: skip
    assert taken["reason"] == "on it"

    await until(lambda: _measured(ada), "the measures follow the log", within=20)
    search = 'query($team: ID!) { incidents(filter: {text: "retries deploy", teamIds: [$team]}) { nodes { id } } }'
    found = await ada.ask(search, team=team["id"])
    assert [node["id"] for node in found["incidents"]["nodes"]] == [key]


async def _client_of(world: World, global_id: str) -> Client:
    """A client with a responder's token of that user."""
    user_id = base64.b64decode(global_id).decode().partition(":")[2]
    return await world.client(user_id, Role.RESPONDER)


async def _done(client: Client, mutation: str, **asked: Any) -> None:
    """An incident mutation that must change something."""
    result = await client.do(mutation, **asked)
    assert result["__typename"].endswith("Success"), result
    assert result["changed"], result


def _to(page: Any, path: str) -> bool:
    return bool(page.target.endswith(path))


async def _status(client: Client, key: str, field: str, wanted: str | None = None) -> bool:
    value = (await client.ask(SHOW, id=key))["incident"][field]
    return value == wanted if wanted else value is not None


async def _measured(client: Client) -> bool:
    """Whether the incident is in the measures, with the corrected beginning of its impact."""
    group = (await client.ask(MEASURES))["incidentMeasures"]["groups"][0]
    detected = group["timeToDetect"]
    calls = sum(group["interruptions"].values())
    return bool(
        group["resolvedCount"] == 1
        and detected["n"] == 1
        and detected["mean"] > 19 * 60
        and group["timeToAcknowledge"]["n"] == 1
        and group["timeToRestore"]["mean"] > detected["mean"]
        and calls >= 3
    )
