"""`addContactMethod`: one more way to reach a user."""

import strawberry

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES, key_for, require_admin
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from services.api.graphql.users.types import ContactMethod, User
from shared.domain import catalog
from shared.domain.errors import InvalidInput, Issue
from shared.domain.texts import LONGEST_NAME, LONGEST_URL, refuse, text_issues


@strawberry.input
class AddContactMethodInput:
    """`channel` is the name of one in the `channels` query, `address` what it asks for."""

    user_id: ID
    channel: str
    address: str
    label: str | None = None
    idempotency_key: str | None = None


@strawberry.type
class AddContactMethodSuccess:
    """`secret` signs what is sent there (webhooks); it is shown this once."""

    user: User
    contact_method: ContactMethod
    secret: str | None
    changed: bool
    replayed: bool


@errors.mutation(AddContactMethodSuccess, CATALOG_FAILURES)
async def add_contact_method(info: Info, input: AddContactMethodInput) -> AddContactMethodSuccess:
    """Add a contact method; it is tried after those that are there."""
    require_admin(info)
    channel = info.context.api.channels.get(input.channel)
    if channel is None:
        known = ", ".join(sorted(info.context.api.channels))
        raise InvalidInput(Issue(("input", "channel"), "UNKNOWN", f"There is no such channel; there are {known}."))
    issues = text_issues("address", input.address, LONGEST_URL)
    refuse([*issues, *text_issues("label", input.label, LONGEST_NAME)])
    if wrong := channel.check(input.address):
        raise InvalidInput(Issue(("input", "address"), "INVALID", wrong))
    command = command_of(info, "addContactMethod", input)
    method = catalog.ContactMethod(
        key_for(command), channel.name, input.address, input.label, secret=channel.new_secret()
    )
    key = parse_id("User", input.user_id, ("input", "userId"))
    result = await info.context.api.store.users.update(key, catalog.add_contact_method(method), command)
    made = next(known for known in result.value.contact_methods if known.id == method.id)
    return AddContactMethodSuccess(
        user=User.of(result.value),
        contact_method=ContactMethod.of(made),
        secret=None if result.replayed else made.secret,
        changed=result.changed,
        replayed=result.replayed,
    )
