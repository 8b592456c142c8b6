"""Channel `log`: a page becomes one line of this process's own log. For trying out, and as a last resort."""

from shared import telemetry
from shared.channels import Message
from shared.domain.notification import Delivered, Outcome
from shared.settings import Settings


class Log:
    """Writes pages at level info; the log takes everything."""

    name = "log"
    title = "Log of the worker"
    address_hint = "any word"

    def __init__(self) -> None:
        self._log = telemetry.logger("channels.log")

    def check(self, address: str) -> str | None:
        """What is wrong with `address`; None when it is one word."""
        if address.split() == [address] and address.isprintable():
            return None
        return "The address is one word, without spaces."

    def new_secret(self) -> str | None:
        """None: nothing is signed."""
        return None

    async def send(self, address: str, secret: str | None, message: Message) -> Outcome:
        """Writes the line. Always Delivered."""
        self._log.info(
            "page",
            notification=message.id,
            recipient=message.recipient,
            title=message.title,
            address=address,
        )
        return Delivered()

    async def close(self) -> None:
        """Nothing to let go of."""


def channel(settings: Settings) -> Log:
    """The channel, for the registry."""
    return Log()
