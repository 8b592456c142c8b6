"""Everything that a resolver may see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types import Info as StrawberryInfo

from services.api.auth import Authenticator, Viewer
from services.api.live import LogTail
from shared.broker.intake import IntakePublisher
from shared.channels import Channel
from shared.domain.action_items import ActionItem
from shared.domain.catalog import Policy, Service, Team, User
from shared.domain.errors import InvalidInput, Issue
from shared.domain.incident import Incident
from shared.domain.integrations import Integration
from shared.settings import Settings
from shared.store.store import Store
from shared.store.update import Aggregates

MOST_AT_ONCE = 5_000
"""Lists within lists multiply: what the limiter of fields cannot see is bounded where it is looked up."""


MOST_QUESTIONS = 400
"""Three for each row of the longest list, and some."""


@dataclass(frozen=True, slots=True)
class Api:
    """What one API process has open."""

    settings: Settings
    store: Store
    tail: LogTail
    auth: Authenticator
    channels: Mapping[str, Channel]
    intake: IntakePublisher


def _loader(aggregates: Aggregates[Any]) -> DataLoader[str, Any]:
    async def load(keys: list[str]) -> list[Any]:
        if len(keys) > MOST_AT_ONCE:
            text = f"One level of the query reaches {len(keys)} objects; {MOST_AT_ONCE} are allowed: shorten its lists."
            raise InvalidInput(Issue((), "QUERY_TOO_COMPLEX", text))
        found = await aggregates.many(tuple(dict.fromkeys(keys)))
        return [found.get(key) for key in keys]

    # A WebSocket's context lives as long as the socket: a cache in it would show old state for ever.
    return DataLoader(load_fn=load, cache=False)


@dataclass(slots=True)
class Loaders:
    """Batched look-ups by id; None for what does not exist."""

    users: DataLoader[str, User | None]
    services: DataLoader[str, Service | None]
    teams: DataLoader[str, Team | None]
    policies: DataLoader[str, Policy | None]
    incidents: DataLoader[str, Incident | None]
    action_items: DataLoader[str, ActionItem | None]
    integrations: DataLoader[str, Integration | None]

    @classmethod
    def of(cls, store: Store) -> "Loaders":
        """Fresh loaders over `store`."""
        kinds = (
            store.users, store.services, store.teams, store.policies, store.incidents, store.action_items,
            store.integrations,
        )  # fmt: skip
        return cls(*(_loader(kind) for kind in kinds))


@dataclass(slots=True)
class Context:
    """One request's, or one WebSocket's, circumstances. `viewer` is set before any resolver runs."""

    api: Api
    request_id: str
    loaders: Loaders
    viewer_or_none: Viewer | None = None
    asked: int = 0
    connection_params: dict[str, Any] | None = field(default=None)

    async def is_still_known(self) -> bool:
        """Whether the viewer's token still works: a WebSocket can outlive it."""
        return self.viewer_or_none is not None and await self.api.auth.by_digest(self.viewer_or_none.digest) is not None

    def ask(self) -> None:
        """Count a question to the database that a field asks for each row of its list. Raises InvalidInput for too many
        within one operation, or one event of a subscription.
        """
        self.asked += 1
        if self.asked > MOST_QUESTIONS:
            text = f"The operation asks the database more than {MOST_QUESTIONS} questions: shorten its lists."
            raise InvalidInput(Issue((), "QUERY_TOO_COMPLEX", text))

    @property
    def viewer(self) -> Viewer:
        """Who is asking."""
        if self.viewer_or_none is None:
            raise RuntimeError("a resolver ran without a viewer")
        return self.viewer_or_none


Info = StrawberryInfo[Context, None]
ID = strawberry.ID
