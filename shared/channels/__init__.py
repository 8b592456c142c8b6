"""Ways to reach a person or a system: one file each in this directory, which is the registry.

A channel knows its provider's protocol and nothing of incidents, databases or retries: it makes one attempt
and says what became of it. A file here defines `channel(settings) -> Channel`; nothing else needs to be
edited.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.domain.notification import Outcome
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Message:
    """What to deliver. `id` is the same on every attempt, so that the receiver can drop a repeat.

    type: dotted word for machines ("page", "test"); title: one line; text: a few lines for people;
    data: the same for machines, JSON values only; possible_repeat: it may have arrived before.
    """

    id: str
    type: str
    at: datetime
    recipient: str
    title: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    possible_repeat: bool = False


class Channel(Protocol):
    """One way to deliver. `name` is what contact methods store; `address_hint` tells people what an address
    looks like.
    """

    name: str
    title: str
    address_hint: str

    def check(self, address: str) -> str | None:
        """What is wrong with `address`, as a sentence; None when it looks usable."""

    def new_secret(self) -> str | None:
        """A new secret to keep with a contact method and hand to `send`; None when the channel has none."""

    async def send(self, address: str, secret: str | None, message: Message) -> Outcome:
        """One attempt, at most ten seconds long. It raises for defects only, not for what a provider does."""

    async def close(self) -> None:
        """Let go of connections."""


def discover(settings: Settings) -> dict[str, Channel]:
    """All channels by name. Raises ValueError when two have the same name."""
    found: dict[str, Channel] = {}
    for module in pkgutil.iter_modules(__path__):
        made: Channel = importlib.import_module(f"{__name__}.{module.name}").channel(settings)
        if made.name in found:
            raise ValueError(f"Two channels are called {made.name!r}.")
        found[made.name] = made
    return found
