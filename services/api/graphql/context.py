"""Everything that a resolver may see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types import Info as StrawberryInfo

from services.api.auth import Authenticator, Viewer
from services.api.live import LogTail
from shared.channels import Channel
from shared.domain.catalog import Policy, Service, User
from shared.domain.incident import Incident
from shared.settings import Settings
from shared.store.store import Store
from shared.store.update import Aggregates


@dataclass(frozen=True, slots=True)
class Api:
    """What one API process has open."""

    settings: Settings
    store: Store
    tail: LogTail
    auth: Authenticator
    channels: Mapping[str, Channel]


def _loader(aggregates: Aggregates[Any]) -> DataLoader[str, Any]:
    async def load(keys: list[str]) -> list[Any]:
        found = await aggregates.many(tuple(dict.fromkeys(keys)))
        return [found.get(key) for key in keys]

    # A WebSocket's context lives as long as the socket: a cache in it would show old state for ever.
    return DataLoader(load_fn=load, cache=False)


@dataclass(slots=True)
class Loaders:
    """Batched look-ups by id; None for what does not exist."""

    users: DataLoader[str, User | None]
    services: DataLoader[str, Service | None]
    policies: DataLoader[str, Policy | None]
    incidents: DataLoader[str, Incident | None]

    @classmethod
    def of(cls, store: Store) -> "Loaders":
        """Fresh loaders over `store`."""
        return cls(_loader(store.users), _loader(store.services), _loader(store.policies), _loader(store.incidents))


@dataclass(slots=True)
class Context:
    """One request's, or one WebSocket's, circumstances. `viewer` is set before any resolver runs."""

    api: Api
    request_id: str
    loaders: Loaders
    viewer_or_none: Viewer | None = None
    connection_params: dict[str, Any] | None = field(default=None)

    async def is_still_known(self) -> bool:
        """Whether the viewer's token still works: a WebSocket can outlive it."""
        return self.viewer_or_none is not None and await self.api.auth.by_digest(self.viewer_or_none.digest) is not None

    @property
    def viewer(self) -> Viewer:
        """Who is asking."""
        if self.viewer_or_none is None:
            raise RuntimeError("a resolver ran without a viewer")
        return self.viewer_or_none


Info = StrawberryInfo[Context, None]
ID = strawberry.ID
