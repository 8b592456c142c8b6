"""Channels against real servers on loopback: what arrives, and what becomes of it when the others fail."""

import asyncio
import base64
import itertools
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import standardwebhooks

from shared import egress
from shared.channels import Channel, Message, discover, webhook
from shared.channels.email import Email
from shared.channels.webhook import Webhook
from shared.domain.notification import Deferred, Delivered, Refused
from shared.settings import Settings
from tests.support.receivers import HOST, Answer, MailSink, WebhookReceiver

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
SECRET = webhook.make_secret()
CHANNELS = discover(Settings(allow_private_webhooks=True))
SHORT = 0.5


def page(**changes: Any) -> Message:
    """A page, as the worker makes them."""
    usual: dict[str, Any] = {
        "id": "ntf-1",
        "type": "page",
        "at": AT,
        "recipient": "Ada",
        "title": "[P1] Checkout is down",
        "text": "Incident 7 wants you.\nIt has been open for two minutes.",
        "data": {"incidentId": "SW5jaWRlbnQ6MQ==", "priority": "P1"},
    }
    return Message(**(usual | changes))


@pytest.fixture
def closed_port() -> int:
    """A port on loopback where nobody listens."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on loopback where the system takes connections and nobody ever says a word."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[Webhook]:
    """The webhook channel of an installation that allows private receivers."""
    channel = Webhook(private=True)
    yield channel
    await channel.close()


@pytest_asyncio.fixture
async def hasty_hook() -> AsyncIterator[Webhook]:
    """The same with little patience, for receivers that are slow."""
    channel = Webhook(private=True, attempt_seconds=SHORT)
    yield channel
    await channel.close()


@pytest_asyncio.fixture
async def strict_hook() -> AsyncIterator[Webhook]:
    """The webhook channel as it is by default: to public addresses only."""
    channel = Webhook(private=False)
    yield channel
    await channel.close()


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[MailSink]:
    """A real mail server."""
    async with MailSink() as listening:
        yield listening


def mailer(port: int, seconds: float = 5.0) -> Email:
    """The e-mail channel, with the mail server on `port` of loopback."""
    settings = Settings(smtp_host=HOST, smtp_port=port, mail_from="Tocsin <tocsin@example.org>")
    return Email(settings, attempt_seconds=seconds)


# Every channel


@pytest.fixture(params=sorted(CHANNELS))
def any_channel(request: pytest.FixtureRequest) -> Channel:
    """Each channel that there is."""
    return CHANNELS[request.param]


def test_the_directory_is_the_registry() -> None:
    """Each file gives one channel, found under its own name."""
    assert {"email", "log", "webhook"} <= set(CHANNELS)
    assert all(name == channel.name for name, channel in CHANNELS.items())


def test_a_channel_tells_people_how_to_address_it(any_channel: Channel) -> None:
    """A channel has a title and a hint, as forms need them."""
    assert any_channel.title
    assert any_channel.address_hint


@pytest.mark.parametrize("address", ["", " ", "two words", "line\nbreak", "\x00"])
def test_no_channel_takes_rubbish(any_channel: Channel, address: str) -> None:
    """What can be no address anywhere is answered with a sentence."""
    problem = any_channel.check(address)
    assert problem
    assert problem.endswith(".")


async def test_a_bad_address_is_refused_when_it_is_sent_to(any_channel: Channel) -> None:
    """An address that the check turns away is refused, unless the channel takes all; nothing is raised."""
    outcome = await any_channel.send("two words", any_channel.new_secret(), page())
    assert isinstance(outcome, Refused if any_channel.name != "log" else Delivered)


def test_secrets_are_new_every_time(any_channel: Channel) -> None:
    """A channel that signs never makes the same secret twice; the others make none."""
    secrets = [any_channel.new_secret() for _ in range(20)]
    assert secrets == [None] * 20 or len({*secrets, None}) == 21


async def test_closing_twice_does_no_harm() -> None:
    """A channel can be closed whether or not it was used."""
    for channel in discover(Settings()).values():
        await channel.close()
        await channel.close()


# Log


async def output_of(script: str) -> list[dict[str, Any]]:
    """The lines that `script` logs at level DEBUG, in a process of its own. AssertionError when it fails."""
    prelude = "import asyncio\nfrom shared import telemetry\ntelemetry.configure('DEBUG', 'json')\n"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        prelude + script,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=Path(__file__).parents[2],
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return [json.loads(line) for line in output.decode().splitlines()]


async def test_the_log_channel_writes_one_structured_line() -> None:
    """A page to the log is one line with its id, recipient, title and address."""
    lines = await output_of(
        "from tests.channels.test_channels import page\n"
        "from shared.channels.log import Log\n"
        "asyncio.run(Log().send('console', None, page(title='two\\nlines')))\n"
    )
    [line] = [line for line in lines if line.get("component") == "channels.log"]
    expected = {
        "level": "info",
        "notification": "ntf-1",
        "recipient": "Ada",
        "title": "two\nlines",
        "address": "console",
    }
    assert expected.items() <= line.items()


# Webhook: what arrives


async def test_a_webhook_is_signed_as_the_standard_says(receiver: WebhookReceiver, hook: Webhook) -> None:
    """The receiver can verify a page with the standard's own library, and reads in it what to do."""
    assert await hook.send(receiver.url, SECRET, page(type="page")) == Delivered()
    [received] = receiver.received
    verified = standardwebhooks.Webhook(SECRET).verify(received.raw, dict(received.headers))
    assert verified == {
        "type": "tocsin.page",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": {
            "incidentId": "SW5jaWRlbnQ6MQ==",
            "priority": "P1",
            "title": "[P1] Checkout is down",
            "text": "Incident 7 wants you.\nIt has been open for two minutes.",
            "recipient": "Ada",
            "possibleRepeat": False,
        },
    }
    assert (received.method, received.target) == ("POST", "/hook")
    assert received.headers["content-type"] == "application/json"


async def test_another_secret_does_not_verify(receiver: WebhookReceiver, hook: Webhook) -> None:
    """A page signed for one receiver is no page for another."""
    await hook.send(receiver.url, SECRET, page())
    [received] = receiver.received
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(webhook.make_secret()).verify(received.raw, dict(received.headers))


async def test_every_attempt_has_the_same_id(receiver: WebhookReceiver, hook: Webhook) -> None:
    """A repeat carries the id of the first attempt, and says when it may be a repeat."""
    receiver.answer = lambda received: Answer(503)
    await hook.send(receiver.url, SECRET, page())
    await hook.send(receiver.url, SECRET, page(possible_repeat=True))
    assert [received.id for received in receiver.received] == ["ntf-1", "ntf-1"]
    assert [received.body["data"]["possibleRepeat"] for received in receiver.received] == [False, True]


async def test_umlauts_arrive(receiver: WebhookReceiver, hook: Webhook) -> None:
    """Texts that are not ASCII arrive unharmed, and signed."""
    await hook.send(receiver.url, SECRET, page(title="Störung: Bücher ✓"))
    [received] = receiver.received
    standardwebhooks.Webhook(SECRET).verify(received.raw, dict(received.headers))
    assert received.body["data"]["title"] == "Störung: Bücher ✓"


def test_the_data_cannot_disguise_the_page() -> None:
    """Data never replaces a key of the channel's own, and an odd type keeps to the standard's letters."""
    body = json.loads(webhook.encode(page(type="sla.at-risk ü", data={"recipient": "somebody else"})))
    assert body["type"] == "tocsin.sla.at_risk__"
    assert body["data"]["recipient"] == "Ada"


def test_a_secret_is_32_random_bytes() -> None:
    """Secrets have the form and the strength that the standard asks for."""
    prefix, encoded = SECRET[:6], SECRET[6:]
    assert prefix == "whsec_"
    assert len(base64.b64decode(encoded, validate=True)) == 32


@pytest.mark.parametrize("secret", [None, "", "whsec_", "whsec_a", "whsec_ä"])
async def test_nothing_is_sent_unsigned(receiver: WebhookReceiver, hook: Webhook, secret: str | None) -> None:
    """Without a secret to sign with, the page is refused instead of sent bare."""
    outcome = await hook.send(receiver.url, secret, page())
    assert outcome == Refused("The contact method has no usable secret to sign with.")
    assert receiver.received == []


async def test_receivers_get_no_cookies_of_others(receiver: WebhookReceiver, hook: Webhook) -> None:
    """A cookie that a receiver sets is not sent to the next one on the same host."""
    receiver.answer = lambda received: Answer(200, {"set-cookie": "session=1; Path=/"})
    await hook.send(receiver.url, SECRET, page())
    await hook.send(receiver.url, SECRET, page())
    assert all("cookie" not in received.headers for received in receiver.received)


async def test_a_storm_arrives_whole(receiver: WebhookReceiver) -> None:
    """Five hundred pages at once arrive, each once."""
    patient = Webhook(private=True, attempt_seconds=60)
    pages = [page(id=f"ntf-{number}") for number in range(500)]
    outcomes = await asyncio.gather(*(patient.send(receiver.url, SECRET, each) for each in pages))
    await patient.close()
    assert outcomes == [Delivered()] * 500
    assert sorted(received.id for received in receiver.received) == sorted(each.id for each in pages)


# Webhook: what becomes of it


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Delivered),
        (201, Delivered),
        (202, Delivered),
        (204, Delivered),
        (301, Refused),
        (302, Refused),
        (304, Refused),
        (307, Refused),
        (308, Refused),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (408, Deferred),
        (410, Refused),
        (413, Refused),
        (422, Refused),
        (425, Deferred),
        (429, Deferred),
        (500, Deferred),
        (501, Deferred),
        (502, Deferred),
        (503, Deferred),
        (504, Deferred),
        (599, Deferred),
    ],
)
async def test_what_a_status_means(
    receiver: WebhookReceiver, hook: Webhook, status: int, outcome: type[Delivered | Deferred | Refused]
) -> None:
    """Only 2xx is a yes; what may pass is deferred; the rest is refused; the reason names host and status."""
    receiver.answer = lambda received: Answer(status)
    found = await hook.send(receiver.url, SECRET, page())
    assert isinstance(found, outcome)
    if not isinstance(found, Delivered):
        assert found.reason.startswith(f"{HOST} answered {status}")


@pytest.mark.parametrize("header", ["webhook-id", "request-id", "x-request-id"])
async def test_the_receivers_reference_is_kept(receiver: WebhookReceiver, hook: Webhook, header: str) -> None:
    """What the receiver calls the request is kept, so that both sides can talk about it."""
    receiver.answer = lambda received: Answer(200, {header: "req-77"})
    assert await hook.send(receiver.url, SECRET, page()) == Delivered("req-77")


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("17", 17),
        ("0", 0),
        ("86400", 3600),
        ("9" * 5000, 3600),
        (format_datetime(AT + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(AT - timedelta(seconds=90), usegmt=True), 0),
        (format_datetime(AT + timedelta(days=90), usegmt=True), 3600),
        ("Fri, 02 Jan 2026 03:04:35 -0000", 30),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Fri, 99 Jan 2026 03:04:35 GMT", None),
    ],
)
def test_both_forms_of_retry_after(value: str | None, wait: int | None) -> None:
    """Retry-After is understood in seconds and as a date, never past an hour, and nonsense is passed over."""
    asked = webhook.retry_after(value, AT.replace(microsecond=0))
    assert asked == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_receiver_may_ask_for_patience(receiver: WebhookReceiver, hook: Webhook, status: int) -> None:
    """Retry-After of a deferral is passed on."""
    receiver.answer = lambda received: Answer(status, {"retry-after": "120"})
    outcome = await hook.send(receiver.url, SECRET, page())
    assert isinstance(outcome, Deferred)
    assert outcome.after == timedelta(minutes=2)


async def test_redirects_are_not_followed(receiver: WebhookReceiver, hook: Webhook) -> None:
    """A redirect is refused, and nothing is posted where it points."""
    async with WebhookReceiver() as elsewhere:
        receiver.answer = lambda received: Answer(307, {"location": elsewhere.url})
        outcome = await hook.send(receiver.url, SECRET, page())
        assert isinstance(outcome, Refused)
        assert "redirects are not followed" in outcome.reason
        assert (len(receiver.received), len(elsewhere.received)) == (1, 0)


async def test_a_slow_receiver_is_deferred(receiver: WebhookReceiver, hasty_hook: Webhook) -> None:
    """A receiver that takes longer than the limit is given up at the limit."""
    receiver.answer = lambda received: Answer(200, delay=30)
    began = time.monotonic()
    outcome = await hasty_hook.send(receiver.url, SECRET, page())
    assert outcome == Deferred(f"{HOST} did not answer within 0.5 seconds.")
    assert time.monotonic() - began < SHORT + 5


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_receiver_that_never_speaks_is_deferred(silent_port: int, hasty_hook: Webhook, scheme: str) -> None:
    """A connection that is taken and left alone is given up at the limit, and no certificate is blamed."""
    outcome = await hasty_hook.send(f"{scheme}://{HOST}:{silent_port}/", SECRET, page())
    assert isinstance(outcome, Deferred)
    assert outcome.reason.startswith((f"{HOST} did not answer within", f"{HOST} cannot be reached"))


def test_an_attempt_lasts_ten_seconds_at_most() -> None:
    """The limit that the protocol of channels promises is the one that is used."""
    assert webhook.ATTEMPT_SECONDS == 10.0


async def test_an_unreachable_receiver_is_deferred(closed_port: int, hook: Webhook) -> None:
    """Where nobody listens, it is tried again later."""
    outcome = await hook.send(f"http://{HOST}:{closed_port}/", SECRET, page())
    assert isinstance(outcome, Deferred)
    assert outcome.reason.startswith(f"{HOST} cannot be reached")


async def test_a_name_that_does_not_resolve_is_deferred(hook: Webhook) -> None:
    """A name without an address may get one: the DNS has bad minutes too."""
    outcome = await hook.send("http://nobody.invalid/", SECRET, page())
    assert isinstance(outcome, Deferred)
    assert outcome.reason.startswith("nobody.invalid ")


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-secret\r\n", b"HTTP/1.1 2", b"\x15\x03\x03\x00\x02\x02\x28"])
async def test_an_answer_that_is_no_http_is_deferred(hook: Webhook, said: bytes) -> None:
    """A server that hangs up or speaks something else is tried again, and what it said is not repeated."""

    async def mumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(mumble, HOST, 0) as server:
        outcome = await hook.send(f"http://{HOST}:{server.sockets[0].getsockname()[1]}/", SECRET, page())
    assert isinstance(outcome, Deferred)
    assert outcome.reason.startswith(f"{HOST} broke off without an answer")
    assert "secret" not in outcome.reason


async def test_a_failed_tls_handshake_is_deferred(sink: MailSink, hook: Webhook) -> None:
    """A TLS failure, as with a server that greets in plain text, is told apart from a dead host."""
    outcome = await hook.send(f"https://{HOST}:{sink.port}/", SECRET, page())
    assert isinstance(outcome, Deferred)
    assert outcome.reason.startswith(f"{HOST} could not be trusted: the TLS handshake failed (")


async def test_an_endless_answer_is_left_unread(receiver: WebhookReceiver, hook: Webhook) -> None:
    """An answer without end costs 64 KiB and no time."""
    receiver.answer = lambda received: Answer(200, body=itertools.repeat(b"x" * 4096))
    began = time.monotonic()
    assert await hook.send(receiver.url, SECRET, page()) == Delivered()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("status", "outcome"), [(200, Delivered), (404, Refused), (503, Deferred)])
async def test_the_status_stands_when_the_rest_breaks_off(
    receiver: WebhookReceiver, hook: Webhook, status: int, outcome: type[Delivered | Deferred | Refused]
) -> None:
    """A receiver that said yes has the page, even when its answer is cut short."""
    receiver.answer = lambda received: Answer(status, {"content-length": "100"})
    assert isinstance(await hook.send(receiver.url, SECRET, page()), outcome)


async def test_the_status_stands_when_the_rest_never_comes(hasty_hook: Webhook) -> None:
    """A receiver that said yes has the page, even when the limit passes before its answer is whole."""

    async def dawdle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        await asyncio.sleep(2 * SHORT)
        writer.close()

    async with await asyncio.start_server(dawdle, HOST, 0) as server:
        address = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/"
        assert await hasty_hook.send(address, SECRET, page()) == Delivered()


# Webhook: where it may go

INSIDE = [
    "https://127.0.0.1/",
    "https://127.8.9.10/",
    "https://localhost/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
]


@pytest.mark.parametrize("address", INSIDE)
async def test_webhooks_do_not_go_inside(strict_hook: Webhook, address: str) -> None:
    """No spelling of an address that is not public can be posted to."""
    outcome = await strict_hook.send(address, SECRET, page())
    assert isinstance(outcome, Refused)
    assert "public" in outcome.reason


@pytest.mark.parametrize("address", ["http://example.com/", "http://127.0.0.1/"])
async def test_webhooks_are_not_sent_in_the_clear(strict_hook: Webhook, address: str) -> None:
    """Plain HTTP is refused, wherever it would go."""
    assert await strict_hook.send(address, SECRET, page()) == Refused("The URL begins with https://.")


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "192.0.1.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_permitted(address: str) -> None:
    """What anybody can reach may be posted to, in IPv6's clothes too."""
    assert egress.public(ip_address(address))


async def test_a_name_is_resolved_once_and_kept_as_host(receiver: WebhookReceiver) -> None:
    """The connection goes to the address that was checked, while Host still names the receiver."""
    asked: list[str] = []

    async def counting(host: str, port: int) -> list[str]:
        asked.append(host)
        return [address for address in await egress.resolve(host, port) if address == HOST]

    transport = egress.CheckedTransport(egress.anywhere, counting)
    request = httpx2.Request("POST", f"http://localhost:{receiver.port}/hook", content=b"{}")
    response = await transport.handle_async_request(request)
    await response.aclose()
    await transport.aclose()
    assert response.status_code == 200
    assert asked == ["localhost"]
    assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


async def test_one_bad_address_of_a_name_forbids_it(receiver: WebhookReceiver) -> None:
    """A name that has a public and a private address is not connected to at all."""

    async def two_faced(host: str, port: int) -> list[str]:
        return ["8.8.8.8", HOST]

    transport = egress.CheckedTransport(egress.public, two_faced)
    request = httpx2.Request("POST", f"http://two-faced.test:{receiver.port}/hook", content=b"{}")
    with pytest.raises(egress.Forbidden, match=r"^two-faced\.test leads to"):
        await transport.handle_async_request(request)
    await transport.aclose()
    assert receiver.connections == 0


async def test_the_next_address_is_tried(receiver: WebhookReceiver) -> None:
    """When the first address of a name is dead, the page goes to the second."""

    async def half_dead(host: str, port: int) -> list[str]:
        return ["127.0.0.99", HOST]

    transport = egress.CheckedTransport(egress.anywhere, half_dead)
    request = httpx2.Request("POST", f"http://half-dead.test:{receiver.port}/hook", content=b"{}")
    response = await transport.handle_async_request(request)
    await response.aclose()
    await transport.aclose()
    assert [received.raw for received in receiver.received] == [b"{}"]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://example.com/hook?token=abc", None),
        ("https://example.com:8443", None),
        ("HTTPS://EXAMPLE.COM/", None),
        ("https://bücher.example/ä", None),
        ("https://8.8.8.8/", None),
        ("https://[2606:4700::1111]/", None),
        ("http://example.com/", "begins with https"),
        ("ftp://example.com/", "begins with https"),
        ("example.com/hook", "begins with https"),
        ("//example.com/hook", "begins with https"),
        ("https://", "no host"),
        ("https:///hook", "no host"),
        ("https://user@example.com/", "a user or a password"),
        ("https://user:word@example.com/", "a user or a password"),
        ("https://:word@example.com/", "a user or a password"),
        ("https://example.com:0/", "between 1 and 65535"),
        ("https://example.com:99999/", "between 1 and 65535"),
        ("https://example.com:x/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://example.com/\n", "not a URL"),
        ("https://10.0.0.1/", "not a public address"),
        ("https://[::1]/", "not a public address"),
        ("https://example.com/" + "x" * 1980, None),
        ("https://example.com/" + "x" * 1981, "more than 2000"),
    ],
)
def test_what_is_wrong_with_a_url(strict_hook: Webhook, address: str, says: str | None) -> None:
    """A URL is checked before it is stored, and the answer does not repeat what may be secret in it."""
    problem = strict_hook.check(address)
    assert (problem is None) if says is None else (problem is not None and says in problem)
    assert "word" not in (problem or "").replace("password", "")


@pytest.mark.parametrize("address", ["http://localhost:8080/x", "http://10.0.0.1/", "https://[::1]/"])
def test_private_receivers_can_be_allowed(hook: Webhook, address: str) -> None:
    """An installation whose receivers are inside can say so."""
    assert hook.check(address) is None


# Webhook: what is kept to ourselves


async def test_secrets_reach_no_log(receiver: WebhookReceiver, closed_port: int) -> None:
    """Neither the signing secret nor the secret part of a URL is logged, even at level DEBUG."""
    lines = await output_of(
        "from tests.channels.test_channels import page\n"
        "from shared.channels.webhook import Webhook\n"
        "async def main():\n"
        "    hook = Webhook(private=True)\n"
        f"    await hook.send('{receiver.url}/path-token?q=query-token', '{SECRET}', page())\n"
        f"    await hook.send('http://{HOST}:{closed_port}/path-token?q=query-token', '{SECRET}', page())\n"
        "asyncio.run(main())\n"
    )
    [received] = receiver.received
    assert received.target == "/hook/path-token?q=query-token"
    logged = json.dumps(lines)
    assert "query-token" not in logged
    assert "path-token" not in logged
    assert SECRET[6:] not in logged


@pytest.mark.parametrize("status", [302, 404, 503])
async def test_reasons_name_the_host_alone(receiver: WebhookReceiver, hook: Webhook, status: int) -> None:
    """The reason of a failure, which people read, holds neither path nor query nor the answer's text."""
    receiver.answer = lambda received: Answer(status, body=[b"internal-detail"])
    outcome = await hook.send(f"{receiver.url}/path-token?q=query-token", SECRET, page())
    assert not isinstance(outcome, Delivered)
    assert not any(word in outcome.reason for word in ("path-token", "query-token", "internal-detail"))


# E-mail


async def test_a_mail_arrives(sink: MailSink) -> None:
    """A page arrives as a mail with umlauts, from the configured sender, marked as automatic."""
    text = "Störung in Köln.\nBitte übernehmen: https://tocsin.example/1"
    outcome = await mailer(sink.port).send("ada@example.org", None, page(title="Störung ✓", text=text))
    assert outcome == Delivered("2.0.0 queued as SINK")
    [mail] = sink.received
    assert (mail.sender, mail.recipients) == ("tocsin@example.org", ["ada@example.org"])
    assert mail.message["From"] == "Tocsin <tocsin@example.org>"
    assert mail.message["To"] == "ada@example.org"
    assert mail.message["Subject"] == "Störung ✓"
    assert mail.message["Message-ID"] == "<ntf-1@tocsin>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Date"].datetime == AT.replace(microsecond=0)
    assert mail.message.get_content().splitlines() == text.splitlines()


async def test_a_possible_repeat_says_so(sink: MailSink) -> None:
    """A mail sent again in doubt has the same Message-ID, and its subject says what it may be."""
    await mailer(sink.port).send("ada@example.org", None, page())
    await mailer(sink.port).send("ada@example.org", None, page(possible_repeat=True))
    first, second = (mail.message for mail in sink.received)
    assert first["Message-ID"] == second["Message-ID"]
    assert second["Subject"] == f"{first['Subject']} (possible repeat)"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
async def test_a_title_cannot_add_headers(sink: MailSink, line_break: str) -> None:
    """A line break in a title begins no header: it becomes a space."""
    title = f"Down{line_break}Bcc: eve@example.org"
    await mailer(sink.port).send("ada@example.org", None, page(title=title))
    [mail] = sink.received
    assert mail.message["Subject"] == "Down Bcc: eve@example.org"
    assert mail.message["Bcc"] is None
    assert mail.recipients == ["ada@example.org"]


async def test_a_long_title_and_a_dot_arrive(sink: MailSink) -> None:
    """Long titles, long lines and a lone dot, which ends a mail in SMTP, arrive whole."""
    title, text = "Ü" * 300, "before\n.\n" + "x" * 3000 + "\nafter"
    await mailer(sink.port).send("ada@example.org", None, page(title=title, text=text))
    [mail] = sink.received
    assert mail.message["Subject"] == title
    assert mail.message.get_content().splitlines() == text.splitlines()


async def test_an_address_with_umlauts_arrives(sink: MailSink) -> None:
    """An address that is not ASCII works where the server does."""
    assert isinstance(await mailer(sink.port).send("jürgen@bücher.example", None, page()), Delivered)
    assert sink.received[0].recipients == ["jürgen@bücher.example"]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [("550 5.1.1 no such user", Refused), ("552 5.2.2 full", Refused), ("451 4.7.1 greylisted", Deferred)],
)
async def test_what_a_reply_means(sink: MailSink, reply: str, outcome: type[Refused | Deferred]) -> None:
    """A permanent reply refuses, a temporary one defers, and the reason says what the server said."""
    sink.refusal = reply
    found = await mailer(sink.port).send("ada@example.org", None, page())
    assert isinstance(found, outcome)
    assert isinstance(found, Refused | Deferred)
    assert reply in found.reason


async def test_no_mail_server_is_a_deferral(closed_port: int) -> None:
    """While the mail server is down, it is tried again."""
    outcome = await mailer(closed_port).send("ada@example.org", None, page())
    assert isinstance(outcome, Deferred)


async def test_a_silent_mail_server_is_a_deferral(silent_port: int) -> None:
    """A mail server that never greets is given up at the limit."""
    began = time.monotonic()
    outcome = await mailer(silent_port, SHORT).send("ada@example.org", None, page())
    assert isinstance(outcome, Deferred)
    assert time.monotonic() - began < SHORT + 5


async def test_starttls_is_demanded_when_it_is_set(sink: MailSink) -> None:
    """With STARTTLS demanded, nothing goes to a server that has none."""
    settings = Settings(smtp_host=HOST, smtp_port=sink.port, smtp_starttls=True)
    assert isinstance(await Email(settings).send("ada@example.org", None, page()), Deferred)
    assert sink.received == []


@pytest.mark.parametrize(
    "address",
    [
        '"@example.org',
        "a@b@example.org",
        "(@example.org",
        "a:b@example.org",
        "a(b)@example.org",
        "[a]@b.org",
        "a@(",
    ],
)
async def test_odd_addresses_raise_nothing(sink: MailSink, address: str) -> None:
    """An address that only looks like one is delivered as it stands or refused, never to somebody else."""
    outcome = await mailer(sink.port).send(address, None, page())
    assert isinstance(outcome, Refused) or [mail.recipients for mail in sink.received] == [[address]]


@pytest.mark.parametrize(
    ("address", "usable"),
    [
        ("ada@example.org", True),
        ("ada+pager@mail.example.org", True),
        ("jürgen@bücher.example", True),
        ("ada", False),
        ("@example.org", False),
        ("ada@", False),
        ("ada@example.org, eve@example.org", False),
        ("Ada <ada@example.org>", False),
        ("ada@example.org\r\nRCPT TO:<eve@example.org>", False),
    ],
)
def test_what_is_wrong_with_a_mail_address(address: str, usable: bool) -> None:
    """An address is checked before it is stored."""
    assert (CHANNELS["email"].check(address) is None) is usable
