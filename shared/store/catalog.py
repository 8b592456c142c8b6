"""Services, users, escalation policies and the organisation's own settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.catalog import ORGANIZATION_ID, Organization, Policy, Service, Team, Token, User
from shared.domain.notification import Notification
from shared.domain.priority import Affected
from shared.store.client import ASCENDING, IndexModel, PyMongoError, unavailable
from shared.store.clock import Clock
from shared.store.documents import from_document, readable
from shared.store.update import Aggregates, Kind

SERVICES: Kind[Service] = Kind("service", "service", "services", Service)
USERS: Kind[User] = Kind("user", "user", "users", User)
TEAMS: Kind[Team] = Kind("team", "team", "teams", Team)
POLICIES: Kind[Policy] = Kind("policy", "escalation policy", "policies", Policy)
ORGANIZATIONS: Kind[Organization] = Kind("organization", "organization", "organization", Organization)
TOKENS: Kind[Token] = Kind("token", "token", "tokens", Token)
NOTIFICATIONS: Kind[Notification] = Kind("notification", "notification", "notifications", Notification)

DEEPEST_DEPENDENCY = 10

INDEXES = {
    USERS.collection: [
        IndexModel([("email", ASCENDING), ("_id", ASCENDING)], name="email"),  # Users.by_email()
        IndexModel(  # Users.who_hear_majors()
            [("hears_majors", ASCENDING)], name="hears_majors", partialFilterExpression={"hears_majors": True}
        ),
    ],
    SERVICES.collection: [IndexModel([("depends_on", ASCENDING)], name="depends_on")],  # Services.affected()
}


@dataclass(frozen=True, slots=True)
class OnCall:
    """A policy, whose it is (a service's name, or the organisation's), and the users whom it calls."""

    owner: str
    policy: Policy
    users: tuple[User, ...]


def _with_policy(field: str) -> list[dict[str, Any]]:
    """The stages that join the policy that `field` names, and the users of its steps: one question instead of three."""
    policy = {"from": POLICIES.collection, "localField": field, "foreignField": "_id", "as": "policy"}
    named = {
        "$reduce": {
            "input": "$policy.steps",
            "initialValue": [],
            "in": {"$concatArrays": ["$$value", "$$this.user_ids"]},
        }
    }
    users = {"from": USERS.collection, "localField": "named", "foreignField": "_id", "as": "users"}
    return [{"$lookup": policy}, {"$unwind": "$policy"}, {"$set": {"named": named}}, {"$lookup": users}]


def _on_call(document: Mapping[str, Any]) -> OnCall:
    users = tuple(readable(document["users"], lambda user: from_document(user, User)))
    return OnCall(document.get("name", "organisation"), from_document(document["policy"], Policy), users)


class Services(Aggregates[Service]):
    """All services."""

    def __init__(self, database: Any, clock: Clock) -> None:
        super().__init__(database, clock, SERVICES)

    async def affected(self, service_ids: tuple[str, ...]) -> tuple[list[Service], tuple[Affected, ...]]:
        """The services of these ids, and what their failure hits: they and all that depends on them."""
        if not service_ids:
            return [], ()
        pipeline = [
            {"$match": {"_id": {"$in": list(service_ids)}}},
            {
                "$graphLookup": {
                    "from": SERVICES.collection,
                    "startWith": "$_id",
                    "connectFromField": "_id",
                    "connectToField": "depends_on",
                    "maxDepth": DEEPEST_DEPENDENCY,
                    "as": "dependents",
                }
            },
        ]
        documents = await self._ask(self.collection.aggregate(pipeline).to_list(None))
        order = {key: n for n, key in enumerate(service_ids)}
        documents.sort(key=lambda document: order[document["_id"]])
        hit: list[Affected] = []
        for document in documents:
            hit.append(Affected(document["name"], document["tier"]))
            hit += [Affected(other["name"], other["tier"], document["name"]) for other in document["dependents"]]
        return [self.loaded(document).value for document in documents], tuple(hit)

    async def on_call(self, service_ids: tuple[str, ...]) -> list[OnCall]:
        """The policies of these services, in their order, each once."""
        if not service_ids:
            return []
        pipeline = [{"$match": {"_id": {"$in": list(service_ids)}}}, *_with_policy("policy_id")]
        documents = await self._ask(self.collection.aggregate(pipeline).to_list(None))
        documents.sort(key=lambda document: service_ids.index(document["_id"]))
        found: dict[str, OnCall] = {}
        for on_call in readable(documents, _on_call):
            found.setdefault(on_call.policy.id, on_call)
        return list(found.values())


class Users(Aggregates[User]):
    """All users."""

    def __init__(self, database: Any, clock: Clock) -> None:
        super().__init__(database, clock, USERS)

    async def by_email(self, email: str) -> User | None:
        """The user with this e-mail address; the first one if there are several."""
        document = await self._ask(self.collection.find_one({"email": email}, sort=[("_id", 1)]))
        return self.loaded(document).value if document else None

    async def who_hear_majors(self, limit: int) -> list[User]:
        """Up to `limit` users who are paged when an incident is declared major."""
        documents = await self._ask(self.collection.find({"hears_majors": True}).limit(limit).to_list(limit))
        return [self.loaded(document).value for document in documents]


async def page(aggregates: Aggregates[Any], after: str | None, limit: int, *, backwards: bool = False) -> list[Any]:
    """Up to `limit` values whose id follows `after` (precedes it, from the end, when `backwards`)."""
    query = {"_id": {"$lt" if backwards else "$gt": after}} if after is not None else {}
    cursor = aggregates.collection.find(query).sort("_id", -1 if backwards else 1).limit(limit)
    try:
        documents = await cursor.to_list(limit)
    except PyMongoError as error:
        raise unavailable(error) from error
    return [aggregates.loaded(document).value for document in documents]


class OrganizationStore(Aggregates[Organization]):
    """The one document of the organisation."""

    def __init__(self, database: Any, clock: Clock) -> None:
        super().__init__(database, clock, ORGANIZATIONS)

    async def settings(self) -> Organization:
        """The settings, or what holds when nobody has chosen any."""
        found = await self.find(ORGANIZATION_ID)
        return found.value if found else Organization()

    async def commanders(self) -> list[OnCall]:
        """The policy of the incident commanders, if one is chosen."""
        return await self._policy("commander_policy_id")

    async def on_call(self) -> list[OnCall]:
        """The fallback policy, if one is chosen."""
        return await self._policy("fallback_policy_id")

    async def _policy(self, field: str) -> list[OnCall]:
        pipeline = [{"$match": {"_id": ORGANIZATION_ID}}, *_with_policy(field)]
        return readable(await self._ask(self.collection.aggregate(pipeline).to_list(None)), _on_call)
