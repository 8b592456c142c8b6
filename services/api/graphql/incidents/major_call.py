"""Looking up whom the declaration of a major incident pages."""

import asyncio

from services.api.graphql.context import Info
from shared.domain.majors import MajorCall

MOST_SUBSCRIBERS = 200


async def major_call(info: Info) -> MajorCall:
    """Whom the declaration of a major incident pages: the commander policy's first step, and the subscribers."""
    store = info.context.api.store
    on_call, subscribers = await asyncio.gather(
        store.organization.commanders(), store.users.who_hear_majors(MOST_SUBSCRIBERS)
    )
    commanders = on_call[0].policy.steps[0].user_ids if on_call else ()
    people = {user.id: user for found in on_call for user in found.users} | {user.id: user for user in subscribers}
    reachable = {key: user.reachable_by() for key, user in people.items()}
    return MajorCall(commanders, tuple(user.id for user in subscribers), reachable)
