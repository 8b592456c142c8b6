"""`sendTestNotification`: try a contact method now, before the night it is needed."""

import strawberry
import uuid_utils.compat as uuid

from services.api.graphql import errors
from services.api.graphql.catalog_mutation import CATALOG_FAILURES
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import parse_id
from shared.channels import Message
from shared.domain.catalog import Role
from shared.domain.errors import NotFound
from shared.domain.notification import Deferred, Delivered, Refused


@strawberry.input
class SendTestNotificationInput:
    """Whose contact method, and which."""

    user_id: ID
    contact_method_id: ID


@strawberry.type
class SendTestNotificationSuccess:
    """It was tried once. `delivered`: the channel accepted it; otherwise `reason` says why not."""

    delivered: bool
    reason: str | None


@errors.mutation(SendTestNotificationSuccess, CATALOG_FAILURES)
async def send_test_notification(
    info: Info,
    input: SendTestNotificationInput,
) -> SendTestNotificationSuccess:
    """Send a test message through one contact method, and say what became of it."""
    api = info.context.api
    info.context.viewer.require(Role.RESPONDER)
    user = await api.store.users.get(parse_id("User", input.user_id, ("input", "userId")))
    key = parse_id("ContactMethod", input.contact_method_id, ("input", "contactMethodId"))
    method = next((known for known in user.contact_methods if known.id == key), None)
    if method is None:
        raise NotFound("contact method", key)
    message = Message(
        id=uuid.uuid7().hex,
        type="test",
        at=api.store.clock.now(),
        recipient=user.name,
        title="Tocsin test notification",
        text=f"This is a test for {user.name}. If you can read it, pages will reach you this way.",
    )
    channel = api.channels.get(method.channel)
    if channel is None:
        return SendTestNotificationSuccess(delivered=False, reason=f"There is no channel {method.channel} here.")
    outcome = await channel.send(method.address, method.secret, message)
    match outcome:
        case Delivered():
            return SendTestNotificationSuccess(delivered=True, reason=None)
        case Deferred(reason) | Refused(reason):
            return SendTestNotificationSuccess(delivered=False, reason=reason)
