"""Real servers on loopback that pages arrive at: an HTTP receiver and a mail server, with answers to order.

They run in the test's own event loop: what arrived can be read without locks, and a test that blocks the loop
blocks them too.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
BACKLOG = 2000
WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

Arrival = TypeVar("Arrival")


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `headers`: names in lower case; `body`: the JSON, else None; `at`: monotonic seconds."""

    id: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: Any
    raw: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say after `delay` seconds. `body`: pieces, which may never end; they are sent chunked.

    A Content-Length among `headers` is sent as it is, so that an answer can promise more than it holds.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    body: Iterable[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, and the envelope that it came in."""

    message: EmailMessage
    sender: str
    recipients: list[str]


class _Arrivals(Generic[Arrival]):
    """What has arrived, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self.received: list[Arrival] = []
        self._arrived = asyncio.Event()

    async def wait_for(self, count: int, timeout: float = 10.0) -> list[Arrival]:
        """Everything received, once it is at least `count`. Raises AssertionError after `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while len(self.received) < count:
                    self._arrived.clear()
                    await self._arrived.wait()
        assert len(self.received) >= count, f"{len(self.received)} of {count} arrived within {timeout:g} s"
        return self.received

    def _note(self, arrival: Arrival) -> None:
        self.received.append(arrival)
        self._arrived.set()


class WebhookReceiver(_Arrivals[Received]):
    """An HTTP/1.1 server with keep-alive. `answer` may be replaced at any time; the usual one says 200.

    `connections` counts the connections that were opened.
    """

    def __init__(self, answer: Callable[[Received], Answer] = lambda received: Answer()) -> None:
        super().__init__()
        self.answer = answer
        self.connections = 0
        self._conversations: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, HOST, 0, backlog=BACKLOG)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://{HOST}:{self.port}/hook"

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.current_task()
        assert conversation
        self.connections += 1
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)
        # The other side may hang up. Ending as cancelled would make asyncio's streams log an error.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether another may follow on this connection."""
        received = await _read(reader)
        self._note(received)
        answer = self.answer(received)
        await asyncio.sleep(answer.delay)
        await _write(writer, answer)
        return received.headers.get("connection", "").lower() != "close"


class MailSink(_Arrivals[Mail]):
    """A mail server. `refusal`: its reply to every recipient ("550 5.1.1 unknown"); None: it takes mail."""

    def __init__(self, refusal: str | None = None) -> None:
        super().__init__()
        self.refusal = refusal

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="sink.test", enable_SMTPUTF8=True, loop=loop), HOST, 0
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """aiosmtpd's hook for a recipient."""
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook for a mail that is complete."""
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._note(Mail(message, envelope.mail_from or "", list(envelope.rcpt_tos)))
        return "250 2.0.0 queued as SINK"


async def _read(reader: asyncio.StreamReader) -> Received:
    """One request, with a Content-Length if it has a body. Raises IncompleteReadError when there is none."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = request.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    assert "transfer-encoding" not in headers, "this receiver does not read chunked requests"
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(
        id=headers.get("webhook-id", ""),
        method=method,
        target=target,
        headers=headers,
        body=_parse(raw),
        raw=raw,
        at=time.monotonic(),
    )


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    framing = {"content-length": "0"} if answer.body is None else {"transfer-encoding": "chunked"}
    headers = ({} if answer.status in WITHOUT_BODY else framing) | dict(answer.headers)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {answer.status} {_phrase(answer.status)}", *lines, "", ""])
    writer.write(head.encode("latin-1"))
    if answer.body is not None:
        for piece in answer.body:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
    await writer.drain()


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unnamed"
