"""A load generator that costs little itself: raw HTTP/1.1 over kept connections."""

import asyncio
import json
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

REPORT = """mutation($input: ReportIncidentInput!) { reportIncident(input: $input) {
  ... on ReportIncidentSuccess { incident { id } } ... on UserError { message } } }"""


class Connection:
    """One kept connection to the API."""

    def __init__(self, url: str, token: str) -> None:
        self._parts = urlsplit(url)
        self._token = token
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> "Connection":
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        return self

    async def post(self, body: bytes) -> bytes:
        """The body of the answer to a POST of `body` to /graphql, unread: a load generator has no time for that."""
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {self._parts.netloc}\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return await self._reader.readexactly(length)

    async def ask(self, body: bytes) -> dict[str, Any]:
        """The data of the answer. Raises AssertionError for any error."""
        result = json.loads(await self.post(body))
        assert "errors" not in result, result
        return dict(result["data"])

    async def report(self, title: str, service_id: str) -> str:
        """Report a critical incident; its global id. Raises AssertionError for any failure."""
        labels = [{"key": "severity", "value": "critical"}]
        asked = {"title": title, "serviceIds": [service_id], "labels": labels}
        reported = (await self.ask(operation(REPORT, input=asked)))["reportIncident"]
        assert "incident" in reported, reported
        return str(reported["incident"]["id"])

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def operation(query: str, **variables: Any) -> bytes:
    """The body of a request."""
    return json.dumps({"query": query, "variables": variables}).encode()


async def report_all(url: str, token: str, service_id: str, count: int, connections: int) -> float:
    """Report `count` incidents over that many connections; the seconds it took."""
    opened = [await Connection(url, token).open() for _ in range(connections)]
    titles = iter(f"Incident {n}" for n in range(count))
    began = time.perf_counter()
    await asyncio.gather(*(_drain(connection, titles, service_id) for connection in opened))
    return time.perf_counter() - began


async def _drain(connection: Connection, titles: Iterable[str], service_id: str) -> None:
    for title in titles:
        await connection.report(title, service_id)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of `values` lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
