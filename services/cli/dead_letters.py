"""Messages that could not be processed: looking at them, and giving them one more chance."""

import msgspec

from shared.broker import letters
from shared.settings import Settings
from shared.store.store import open_store


async def look(settings: Settings) -> list[str]:
    """A line a letter: handler, attempts, reason, and the beginning of its body."""
    found = await letters.look(settings.amqp_url.get_secret_value())
    return [
        f"{letter.handler:14} {letter.attempts:>3} attempts  {letter.reason}  {letter.body[:120]!r}" for letter in found
    ]


async def replay(settings: Settings) -> int:
    """Put messages back into their queues, and let given-up work be tried afresh. How many there were."""
    async with open_store(settings, "cli") as store:

        async def again(letter: letters.Letter) -> bool:
            if not letter.gave_up:
                return False
            about = msgspec.json.decode(letter.body, type=dict[str, str])
            await store.retries.afresh(about["handler"], about["incident"], store.clock.now())
            return True

        return await letters.replay(settings.amqp_url.get_secret_value(), again)
