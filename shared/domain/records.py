"""What is kept beside an incident for a while: the raw payload of its source, and which incidents a command reached."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Payload:
    """What a source sent, word for word (`text` is its JSON). `id` is the incident's; it has a retention time."""

    id: str
    text: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class CommandTargets:
    """The incidents that a command reached when it was asked first, where asking again would find others: what a bulk
    command's filter matched, or the holder of a repeated report's dedup key. `id` is the command's.
    """

    id: str
    created_at: datetime
    incident_ids: tuple[str, ...] = ()
    version: int = 1
