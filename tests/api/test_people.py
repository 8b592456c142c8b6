"""People: who owns an incident, who works on it in which role, who is asked to, and whom a major incident calls."""

from datetime import timedelta
from typing import Any

import pytest

from services.api.graphql.ids import parse_id
from shared.domain.catalog import Role
from shared.wire import global_id
from tests.api.steps import pass_time
from tests.support.graphql import Client, faults
from tests.support.world import ADA, BO, World

ADAS, BOS, NOBODYS = (global_id("User", key) for key in (ADA, BO, "nobody"))
PEOPLE = """assignee { name } responders { user { name } roles }
  responderRequests { user { name } requestedBy { name } role state answeredAt requestedAt lapsesAt }"""


async def pages(world: World, incident_id: str) -> list[tuple[str, str]]:
    """Who is to be called and why, by the incident's own decisions."""
    incident = await world.store.incidents.get(parse_id("Incident", incident_id))
    return [(page.user_id, page.reason) for page in incident.pages]


async def last(client: Client, incident_id: str) -> dict[str, Any]:
    """The newest entry of its timeline."""
    fields = "timeline { nodes { type reason summary data actor { name kind } } }"
    return dict((await client.incident(incident_id, fields))["timeline"]["nodes"][-1])


async def roles(client: Client, incident_id: str) -> dict[str, list[str]]:
    """Who works on it in which roles."""
    found = (await client.incident(incident_id, PEOPLE))["responders"]
    return {one["user"]["name"]: one["roles"] for one in found}


async def test_joining_and_leaving(client: Client, bo: Client) -> None:
    """Whoever joins is a responder with their roles; whoever leaves is none, and others can say that they left."""
    key = (await client.report("joined"))["id"]
    assert (await bo.done("joinIncident", id=key, roles=["SCRIBE", "LIAISON"]))["changed"]
    assert not (await bo.done("joinIncident", id=key))["changed"]
    assert not (await bo.done("joinIncident", id=key, roles=["LIAISON", "SCRIBE"]))["changed"]
    assert await roles(client, key) == {"Bo": ["SCRIBE", "LIAISON"]}
    assert (await last(client, key))["type"] == "responder_added"
    await client.done("joinIncident", id=key)
    assert (await bo.done("leaveIncident", id=key))["changed"]
    assert not (await bo.done("leaveIncident", id=key))["changed"]
    assert await roles(client, key) == {"Ada": []}
    entry = await last(client, key)
    assert (entry["type"], entry["actor"]["name"]) == ("responder_removed", "Bo")
    await bo.done("joinIncident", id=key)
    await client.done("leaveIncident", id=key, userId=BOS)
    assert await roles(client, key) == {"Ada": []}


async def test_one_commander(client: Client, bo: Client) -> None:
    """A new incident commander takes over from the one before, who keeps their other roles."""
    key = (await client.report("commanded"))["id"]
    await client.done("joinIncident", id=key, roles=["INCIDENT_COMMANDER", "SCRIBE"])
    refused = await client.do("setResponderRoles", id=key, userId=BOS, roles=["INCIDENT_COMMANDER"])
    assert faults(refused) == [("input.userId", "NOT_A_RESPONDER")]
    await bo.done("joinIncident", id=key)
    command = {"id": key, "userId": BOS, "roles": ["INCIDENT_COMMANDER"]}
    assert (await client.done("setResponderRoles", **command))["changed"]
    assert not (await client.done("setResponderRoles", **command))["changed"]
    assert await roles(client, key) == {"Ada": ["SCRIBE"], "Bo": ["INCIDENT_COMMANDER"]}
    assert "in place of Ada" in (await last(client, key))["summary"]
    await client.done("setResponderRoles", id=key, userId=BOS, roles=[])
    assert await roles(client, key) == {"Ada": ["SCRIBE"], "Bo": []}


async def test_an_accepted_request(client: Client, bo: Client, served: World) -> None:
    """The asked person is paged; with their yes they have the role, and the page is not sent any more."""
    key = (await client.report("needs an expert"))["id"]
    asked = {"id": key, "userId": BOS, "role": "SUBJECT_MATTER_EXPERT", "answerWithinSeconds": 600}
    assert (await client.done("requestResponder", **asked))["changed"]
    assert not (await client.done("requestResponder", **asked))["changed"]
    assert await pages(served, key) == [(BO, "responder requested")]
    (request,) = (await client.incident(key, PEOPLE))["responderRequests"]
    assert (request["user"]["name"], request["requestedBy"]["name"]) == ("Bo", "Ada")
    assert (request["state"], request["role"], request["answeredAt"]) == ("PENDING", "SUBJECT_MATTER_EXPERT", None)
    entry = await last(client, key)
    assert entry["type"] == "responder_requested" and "paging Bo through log" in entry["summary"]
    fields = "pendingActions { type at target }"
    pending = (await client.incident(key, fields))["pendingActions"]
    assert {"type": "LAPSE_REQUEST", "at": request["lapsesAt"], "target": "Bo"} in pending
    stranger = await client.do("acceptResponderRequest", id=key)
    assert faults(stranger) == [("input.id", "NOT_REQUESTED")]
    assert (await bo.done("acceptResponderRequest", id=key))["changed"]
    assert not (await bo.done("acceptResponderRequest", id=key))["changed"]
    (request,) = (await client.incident(key, PEOPLE))["responderRequests"]
    assert request["state"] == "ACCEPTED" and request["answeredAt"]
    assert await roles(client, key) == {"Bo": ["SUBJECT_MATTER_EXPERT"]}
    assert await pages(served, key) == []
    assert not (await client.done("requestResponder", **asked))["changed"], "they are there already"


async def test_a_declined_request(client: Client, bo: Client, served: World) -> None:
    """A no has its reason on the timeline, and the page for it is not sent any more; they can be asked again."""
    key = (await client.report("declined"))["id"]
    await client.done("requestResponder", id=key, userId=BOS)
    assert (await bo.done("declineResponderRequest", id=key, reason="on a train"))["changed"]
    assert not (await bo.done("declineResponderRequest", id=key))["changed"]
    found = await client.incident(key, PEOPLE)
    assert [one["state"] for one in found["responderRequests"]] == ["DECLINED"]
    assert (found["responders"], await pages(served, key)) == ([], [])
    entry = await last(client, key)
    assert (entry["type"], entry["reason"], entry["actor"]["name"]) == (
        "responder_request_declined",
        "on a train",
        "Bo",
    )
    assert (await client.done("requestResponder", id=key, userId=BOS))["changed"]
    states = [one["state"] for one in (await client.incident(key, PEOPLE))["responderRequests"]]
    assert states == ["DECLINED", "PENDING"]


async def test_a_lapsed_request(client: Client, bo: Client, served: World) -> None:
    """Without an answer it lapses; who comes late is welcome."""
    key = (await client.report("nobody answers"))["id"]
    await client.done("requestResponder", id=key, userId=BOS, answerWithinSeconds=60)
    await pass_time(client, served, key, timedelta(seconds=61))
    found = await client.incident(key, PEOPLE)
    assert ([one["state"] for one in found["responderRequests"]], await pages(served, key)) == (["LAPSED"], [])
    entry = await last(client, key)
    assert (entry["type"], entry["actor"]["kind"]) == ("responder_request_lapsed", "SYSTEM")
    assert (await bo.done("acceptResponderRequest", id=key))["changed"]
    assert await roles(client, key) == {"Bo": []}


async def test_who_comes_by_another_way(client: Client, bo: Client, served: World) -> None:
    """Whoever joins or acknowledges has answered the request to come."""
    for mutation in ("joinIncident", "acknowledgeIncident"):
        key = (await client.report("comes anyway"))["id"]
        await client.done("requestResponder", id=key, userId=BOS)
        await bo.done(mutation, id=key)
        assert [one["state"] for one in (await client.incident(key, PEOPLE))["responderRequests"]] == ["ACCEPTED"]
        assert await pages(served, key) == []


@pytest.mark.parametrize(
    ("mutation", "asked", "where", "code"),
    [
        ("requestResponder", {"userId": NOBODYS}, "input.userId", "NOT_FOUND"),
        ("requestResponder", {"userId": "x"}, "input.userId", "MALFORMED_ID"),
        ("requestResponder", {"userId": BOS, "answerWithinSeconds": 59}, "input.answerWithinSeconds", "OUT_OF_RANGE"),
        (
            "requestResponder",
            {"userId": BOS, "answerWithinSeconds": 86_401},
            "input.answerWithinSeconds",
            "OUT_OF_RANGE",
        ),
        ("requestResponder", {"userId": BOS, "answerWithinSeconds": -1}, "input.answerWithinSeconds", "OUT_OF_RANGE"),
        ("assignIncident", {"userId": NOBODYS}, "input.userId", "NOT_FOUND"),
        ("assignIncident", {"userId": global_id("Team", "t")}, "input.userId", "WRONG_TYPE"),
        ("leaveIncident", {"userId": "x"}, "input.userId", "MALFORMED_ID"),
        ("setResponderRoles", {"userId": BOS, "roles": ["SCRIBE"]}, "input.userId", "NOT_A_RESPONDER"),
        ("declineResponderRequest", {}, "input.id", "NOT_REQUESTED"),
    ],
)
async def test_refused_people(client: Client, mutation: str, asked: dict[str, Any], where: str, code: str) -> None:
    """Nobody, or somebody in the wrong place, is an issue with its place, and nothing is written."""
    key = (await client.report("refused people"))["id"]
    assert faults(await client.do(mutation, id=key, **asked)) == [(where, code)]
    assert (await client.incident(key, "version"))["version"] == 1


async def test_an_assignment(client: Client, bo: Client, served: World) -> None:
    """The new owner is paged and joins; who takes it is not; an owner is replaced before they leave."""
    key = (await client.report("assigned"))["id"]
    assert (await client.done("assignIncident", id=key, userId=BOS))["changed"]
    assert not (await client.done("assignIncident", id=key, userId=BOS))["changed"]
    assert await pages(served, key) == [(BO, "assigned")]
    found = await client.incident(key, f"status {PEOPLE}")
    assert (found["status"], found["assignee"]["name"]) == ("TRIGGERED", "Bo")
    entry = await last(client, key)
    assert entry["type"] == "assigned" and "assigned to Bo by Ada" in entry["summary"]
    stays = await bo.do("leaveIncident", id=key)
    assert stays["__typename"] == "InvalidTransitionError" and "assign the incident to somebody" in stays["message"]
    assert (await client.done("assignIncident", id=key, userId=ADAS))["changed"]
    assert await pages(served, key) == [], "the page of the owner before is taken back"
    assert (await bo.done("leaveIncident", id=key))["changed"]
    assert await roles(client, key) == {"Ada": []}


async def test_a_major_incident(client: Client, bo: Client, served: World) -> None:
    """It is proposed or declared at once; declaring pages the commander on call and the subscribers, standing down
    takes their pages back.
    """
    await served.add_person("user-cy", "Cy", "log", "terminal")
    cy = await served.client("user-cy", Role.RESPONDER)
    early = (await client.report("declared too early"))["id"]
    refused = await client.do("standDownMajor", id=early)
    assert refused["__typename"] == "InvalidTransitionError"
    await client.done("declareMajor", id=early, businessImpact="no sales")
    assert await pages(served, early) == []
    assert "no commander policy is chosen" in (await last(client, early))["summary"]

    policy = await client.other(
        "createEscalationPolicy", "escalationPolicy { id }", name="Commanders", steps=[{"userIds": [BOS]}]
    )
    policy_id = policy["escalationPolicy"]["id"]
    chosen = await client.other(
        "chooseCommanderPolicy", "changed escalationPolicy { name }", escalationPolicyId=policy_id
    )
    assert (chosen["changed"], chosen["escalationPolicy"]["name"]) == (True, "Commanders")
    shown = await client.ask("{ organization { commanderPolicy { name } fallbackPolicy { name } } }")
    assert shown["organization"] == {"commanderPolicy": {"name": "Commanders"}, "fallbackPolicy": None}
    again = await client.other("chooseCommanderPolicy", "changed", escalationPolicyId=policy_id)
    assert not again["changed"]
    subscribed = await client.other("subscribeToMajors", "changed user { name hearsMajors }", wanted=True)
    assert subscribed["user"] == {"name": "Ada", "hearsMajors": True}

    key, fields = (await client.report("all is down"))["id"], "major { state businessImpact declaredAt stoodDownAt }"
    assert (await bo.done("proposeMajor", id=key, businessImpact="maybe all"))["changed"]
    assert not (await bo.done("proposeMajor", id=key))["changed"]
    major = (await client.incident(key, fields))["major"]
    assert (major["state"], major["businessImpact"], major["declaredAt"]) == ("PROPOSED", "maybe all", None)
    assert await pages(served, key) == []
    assert (await cy.done("declareMajor", id=key, businessImpact="no sales at all"))["changed"]
    assert not (await cy.done("declareMajor", id=key, businessImpact="other words"))["changed"]
    major = (await client.incident(key, fields))["major"]
    assert (major["state"], major["businessImpact"]) == ("DECLARED", "no sales at all")
    assert major["declaredAt"]
    assert sorted(await pages(served, key)) == [(ADA, "major incident"), (BO, "major incident")]
    entry = await last(client, key)
    assert "paging Bo through log, Ada through log" in entry["summary"]
    listed = await client.ask("{ incidents(filter: {major: true}) { nodes { id } } }")
    assert {node["id"] for node in listed["incidents"]["nodes"]} == {early, key}

    assert (await client.done("standDownMajor", id=key, reason="only a half"))["changed"]
    assert not (await client.done("standDownMajor", id=key))["changed"]
    major = (await client.incident(key, fields))["major"]
    assert major["state"] == "STOOD_DOWN" and major["stoodDownAt"]
    assert await pages(served, key) == []
    assert (await last(client, key))["reason"] == "only a half"

    quiet = await client.other("subscribeToMajors", "changed user { hearsMajors }", wanted=False)
    assert quiet["user"]["hearsMajors"] is False
    after = (await client.report("only the commander"))["id"]
    await cy.done("declareMajor", id=after, businessImpact="no sales")
    assert await pages(served, after) == [(BO, "major incident")]


async def test_a_proposal_that_is_turned_down(client: Client) -> None:
    """A proposal can be stood down, and made again."""
    key = (await client.report("proposed"))["id"]
    await client.done("proposeMajor", id=key)
    await client.done("standDownMajor", id=key, reason="too small")
    assert (await client.incident(key, "major { state }"))["major"]["state"] == "STOOD_DOWN"
    assert (await client.done("proposeMajor", id=key))["changed"]
    assert faults(await client.do("declareMajor", id=key, businessImpact=" ")) == [("input.businessImpact", "EMPTY")]
    assert (await client.incident(key, "major { state }"))["major"]["state"] == "PROPOSED"
