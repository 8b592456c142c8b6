"""What is asked without an aggregate of its own: `node`, `viewer`, `channels`."""

import strawberry

from services.api.graphql.action_items.types import ActionItem
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_any_id
from services.api.graphql.incidents.types import Incident
from services.api.graphql.integrations.types import Integration
from services.api.graphql.node import Node
from services.api.graphql.policies.types import EscalationPolicy
from services.api.graphql.services.types import Service
from services.api.graphql.teams.types import Team
from services.api.graphql.users.types import User
from shared.domain.catalog import Role

strawberry.enum(Role, name="Role")


@strawberry.type
class Viewer:
    """Who you are, by your token."""

    role: Role
    key: strawberry.Private[str]

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        """You."""
        found = await info.context.loaders.users.load(self.key)
        return User.of(found) if found else None


@strawberry.type
class Channel:
    """A way to deliver notifications; `name` is what contact methods take."""

    name: str
    title: str
    address_hint: str


@strawberry.field
async def node(info: Info, id: ID) -> Node | None:
    """Anything by its global id; null when it does not exist."""
    kind, key = parse_any_id(id, ("id",))
    loaders = info.context.loaders
    match kind:
        case "Incident":
            incident = await loaders.incidents.load(key)
            return Incident.of(incident) if incident else None
        case "Service":
            service = await loaders.services.load(key)
            return Service.of(service) if service else None
        case "Team":
            team = await loaders.teams.load(key)
            return Team.of(team) if team else None
        case "ActionItem":
            item = await loaders.action_items.load(key)
            return ActionItem.of(item) if item else None
        case "Integration":
            integration = await loaders.integrations.load(key)
            return Integration.of(integration) if integration else None
        case "User":
            user = await loaders.users.load(key)
            return User.of(user) if user else None
        case "EscalationPolicy":
            policy = await loaders.policies.load(key)
            return EscalationPolicy.of(policy) if policy else None
        case _:
            return None


@strawberry.field
def viewer(info: Info) -> Viewer:
    """Who you are, by your token."""
    return Viewer(role=info.context.viewer.role, key=info.context.viewer.user_id)


@strawberry.field
def channels(info: Info) -> list[Channel]:
    """The ways to deliver that this installation has."""
    found = sorted(info.context.api.channels.values(), key=lambda channel: channel.name)
    return [Channel(name=channel.name, title=channel.title, address_hint=channel.address_hint) for channel in found]
