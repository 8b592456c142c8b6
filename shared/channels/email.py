"""Channel `email`: plain text over SMTP, one connection a mail.

The Message-ID is the notification's id, so that a mail that arrives twice is shown once by most programs.
"""

import asyncio
from email.message import EmailMessage
from email.utils import parseaddr

import aiosmtplib

from shared.channels import Message
from shared.domain.catalog import looks_like_email
from shared.domain.notification import Deferred, Delivered, Outcome, Refused
from shared.settings import Settings

ATTEMPT_SECONDS = 10.0
LONGEST_REFERENCE = 200
LONGEST_REASON = 300
IMPLICIT_TLS_PORT = 465


class Email:
    """Hands mails to the configured server. `attempt_seconds` bounds one, from the connection to the yes."""

    name = "email"
    title = "E-mail"
    address_hint = "someone@example.com"

    def __init__(self, settings: Settings, attempt_seconds: float = ATTEMPT_SECONDS) -> None:
        self._settings = settings
        self._attempt_seconds = attempt_seconds

    def check(self, address: str) -> str | None:
        """What is wrong with `address`; None when it has the shape of an e-mail address."""
        # Mail libraries read "a:b@example.com" as a group, and would write to b@example.com.
        if looks_like_email(address) and parseaddr(address)[1] == address:
            return None
        return "This is not an e-mail address."

    def new_secret(self) -> str | None:
        """None: nothing is signed."""
        return None

    async def send(self, address: str, secret: str | None, message: Message) -> Outcome:
        """One attempt. A reply of 5xx refuses; 4xx, a lost connection or silence are reasons to try again."""
        problem = self.check(address)
        if problem:
            return Refused(problem)
        try:
            mail = compose(self._settings.mail_from, address, message)
            async with asyncio.timeout(self._attempt_seconds):
                return Delivered(await self._hand_over(mail, address))
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return judge(error)

    async def close(self) -> None:
        """Nothing to let go of: no connection outlives its mail."""

    async def _hand_over(self, mail: EmailMessage, address: str) -> str | None:
        settings = self._settings
        implicit_tls = settings.smtp_port == IMPLICIT_TLS_PORT
        _, reply = await aiosmtplib.send(
            mail,
            recipients=[address],
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
            use_tls=implicit_tls,
            start_tls=settings.smtp_starttls and not implicit_tls,
            timeout=self._attempt_seconds,
        )
        return reply[:LONGEST_REFERENCE] or None


def channel(settings: Settings) -> Email:
    """The channel, for the registry."""
    return Email(settings)


def compose(sender: str, address: str, message: Message) -> EmailMessage:
    """The mail. Raises ValueError when `sender` or `address` cannot stand in a header."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = _subject(message)
    mail["Date"] = message.at
    mail["Message-ID"] = f"<{message.id}@tocsin>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def judge(error: Exception) -> Outcome:
    """What a failure means for the mail."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return _replied(error.recipients[0])
        case aiosmtplib.SMTPResponseException():
            return _replied(error)
        case ValueError():
            return Refused(_sentence(f"The mail cannot be addressed: {error}"))
        case TimeoutError():
            return Deferred("The mail server did not take the mail in time.")
        case _:
            return Deferred(_sentence(f"The mail server cannot be used: {error}"))


def _subject(message: Message) -> str:
    """The title on one line, whatever was in it: a line break would begin a new header."""
    title = "".join(letter if letter.isprintable() else " " for letter in message.title)
    doubt = " (possible repeat)" if message.possible_repeat else ""
    return " ".join(title.split()) + doubt


def _replied(error: aiosmtplib.SMTPResponseException) -> Outcome:
    reason = _sentence(f"The mail server answered {error.code} {error.message}")
    return Refused(reason) if error.code >= 500 else Deferred(reason)


def _sentence(text: str) -> str:
    return " ".join(text.split())[:LONGEST_REASON].rstrip(".") + "."
