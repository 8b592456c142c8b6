"""Channel `webhook`: a signed POST, as Standard Webhooks 1.0.0 has it (its `standard-webhooks.md`).

    POST <address>
    webhook-id: <the notification's id>   webhook-timestamp: <seconds>   webhook-signature: v1,<base64>
    {"type": "tocsin.page", "timestamp": "2026-01-02T03:04:05.678Z",
     "data": {..., "title": ..., "text": ..., "recipient": ..., "possibleRepeat": false}}

`timestamp` is when it happened and stays; `webhook-timestamp` is when this attempt was signed. Only 2xx is a
yes, and redirects are not followed. A URL may hold a secret of its own: texts that leave this module name the
host alone.
"""

import asyncio
import base64
import re
import secrets
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
import msgspec
import standardwebhooks
from standardwebhooks.webhooks import EmptyWebhookSecretError

from shared import egress
from shared.channels import Message
from shared.domain.notification import Deferred, Delivered, Outcome, Refused
from shared.settings import Settings

ATTEMPT_SECONDS = 10.0
LONGEST_URL = 2000
LONGEST_REFERENCE = 200
MOST_ANSWER_BYTES = 64 * 1024
LONGEST_WAIT = timedelta(hours=1)
SECRET_BYTES = 32
REFERENCES = ("webhook-id", "request-id", "x-request-id")
TRY_AGAIN = (408, 425, 429)


class Webhook:
    """Posts to URLs. `private`: inside too; `attempt_seconds` bounds one, from the DNS to the answer."""

    name = "webhook"
    title = "Webhook"
    address_hint = "https://example.com/hooks/tocsin"

    def __init__(self, private: bool, attempt_seconds: float = ATTEMPT_SECONDS) -> None:
        self._private = private
        self._attempt_seconds = attempt_seconds
        # No client around the transport: it would log whole URLs, and keep the cookies of one receiver for
        # another on the same host.
        self._transport = egress.CheckedTransport(egress.anywhere if private else egress.public)

    def check(self, address: str) -> str | None:
        """What is wrong with the URL, as a sentence that does not repeat it; None when it looks usable."""
        if len(address) > LONGEST_URL:
            return f"The URL has more than {LONGEST_URL} characters."
        try:
            url = httpx2.URL(address)
        except httpx2.InvalidURL:
            return "This is not a URL."
        return self._scheme_problem(url) or self._host_problem(url)

    def new_secret(self) -> str | None:
        """A new key to sign with, for one contact method."""
        return make_secret()

    async def send(self, address: str, secret: str | None, message: Message) -> Outcome:
        """One attempt. The id is the same every time, and the body too, but for `possibleRepeat`."""
        problem = self.check(address)
        if problem:
            return Refused(problem)
        body = encode(message)
        signed = _signature(secret, message.id, body)
        if signed is None:
            return Refused("The contact method has no usable secret to sign with.")
        return await self._attempt(self._request(address, body, signed))

    async def close(self) -> None:
        """Let go of connections."""
        await self._transport.aclose()

    def _scheme_problem(self, url: httpx2.URL) -> str | None:
        if url.scheme == "https" or (self._private and url.scheme == "http"):
            return None
        return f"The URL begins with https://{' or http://' if self._private else ''}."

    def _host_problem(self, url: httpx2.URL) -> str | None:
        if not url.host:
            return "The URL names no host."
        if b"@" in url.netloc or url.userinfo:
            return "The URL holds a user or a password, which are not sent; leave them out."
        if url.port is not None and not 0 < url.port < 65536:
            return "The URL's port is not between 1 and 65535."
        address = egress.literal(url.host)
        if address and not self._private and not egress.public(address):
            return f"{url.host} is not a public address."
        return None

    def _request(self, address: str, body: bytes, signed: dict[str, str]) -> httpx2.Request:
        fixed = {"content-type": "application/json", "user-agent": "Tocsin", "accept-encoding": "identity"}
        # A third for each connection: a dead first address leaves time for the next one.
        bounds = httpx2.Timeout(self._attempt_seconds, connect=self._attempt_seconds / 3)
        return httpx2.Request(
            "POST", address, headers=fixed | signed, content=body, extensions={"timeout": bounds.as_dict()}
        )

    async def _attempt(self, request: httpx2.Request) -> Outcome:
        outcome: Outcome | None = None
        try:
            async with asyncio.timeout(self._attempt_seconds):
                response = await self._transport.handle_async_request(request)
                outcome = judge(request.url.host, response)
                await _drain(response)
        except egress.Forbidden as error:
            return Refused(str(error))
        except (httpx2.HTTPError, OSError) as error:
            # What the status line said stands, even when the rest of the answer never comes.
            return outcome or Deferred(f"{request.url.host} {_failure(error, self._attempt_seconds)}.")
        return outcome


def channel(settings: Settings) -> Webhook:
    """The channel, for the registry."""
    return Webhook(settings.allow_private_webhooks)


def make_secret() -> str:
    """A new signing key: `whsec_` and the base64 of 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def encode(message: Message) -> bytes:
    """The body: JSON in UTF-8. The type keeps to the letters that the specification allows."""
    own = {
        "title": message.title,
        "text": message.text,
        "recipient": message.recipient,
        "possibleRepeat": message.possible_repeat,
    }
    return msgspec.json.encode(
        {
            "type": "tocsin." + re.sub(r"[^a-zA-Z0-9_.]", "_", message.type),
            "timestamp": message.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": {**message.data, **own},
        }
    )


def judge(host: str, response: httpx2.Response) -> Outcome:
    """What the answer means. Only its status and headers are looked at."""
    status = response.status_code
    said = f"{host} answered {status} {httpx2.codes.get_reason_phrase(status)}".rstrip()
    if 200 <= status < 300:
        return Delivered(_reference(response.headers))
    if status in TRY_AGAIN or status >= 500:
        return Deferred(f"{said}.", retry_after(response.headers.get("retry-after"), _now()))
    if 300 <= status < 400:
        return Refused(f"{said}; redirects are not followed.")
    return Refused(f"{said}.")


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long a Retry-After header asks to wait, at most an hour; None when it says nothing usable.

    value: seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    wait = _seconds(value.strip()) if value else None
    if wait is None and value:
        wait = _until(value, now)
    return None if wait is None else min(max(wait, timedelta()), LONGEST_WAIT)


def _seconds(value: str) -> timedelta | None:
    if not (value.isascii() and value.isdecimal()):
        return None
    return timedelta(seconds=int(value)) if len(value) < 9 else LONGEST_WAIT


def _until(value: str, now: datetime) -> timedelta | None:
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) - now


def _signature(secret: str | None, message_id: str, body: bytes) -> dict[str, str] | None:
    try:
        signer = standardwebhooks.Webhook(secret or "")
    except (ValueError, EmptyWebhookSecretError):
        return None
    now = _now()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(message_id, now, body.decode()),
    }


def _now() -> datetime:
    # The receiver compares with its own clock: the machine's time, and not Tocsin's, which tests can move.
    return datetime.fromtimestamp(time.time(), UTC)


async def _drain(response: httpx2.Response) -> None:
    """Reads the answer to its end, so that no receiver is cut off in the middle, but at most 64 KiB of it."""
    size = 0
    try:
        async for part in response.aiter_raw():
            size += len(part)
            if size >= MOST_ANSWER_BYTES:
                return
    finally:
        await response.aclose()


def _reference(headers: httpx2.Headers) -> str | None:
    found = next((headers[name] for name in REFERENCES if name in headers), None)
    return found[:LONGEST_REFERENCE] if found else None


def _failure(error: Exception, limit: float) -> str:
    """What went wrong, to follow the host's name. Nothing that the other side wrote is repeated."""
    if isinstance(error, httpx2.ConnectTimeout):
        return "cannot be reached: it did not take the connection in time"
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return f"did not answer within {limit:g} seconds"
    broken = _tls_error(error)
    if broken:
        return f"could not be trusted: {broken}"
    if isinstance(error, httpx2.ConnectError):
        return f"cannot be reached: {error}"
    return f"broke off without an answer ({type(error).__name__})"


def _tls_error(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not valid ({error.verify_message})"
        if isinstance(error, ssl.SSLError):
            return f"the TLS handshake failed ({error.reason or type(error).__name__})"
        error = error.__cause__ or error.__context__
    return None
