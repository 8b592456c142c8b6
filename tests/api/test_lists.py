"""Lists, deduplication, and the configuration that a user needs."""

from typing import Any

from tests.support.graphql import Client
from tests.support.world import World

PAGE = """query($first: Int, $after: Cursor, $last: Int, $before: Cursor, $order: IncidentOrder!) {
  incidents(filter: {open: true}, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    asOf totalCount { value capped } nodes { number } edges { cursor node { number } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def page(client: Client, **variables: Any) -> dict[str, Any]:
    """One page of the open incidents."""
    return dict((await client.ask(PAGE, **variables))["incidents"])


async def test_keyset_pages(client: Client) -> None:
    """Forwards and backwards, the pages make up the list, each row once; new rows at the other end disturb nothing."""
    for n in range(7):
        await client.report(f"page {n}")
    whole = [node["number"] for node in (await page(client, first=100, order="NEWEST"))["nodes"]]
    assert whole == sorted(whole, reverse=True)
    seen: list[int] = []
    after = None
    while True:
        part = await page(client, first=3, after=after, order="NEWEST")
        seen += [node["number"] for node in part["nodes"]]
        after = part["pageInfo"]["endCursor"]
        await client.report("comes in between")
        if not part["pageInfo"]["hasNextPage"]:
            break
    assert seen == whole
    back = await page(client, last=3, order="NEWEST")
    assert [node["number"] for node in back["nodes"]] == whole[-3:]
    earlier = await page(client, last=2, before=back["pageInfo"]["startCursor"], order="NEWEST")
    assert [node["number"] for node in earlier["nodes"]] == whole[-5:-3]
    assert earlier["pageInfo"]["hasNextPage"]


async def test_the_board_is_ordered_by_priority(client: Client) -> None:
    """The most urgent first, then the oldest."""
    low = await client.report("low", impact="LOW", urgency="LOW")
    high = await client.report("high", impact="HIGH", urgency="HIGH")
    numbers = [node["number"] for node in (await page(client, first=100, order="PRIORITY"))["nodes"]]
    assert numbers.index(high["number"]) < numbers.index(low["number"])


async def test_a_repeated_report(client: Client, served: World) -> None:
    """The same dedup key reaches the open incident; resolved just now, it reopens it; closed, it is a new one."""
    first = await client.do("reportIncident", title="disk full", dedupKey="disk")
    again = await client.do("reportIncident", title="disk full", dedupKey="disk")
    assert again["deduplicated"] and not again["changed"]
    assert again["incident"]["number"] == first["incident"]["number"]
    key = first["incident"]["id"]
    await client.do("resolveIncident", id=key)
    reopened = await client.do("reportIncident", title="disk full", dedupKey="disk")
    assert (reopened["incident"]["id"], reopened["incident"]["status"]) == (key, "TRIGGERED")
    await client.do("resolveIncident", id=key)
    await client.do("closeIncident", id=key)
    fresh = await client.do("reportIncident", title="disk full", dedupKey="disk")
    assert fresh["incident"]["id"] != key
    late = await client.do("reportIncident", title="disk full", dedupKey="disk", idempotencyKey="disk-1")
    assert late["incident"]["id"] == fresh["incident"]["id"], "a new report with the key is a repeat"
    found = await client.ask('{ incident(by: {dedupKey: {key: "disk"}}) { id } }')
    assert found["incident"]["id"] == fresh["incident"]["id"]


async def test_asking_for_what_is_so(client: Client) -> None:
    """It succeeds, and says that nothing changed."""
    incident = await client.report("twice")
    assert (await client.do("acknowledgeIncident", id=incident["id"]))["changed"]
    again = await client.do("acknowledgeIncident", id=incident["id"])
    assert again["__typename"] == "AcknowledgeIncidentSuccess"
    assert not again["changed"]


async def test_the_caller_sees_its_own_write(client: Client) -> None:
    """The timeline has the facts that no relay has logged yet (there is no worker here), each once."""
    incident = await client.report("own write")
    await client.do("addNote", id=incident["id"], text="hello")
    query = "query($id: ID!) { incident(by: {id: $id}) { timeline { nodes { type cursor summary } } } }"
    nodes = (await client.ask(query, id=incident["id"]))["incident"]["timeline"]["nodes"]
    assert [node["type"] for node in nodes] == ["triggered", "note_added"]
    assert nodes[1]["summary"] == "Ada noted: hello"
    assert nodes[1]["cursor"] is None


async def test_actions_and_pending_actions(client: Client) -> None:
    """A client learns which buttons to show, and what happens next by itself."""
    incident = await client.report("buttons")
    query = """query($id: ID!) { incident(by: {id: $id}) {
      actions { action allowed requires blockedBy } pendingActions { type at target } } }"""
    shown = (await client.ask(query, id=incident["id"]))["incident"]
    actions = {state["action"]: state for state in shown["actions"]}
    assert actions["ACKNOWLEDGE"]["allowed"]
    assert actions["MITIGATE"]["requires"] == ["workaround"]
    assert actions["CLOSE"]["blockedBy"] == "the incident is TRIGGERED"
    assert [pending["type"] for pending in shown["pendingActions"]] == ["ESCALATE"]


async def test_configuration(client: Client) -> None:
    """A user, a way to reach them, a policy and a service: the least that a new organisation needs."""
    create = """mutation($input: CreateUserInput!) { createUser(input: $input) {
      ... on CreateUserSuccess { replayed user { id name } } ... on UserError { code issues { path } } } }"""
    asked = {"name": "Cy", "email": "cy@example.org", "idempotencyKey": "cy"}
    user = (await client.ask(create, input=asked))["createUser"]
    assert (await client.ask(create, input=asked))["createUser"]["replayed"]
    wrong = (await client.ask(create, input={"name": "", "email": "nobody"}))["createUser"]
    assert [issue["path"] for issue in wrong["issues"]] == [["input", "name"], ["input", "email"]]

    contact = """mutation($input: AddContactMethodInput!) { addContactMethod(input: $input) {
      ... on AddContactMethodSuccess { secret contactMethod { id channel } user { contactMethods { id } } }
      ... on UserError { code message issues { path code } } } }"""
    asked = {"userId": user["user"]["id"], "channel": "webhook", "address": "http://127.0.0.1:9/x"}
    added = (await client.ask(contact, input=asked))["addContactMethod"]
    assert added["secret"].startswith("whsec_")
    bad = (await client.ask(contact, input={**asked, "channel": "pigeon"}))["addContactMethod"]
    assert bad["issues"][0]["path"] == ["input", "channel"]
    bad = (await client.ask(contact, input={**asked, "address": "ftp://x"}))["addContactMethod"]
    assert bad["issues"][0]["path"] == ["input", "address"]

    test = """mutation($input: SendTestNotificationInput!) { sendTestNotification(input: $input) {
      ... on SendTestNotificationSuccess { delivered reason } ... on UserError { code } } }"""
    target = {"userId": user["user"]["id"], "contactMethodId": added["contactMethod"]["id"]}
    outcome = (await client.ask(test, input=target))["sendTestNotification"]
    assert outcome["delivered"] is False
    assert outcome["reason"]

    policy = """mutation($input: CreateEscalationPolicyInput!) { createEscalationPolicy(input: $input) {
      ... on CreateEscalationPolicySuccess { escalationPolicy { id steps { delaySeconds users { name } } } }
      ... on UserError { code issues { path } } } }"""
    steps = [{"userIds": [user["user"]["id"]], "delaySeconds": 60}]
    made = (await client.ask(policy, input={"name": "Night", "steps": steps}))["createEscalationPolicy"]
    assert made["escalationPolicy"]["steps"] == [{"delaySeconds": 60, "users": [{"name": "Cy"}]}]
    empty = (await client.ask(policy, input={"name": "Empty", "steps": []}))["createEscalationPolicy"]
    assert empty["code"] == "VALIDATION"

    service = """mutation($input: CreateServiceInput!) { createService(input: $input) {
      ... on CreateServiceSuccess { service { id tier escalationPolicy { name } } } ... on UserError { code } } }"""
    billing_asked = {"name": "billing", "tier": 2, "escalationPolicyId": made["escalationPolicy"]["id"]}
    billing = (await client.ask(service, input=billing_asked))["createService"]["service"]
    assert billing["escalationPolicy"]["name"] == "Night"
    assert (await client.ask(service, input={"name": "x", "tier": 4}))["createService"]["code"] == "VALIDATION"
    listed = await client.ask("{ services(first: 100) { nodes { name } } users { nodes { name } } }")
    assert {"billing", "checkout"} <= {node["name"] for node in listed["services"]["nodes"]}
    assert "Cy" in {node["name"] for node in listed["users"]["nodes"]}
