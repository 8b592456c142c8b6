"""A client of the API as anybody would write it: POST, and the graphql-transport-ws protocol by hand."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import websockets

SUCCESS = "__typename ... on IncidentMutationSuccess { changed replayed cursor incident { id number status version } }"
FAILURE = """... on UserError { message code retryable issues { path code message } }
  ... on InvalidTransitionError { allowed incident { status } } ... on ConflictError { incident { version } }"""


BULK = """__typename ... on BulkSuccess { dryRun changedCount failedCount results { index id outcome { __typename
    ... on IncidentMutationSuccess { changed replayed incident { id status version } }
    ... on UserError { message code issues { path code } } ... on InvalidTransitionError { allowed } } } }
  ... on UserError { message code retryable issues { path code message } }"""


def faults(failure: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where a failure says that something is wrong, and of which kind: [("input.title", "EMPTY")]."""
    return [(".".join(issue["path"]), issue["code"]) for issue in failure["issues"]]


class Client:
    """One caller with one token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.http = httpx2.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20, trust_env=False
        )

    async def post(self, body: Any) -> httpx2.Response:
        """A raw POST to /graphql."""
        return await self.http.post("/graphql", json=body)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must have no errors."""
        answer = (await self.post({"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer["errors"]
        return dict(answer["data"])

    async def errors(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        """The errors of an operation that must have some."""
        answer = (await self.post({"query": query, "variables": variables})).json()
        assert answer.get("errors"), answer
        return list(answer["errors"])

    async def do(self, mutation: str, more: str = "", **asked: Any) -> dict[str, Any]:
        """The result of an incident mutation, `acknowledgeIncident` say, success or failure."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        spare = "" if mutation != "reportIncident" else "... on ReportIncidentSuccess { deduplicated }"
        failure = FAILURE if mutation != "reportIncident" else FAILURE.partition("\n")[0]
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {SUCCESS} {spare} {failure} {more} }} }}"
        return dict((await self.ask(query, input=asked))[mutation])

    async def done(self, mutation: str, more: str = "", **asked: Any) -> dict[str, Any]:
        """The success of an incident mutation that must succeed."""
        result = await self.do(mutation, more, **asked)
        assert result["__typename"] == f"{mutation[0].upper()}{mutation[1:]}Success", result
        return result

    async def bulk(self, mutation: str, **asked: Any) -> dict[str, Any]:
        """The result of a bulk mutation, `acknowledgeIncidents` say, success or failure."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {BULK} }} }}"
        return dict((await self.ask(query, input=asked))[mutation])

    async def other(self, mutation: str, fields: str, **asked: Any) -> dict[str, Any]:
        """The result of a mutation of something else than an incident: `fields` of its success, or the failure."""
        kind = f"{mutation[0].upper()}{mutation[1:]}"
        query = f"""mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename
          ... on {kind}Success {{ {fields} }} ... on UserError {{ message code issues {{ path code }} }} }} }}"""
        return dict((await self.ask(query, input=asked))[mutation])

    async def incident(self, incident_id: str, fields: str) -> dict[str, Any]:
        """These fields of an incident that must exist."""
        query = f"query($id: ID!) {{ incident(by: {{id: $id}}) {{ {fields} }} }}"
        return dict((await self.ask(query, id=incident_id))["incident"])

    async def report(self, title: str = "Checkout is down", **asked: Any) -> dict[str, Any]:
        """A report that must succeed; its incident."""
        result = await self.do("reportIncident", title=title, **asked)
        assert result["__typename"] == "ReportIncidentSuccess", result
        return dict(result["incident"])

    @asynccontextmanager
    async def subscribe(self, query: str, **variables: Any) -> AsyncIterator["Subscription"]:
        """An acknowledged subscription over a WebSocket."""
        address = self.url.replace("http", "ws") + "/graphql"
        async with websockets.connect(address, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as socket:
            payload = {"authorization": f"Bearer {self.token}"}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            subscription = Subscription(socket)
            await subscription.start(query, variables)
            try:
                yield subscription
            finally:
                subscription.reading.cancel()


class Subscription:
    """What came, in order."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.messages: list[dict[str, Any]] = []
        self.reading: asyncio.Task[None]
        self._ids = itertools.count(1)

    async def start(self, query: str, variables: dict[str, Any]) -> None:
        """Subscribe, and read from now on."""
        message = {"id": str(next(self._ids)), "type": "subscribe", "payload": {"query": query, "variables": variables}}
        await self._socket.send(json.dumps(message))
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self._socket:
            self.messages.append(json.loads(text))

    def items(self, field: str = "incidentEvents") -> list[dict[str, Any]]:
        """The stream's items so far."""
        wrong = [message for message in self.messages if message["type"] != "next"]
        assert not wrong, wrong
        answers = [message["payload"] for message in self.messages]
        assert not any("errors" in answer for answer in answers), answers
        return [answer["data"][field] for answer in answers]
