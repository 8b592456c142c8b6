"""Bad input gets a clear, typed answer, and loses nothing."""

import asyncio
import itertools
import json
from typing import Any

import httpx2
import pytest
import websockets

from shared.store.client import connect, database
from shared.wire import global_id
from tests.support.graphql import Client, faults
from tests.support.world import World

ONE = "{ viewer { role } }"
REPORT = "mutation($input: ReportIncidentInput!) { reportIncident(input: $input) { __typename } }"
UNKNOWN = global_id("Incident", "0" * 32)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ viewer { role ", "Syntax Error"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("mutation { reportIncident(input: {}) { __typename } }", "title"),
        ("query($x: Nope) { viewer { role } }", "Unknown type 'Nope'"),
        ("", "Unexpected <EOF>"),
        ("{ ...f } fragment f on Query { ...f }", "contains itself"),
    ],
)
async def test_malformed_graphql(client: Client, query: str, says: str) -> None:
    """A query that cannot run is told why, without hints at names that it did not guess."""
    errors = await client.errors(query or " ")
    assert any(says in error["message"] for error in errors)
    assert not any("Did you mean" in error["message"] for error in errors)


async def test_no_token(served: World) -> None:
    """Nothing is open but the probes."""
    async with httpx2.AsyncClient(base_url=served.api_url or "", trust_env=False) as http:
        refused = await http.post("/graphql", json={"query": ONE})
        assert refused.status_code == 401
        assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        wrong = await http.post("/graphql", json={"query": ONE}, headers={"Authorization": "Bearer toc_wrong"})
        assert wrong.status_code == 401
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/schema.graphql")).status_code == 401
        assert (await http.get("/livez")).status_code == 200
        assert (await http.get("/readyz")).json() == {"mongodb": True, "live": True, "broker": True}


async def test_a_socket_without_a_token(served: World) -> None:
    """A WebSocket is closed when its `connection_init` has no good token."""
    address = (served.api_url or "").replace("http", "ws") + "/graphql"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": "Bearer no"}}))
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4403


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{nonsense", 400),
        (b"", 400),
        (b'"a string"', 400),
        (b'{"query": 7}', 400),
        (b'{"query": "\xff"}', 400),
        (b"[" * 100_000, 400),
        (b'{"query": "' + b"x" * 300_000 + b'"}', 413),
    ],
)
async def test_a_bad_body(client: Client, content: bytes, status: int) -> None:
    """A body that is no GraphQL request, or too large, is refused; the next request is served."""
    answer = await client.http.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert (await client.ask(ONE))["viewer"]["role"] == "ADMIN"


async def test_an_oversized_chunked_body(client: Client) -> None:
    """The limit counts the bytes, not what the header claims."""

    async def chunks() -> Any:
        for _ in range(40):
            yield b"x" * 10_000

    answer = await client.http.post("/graphql", content=chunks())
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_LARGE"


async def test_unknown_and_malformed_ids(client: Client) -> None:
    """An id of nothing is NOT_FOUND; what is no id, or one of another type, is a VALIDATION issue with its path."""
    missing = await client.do("acknowledgeIncident", id=UNKNOWN)
    assert (missing["__typename"], missing["code"]) == ("NotFoundError", "NOT_FOUND")
    malformed = await client.do("acknowledgeIncident", id="nonsense")
    assert malformed["__typename"] == "ValidationError"
    assert malformed["issues"] == [
        {"path": ["input", "id"], "code": "MALFORMED_ID", "message": "'nonsense' is not an id of this API."}
    ]
    foreign = await client.do("acknowledgeIncident", id=global_id("Service", "service-checkout"))
    assert foreign["issues"][0]["code"] == "WRONG_TYPE"
    assert (await client.ask("query($id: ID!) { node(id: $id) { id } }", id=UNKNOWN))["node"] is None
    (error,) = await client.errors("query($id: ID!) { node(id: $id) { id } }", id="nonsense")
    assert error["extensions"]["code"] == "VALIDATION"


async def test_a_move_that_the_lifecycle_forbids(client: Client) -> None:
    """It names the present status and the allowed moves, and changes nothing."""
    incident = await client.report("forbidden moves")
    refused = await client.do("closeIncident", id=incident["id"])
    assert refused["__typename"] == "InvalidTransitionError"
    assert refused["message"].startswith("Cannot CLOSE an incident that is TRIGGERED. Allowed now: ACKNOWLEDGE")
    assert refused["allowed"] == ["ACKNOWLEDGE", "INVESTIGATE", "MITIGATE", "RESOLVE", "CANCEL", "MERGE"]
    assert refused["incident"]["status"] == "TRIGGERED"
    again = await client.ask("query($id: ID!) { incident(by: {id: $id}) { version } }", id=incident["id"])
    assert again["incident"]["version"] == incident["version"]


async def test_an_outdated_version(client: Client) -> None:
    """`expectedVersion` that is not the present one is a conflict that shows the present incident."""
    incident = await client.report("conflict")
    await client.do("addNote", id=incident["id"], text="somebody else was faster")
    refused = await client.do("acknowledgeIncident", id=incident["id"], expectedVersion=1)
    assert (refused["__typename"], refused["code"]) == ("ConflictError", "CONFLICT")
    assert refused["incident"]["version"] == 2


@pytest.mark.parametrize(
    ("asked", "path", "code"),
    [
        ({"title": ""}, ["input", "title"], "EMPTY"),
        ({"title": "  "}, ["input", "title"], "EMPTY"),
        ({"title": "x" * 501}, ["input", "title"], "LENGTH"),
        ({"title": "x\x00y"}, ["input", "title"], "INVALID"),
        ({"title": "x", "description": "x" * 20_001}, ["input", "description"], "LENGTH"),
        ({"title": "x", "serviceIds": ["nope"]}, ["input", "serviceIds", "0"], "MALFORMED_ID"),
        (
            {"title": "x", "serviceIds": [global_id("Service", "z")]},
            ["input", "serviceIds", "0"],
            "NOT_FOUND",
        ),
        ({"title": "x", "dedupKey": ""}, ["input", "dedupKey"], "LENGTH"),
        ({"title": "x", "idempotencyKey": "k" * 201}, ["input", "idempotencyKey"], "LENGTH"),
        ({"title": "x", "note": "n" * 2_001}, ["input", "note"], "LENGTH"),
        ({"title": "x", "labels": [{"key": "$where", "value": "1"}]}, ["input", "labels"], "INVALID"),
        ({"title": "x", "labels": [{"key": "a.b", "value": "1"}]}, ["input", "labels"], "INVALID"),
        (
            {"title": "x", "labels": [{"key": f"k{n}", "value": ""} for n in range(51)]},
            ["input", "labels"],
            "TOO_MANY",
        ),
    ],
)
async def test_a_bad_report(client: Client, served: World, asked: dict[str, Any], path: list[str], code: str) -> None:
    """Each wrong field is an issue with its path, and nothing is written."""
    before = await count(client)
    refused = await client.do("reportIncident", **asked)
    assert refused["__typename"] == "ValidationError"
    assert (refused["issues"][0]["path"], refused["issues"][0]["code"]) == (path, code)
    assert await count(client) == before


async def test_missing_texts(client: Client) -> None:
    """A mitigation without a workaround and a note without text are refused."""
    incident = await client.report("texts")
    for mutation, asked in (("mitigateIncident", {"workaround": " "}), ("addNote", {"text": ""})):
        refused = await client.do(mutation, id=incident["id"], **asked)
        assert refused["issues"][0]["code"] == "EMPTY"


async def test_a_reused_idempotency_key(client: Client) -> None:
    """The same key with the same input is its own success; with other input it is refused."""
    first = await client.do("reportIncident", title="once", idempotencyKey="key-1")
    again = await client.do("reportIncident", title="once", idempotencyKey="key-1")
    assert again["replayed"] and not first["replayed"]
    assert again["incident"]["id"] == first["incident"]["id"]
    other = await client.do("reportIncident", title="twice", idempotencyKey="key-1")
    assert other["__typename"] == "IdempotencyError"
    keyed = {"title": "keyed", "dedupKey": "thing", "idempotencyKey": "key-3"}
    mine = await client.do("reportIncident", **keyed)
    for mutation in ("resolveIncident", "closeIncident"):
        await client.do(mutation, id=mine["incident"]["id"])
    await client.report("another holder", dedupKey="thing")
    late = await client.do("reportIncident", **keyed)
    assert late["replayed"] and late["incident"]["id"] == mine["incident"]["id"], "a late retry is no repeat"
    note = {"id": first["incident"]["id"], "text": "a", "idempotencyKey": "key-2"}
    await client.do("addNote", **note)
    assert (await client.do("addNote", **note))["replayed"]
    assert (await client.do("addNote", **{**note, "text": "b"}))["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_role_that_is_too_low(viewer: Client) -> None:
    """A viewer's token reads, and changes nothing."""
    assert (await viewer.ask(ONE))["viewer"]["role"] == "VIEWER"
    refused = await viewer.do("reportIncident", title="not mine to report")
    assert (refused["__typename"], refused["code"]) == ("ForbiddenError", "FORBIDDEN")
    query = 'mutation { createService(input: {name: "x"}) { ... on UserError { code } } }'
    assert (await viewer.ask(query))["createService"]["code"] == "FORBIDDEN"


HEAVY = {
    "a fragment bomb": "{ ...f0 } "
    + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(30))
    + " fragment f30 on Query { viewer { role } }",
    "2,000 aliases": "{ " + " ".join(f"a{n}: viewer {{ role }}" for n in range(400)) + " }",
    "a deep query": "{ " + "node(id: 1) { ... on Incident { services { escalationPolicy { steps { users { " * 4,
    "too many tokens": "{ viewer { " + "role " * 2_000 + "} }",
}


@pytest.mark.parametrize("name", HEAVY)
async def test_a_heavy_query(client: Client, name: str) -> None:
    """It is refused before it runs, and at once: the process goes on answering."""
    async with asyncio.timeout(2):
        answer = await client.post({"query": HEAVY[name]})
    assert answer.json()["errors"], answer.text
    assert "data" not in answer.json() or answer.json()["data"] is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: 1000", "OUT_OF_RANGE"),
        ("first: 0", "OUT_OF_RANGE"),
        ('after: "nonsense"', "MALFORMED_CURSOR"),
        ("first: 1, last: 1", "CONFLICTING"),
        ('filter: {serviceIds: ["x"]}', "MALFORMED_ID"),
    ],
)
async def test_bad_paging(client: Client, arguments: str, code: str) -> None:
    """A page that cannot be is refused with its issue."""
    (error,) = await client.errors(f"{{ incidents({arguments}) {{ nodes {{ id }} }} }}")
    assert error["extensions"]["code"] == "VALIDATION"
    assert error["extensions"]["issues"][0]["code"] == code


async def test_an_unexpected_error_is_masked(client: Client, served: World) -> None:
    """A document that no version of ours wrote: the client gets one sentence and the request's id, the log the rest."""
    served.expected_errors = ["req-4711"]
    raw = connect(served.settings, "test")
    try:
        rows = database(raw, served.settings).incidents
        await rows.insert_one({"_id": "spoilt", "number": -1, "rev": 1, "title": {"secret": "hidden"}})
        query = "query($id: ID!) { incident(by: {id: $id}) { title } }"
        answer = await client.http.post(
            "/graphql",
            json={"query": query, "variables": {"id": global_id("Incident", "spoilt")}},
            headers={"X-Request-Id": "req-4711"},
        )
        await rows.delete_one({"_id": "spoilt"})
    finally:
        raw.close()
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "req-4711"}
    assert answer.headers["x-request-id"] == "req-4711"
    assert "hidden" not in answer.text and "msgspec" not in answer.text
    assert "req-4711" in served.log_text()


async def count(client: Client) -> int:
    """How many incidents there are."""
    data = await client.ask("{ incidents { totalCount { value } } }")
    return int(data["incidents"]["totalCount"]["value"])


async def test_lists_within_lists(client: Client, served: World) -> None:
    """What multiplies level by level is refused where it would be looked up, with a typed code."""
    ids = [(await client.report(f"cobweb {n}"))["id"] for n in range(10)]
    for one, other in itertools.combinations(ids, 2):
        await client.do("relateIncidents", id=one, otherId=other)
    query = '{ incidents(filter: {text: "cobweb"}) { nodes { related { related { related { id } } } } } }'
    (error, *_) = await client.errors(query)
    assert error["extensions"]["issues"][0]["code"] == "QUERY_TOO_COMPLEX"
    found = await client.ask('{ incidents(filter: {text: "cobweb"}) { nodes { related { related { id } } } } }')
    assert {len(node["related"]) for node in found["incidents"]["nodes"]} == {9}


async def test_questions_of_each_row(client: Client) -> None:
    """A field that asks the database once for each row of its list has a budget of 400, anew in every operation."""
    key = (await client.report("asked about"))["id"]
    for _ in range(2):
        found = await client.incident(key, " ".join(f"a{n}: payload" for n in range(400)))
        assert set(found.values()) == {None}
    query = "query($id: ID!) { incident(by: {id: $id}) { title " + " ".join(f"a{n}: payload" for n in range(401)) + "}}"
    (error,) = await client.errors(query, id=key)
    assert (error["path"], error["extensions"]["code"]) == (["incident", "a400"], "VALIDATION")
    assert error["extensions"]["issues"] == [{"path": [], "code": "QUERY_TOO_COMPLEX", "message": error["message"]}]


@pytest.mark.parametrize(
    "field", ["payload", "actionItems { id }", "recurrences { id }", "timeline(first: 1) { nodes { id } }"]
)
async def test_each_question_is_counted(client: Client, field: str) -> None:
    """Whatever it asks for: a list of a hundred incidents may ask four such things of each, and not a fifth."""
    key = (await client.report("asked about in many ways"))["id"]
    asked = " ".join(f"a{n}: payload" for n in range(399))
    found = await client.incident(key, f"{asked} one: {field}")
    assert "one" in found
    (error,) = await client.errors(
        f"query($id: ID!) {{ incident(by: {{id: $id}}) {{ {asked} a: payload b: {field} }} }}", id=key
    )
    assert error["extensions"]["issues"][0]["code"] == "QUERY_TOO_COMPLEX"


async def test_a_huge_title(client: Client) -> None:
    """Ten megabytes are refused with a typed code before they are looked at; the next request is served."""
    before = await count(client)
    asked = {"query": REPORT, "variables": {"input": {"title": "x" * 10_000_000}}}
    answer = await client.post(asked)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_LARGE"
    within = await client.do("reportIncident", title="x" * 200_000)
    assert faults(within) == [("input.title", "LENGTH")]
    assert await count(client) == before


SOON = "2100-01-01T00:00:00Z"
URLS = (
    "",
    "example.org",
    "ftp://example.org",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://",
    "https:///path",
    "http://[::1",
    "https://exa mple.org",
    "https://example.org/\n",
    "https://example.org/\0",
    "https://example.org/" + "x" * 2_000,
)


def nested(levels: int) -> Any:
    """Lists within lists."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("asked", "issues"),
    [
        ({"impactBeganAt": SOON}, [("input.impactBeganAt", "IN_THE_FUTURE")]),
        ({"environment": "x" * 201}, [("input.environment", "LENGTH")]),
        ({"source": "x\0"}, [("input.source", "INVALID")]),
        ({"dedupKey": "x\0"}, [("input.dedupKey", "INVALID")]),
        ({"dedupKey": "x" * 256}, [("input.dedupKey", "LENGTH")]),
        ({"labels": [{"key": "x\0", "value": ""}]}, [("input.labels", "INVALID")]),
        ({"labels": [{"key": "x", "value": "\0"}]}, [("input.labels", "INVALID")]),
        ({"labels": [{"key": "x", "value": "1"}, {"key": "x", "value": "1"}]}, [("input.labels", "DUPLICATE")]),
        ({"links": [{"url": "https://example.org"}] * 101}, [("input.links", "TOO_MANY")]),
        (
            {"links": [{"url": "https://example.org"}, {"url": "x", "title": "x" * 501}]},
            [("input.links.1.url", "INVALID"), ("input.links.1.title", "LENGTH")],
        ),
        ({"payload": "x" * (64 * 1024)}, [("input.payload", "LENGTH")]),
        ({"payload": {"list": ["x" * 100] * 700}}, [("input.payload", "LENGTH")]),
        ({"payload": nested(101)}, [("input.payload", "TOO_DEEP")]),
        ({"payload": nested(900), "idempotencyKey": "deep"}, [("input.payload", "TOO_DEEP")]),
        ({"serviceIds": [global_id("Service", "service-checkout")] * 21}, [("input.serviceIds", "TOO_MANY")]),
        ({"serviceIds": [UNKNOWN]}, [("input.serviceIds.0", "WRONG_TYPE")]),
        (
            {"title": "", "description": "\0", "environment": "x" * 201, "impactBeganAt": SOON},
            [
                ("input.title", "EMPTY"),
                ("input.description", "INVALID"),
                ("input.environment", "LENGTH"),
                ("input.impactBeganAt", "IN_THE_FUTURE"),
            ],
        ),
    ],
)
async def test_a_bad_part_of_a_report(
    client: Client, served: World, asked: dict[str, Any], issues: list[tuple[str, str]]
) -> None:
    """Every wrong part is told at once with its place; neither an incident nor a payload is kept."""
    payloads = served.store.payloads.collection
    before = await count(client), await payloads.count_documents({})
    refused = await client.do("reportIncident", **{"title": "x", "payload": {"kept": "never"}, **asked})
    assert refused["__typename"] == "ValidationError"
    assert faults(refused) == issues
    assert (await count(client), await payloads.count_documents({})) == before


async def test_a_service_that_is_named_twice(client: Client) -> None:
    """It is one."""
    incident = await client.report("twice the checkout", serviceIds=[global_id("Service", "service-checkout")] * 2)
    found = await client.incident(incident["id"], "services { name }")
    assert found == {"services": [{"name": "checkout"}]}


async def test_the_largest_payload(client: Client) -> None:
    """What is just within the bounds is kept as it is."""
    for payload in (nested(100), "x" * (64 * 1024 - 2), {"a.b": {"$set": "\0"}}, False, 0, ""):
        incident = await client.report("large payload", payload=payload)
        assert (await client.incident(incident["id"], "payload"))["payload"] == payload


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
async def test_bad_addresses(client: Client, url: str) -> None:
    """Only http and https addresses with a host are links, in a report and afterwards."""
    before = await count(client)
    refused = await client.do("reportIncident", title="x", links=[{"url": url}])
    assert [place for place, _ in faults(refused)] == ["input.links.0.url"]
    assert await count(client) == before
    incident = await client.report("no such link")
    refused = await client.do("addLink", id=incident["id"], url=url)
    assert [place for place, _ in faults(refused)] == ["input.url"]
    assert await traces(client, incident["id"]) == (1, ["triggered"])


@pytest.mark.parametrize(
    ("mutation", "asked", "field", "code"),
    [
        ("cancelIncident", {"reason": "\t\n "}, "reason", "EMPTY"),
        ("overridePriority", {"priority": "P1", "reason": ""}, "reason", "EMPTY"),
        ("correctIncidentTime", {"what": "TRIGGERED", "at": "2026-01-01T00:00:00Z", "reason": " "}, "reason", "EMPTY"),
        ("correctIncidentTime", {"what": "TRIGGERED", "at": SOON, "reason": "x"}, "at", "IN_THE_FUTURE"),
        ("declareMajor", {"businessImpact": " "}, "businessImpact", "EMPTY"),
        ("mitigateIncident", {"workaround": " "}, "workaround", "EMPTY"),
        ("recordFix", {"fix": ""}, "fix", "EMPTY"),
        ("setRootCause", {"rootCause": " "}, "rootCause", "EMPTY"),
        ("addFinding", {"text": ""}, "text", "EMPTY"),
        ("addTask", {"title": ""}, "title", "EMPTY"),
        ("setCategory", {"category": " "}, "category", "EMPTY"),
        ("setCategory", {"category": "x" * 101}, "category", "LENGTH"),
        ("setCategory", {"category": "x", "subcategory": "x" * 101}, "subcategory", "LENGTH"),
        ("editIncident", {"title": " "}, "title", "EMPTY"),
        ("editIncident", {"title": "x" * 501}, "title", "LENGTH"),
        ("editIncident", {"serviceIds": ["x"]}, "serviceIds.0", "MALFORMED_ID"),
        ("resolveIncident", {"statusUpdate": "x" * 5_001}, "statusUpdate", "LENGTH"),
        ("updateTask", {"taskId": "x", "state": "NOT_DOING"}, "reason", "EMPTY"),
        ("acknowledgeIncident", {"note": "x" * 2_001}, "note", "LENGTH"),
        ("acknowledgeIncident", {"note": "\0"}, "note", "INVALID"),
        ("acknowledgeIncident", {"idempotencyKey": "\0"}, "idempotencyKey", "INVALID"),
    ],
)
async def test_bad_words_about_an_incident(
    client: Client, mutation: str, asked: dict[str, Any], field: str, code: str
) -> None:
    """A missing reason, an empty text, a time in the future: an issue with its place, and nothing is written."""
    incident = await client.report("said wrong")
    refused = await client.do(mutation, id=incident["id"], **asked)
    assert (refused["__typename"], refused["retryable"]) == ("ValidationError", False)
    assert faults(refused) == [(f"input.{field}", code)]
    assert await traces(client, incident["id"]) == (1, ["triggered"])


@pytest.mark.parametrize(
    ("mutation", "asked", "says"),
    [
        ("cancelIncident", {}, "required field 'reason'"),
        ("cancelIncident", {"reason": None}, ".reason"),
        ("correctIncidentTime", {"what": "TRIGGERED", "at": "yesterday", "reason": "x"}, ".at"),
        ("correctIncidentTime", {"what": "TRIGGERED", "at": "2026-01-01T00:00:00", "reason": "x"}, "needs an offset"),
        ("correctIncidentTime", {"what": "TRIGGERED", "at": "0001-01-01T00:00:00+14:00", "reason": "x"}, ".at"),
        ("correctIncidentTime", {"what": "TRIGGERED", "at": 5, "reason": "x"}, ".at"),
        ("correctIncidentTime", {"what": "CREATED", "at": SOON, "reason": "x"}, ".what"),
        ("overridePriority", {"priority": "P0", "reason": "x"}, "'P0' does not exist in 'Priority'"),
        ("acknowledgeIncident", {"expectedVersion": 2**31}, ".expectedVersion"),
        ("acknowledgeIncident", {"unknown": 1}, "unknown field 'unknown'"),
    ],
)
async def test_what_the_schema_does_not_take(client: Client, mutation: str, asked: dict[str, Any], says: str) -> None:
    """A value that the schema does not know is an error of the request that names its place, and nothing is written."""
    incident = await client.report("not of the schema")
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ __typename }} }}"
    (error,) = await client.errors(query, input={"id": incident["id"], **asked})
    assert says in error["message"]
    assert "Did you mean" not in error["message"]
    assert await traces(client, incident["id"]) == (1, ["triggered"])


@pytest.mark.parametrize(
    "arguments",
    [
        "services(first: 1000)",
        "teams(first: 0)",
        "users(last: 101)",
        "escalationPolicies(first: -1)",
        "actionItems(first: 1000)",
        "incidents(last: 1000)",
    ],
)
async def test_pages_of_other_lists(client: Client, arguments: str) -> None:
    """Every list has the same bounds."""
    (error,) = await client.errors(f"{{ {arguments} {{ nodes {{ id }} }} }}")
    (issue,) = error["extensions"]["issues"]
    assert (issue["path"], issue["code"]) == (["last" if "last" in arguments else "first"], "OUT_OF_RANGE")


@pytest.mark.parametrize(
    ("field", "path", "code"),
    [
        ('incident(by: {id: "x"})', ["by", "id"], "MALFORMED_ID"),
        ('incident(by: {id: ""})', ["by", "id"], "MALFORMED_ID"),
        (f'incident(by: {{id: "{global_id("User", "u")}"}})', ["by", "id"], "WRONG_TYPE"),
        (f'incident(by: {{id: "{"A" * 50_000}"}})', ["by", "id"], "MALFORMED_ID"),
        ('incident(by: {dedupKey: {key: "x", serviceId: ""}})', ["by", "dedupKey", "serviceId"], "MALFORMED_ID"),
        ('actionItems(ownerId: "")', ["ownerId"], "MALFORMED_ID"),
        (f'actionItems(ownerId: "{UNKNOWN}")', ["ownerId"], "WRONG_TYPE"),
        ('node(id: "x")', ["id"], "MALFORMED_ID"),
    ],
    ids=range(8),
)
async def test_bad_ids_in_queries(client: Client, field: str, path: list[str], code: str) -> None:
    """An id that cannot be is told with its place; it is never taken for none."""
    (error,) = await client.errors(f"{{ {field} {{ __typename }} }}")
    assert error["extensions"]["code"] == "VALIDATION"
    (issue,) = error["extensions"]["issues"]
    assert (issue["path"], issue["code"]) == (path, code)


async def traces(client: Client, incident_id: str) -> tuple[int, list[str]]:
    """Its version and the types of its timeline's entries."""
    found = await client.incident(incident_id, "version timeline { nodes { type } }")
    return found["version"], [node["type"] for node in found["timeline"]["nodes"]]
