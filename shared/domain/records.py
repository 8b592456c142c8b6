"""What is kept beside an incident for a while: the raw payload of its source, and what a bulk command chose."""

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
class BulkChoice:
    """The incidents that a bulk command's filter matched when it was asked first; `id` is the command's."""

    id: str
    incident_ids: tuple[str, ...]
    created_at: datetime
    version: int = 1
