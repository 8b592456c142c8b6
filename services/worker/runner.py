"""One delivery, from message to verdict: decode, guard, handle, and what to do when it fails. The only such
place.

A failure is remembered in the database and tried again from there, never parked in the broker; when its tries
are used up it goes to the dead letters, with its reason. A database that does not answer is nobody's failure:
the work waits.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from services.worker.handler import Deps, Handler, Work
from shared.broker.consumer import Delivery, Reject
from shared.broker.publisher import Publisher, PublishFailed
from shared.crashpoints import reached
from shared.domain.errors import Unavailable
from shared.store.client import PyMongoError, is_transient, unavailable
from shared.store.retries import Failed
from shared.telemetry import HANDLING, logger
from shared.wire import Undecodable, decode_subject

log = logger("runner")


class Runner:
    """Runs handlers. It knows what is under way in this process, so that a sweep does not do it twice."""

    def __init__(self, handlers: Sequence[Handler], deps: Deps, publisher: Publisher) -> None:
        self.handlers = {handler.name: handler for handler in handlers}
        self._deps = deps
        self._publisher = publisher
        self._under_way: set[tuple[str, str]] = set()

    async def receive(self, delivery: Delivery) -> None:
        """Handle one message; returning means that it may be acknowledged. Raises Reject when it cannot even
        be buried.
        """
        handler = self.handlers[delivery.queue.handler]
        try:
            subject = decode_subject(delivery.headers, delivery.body)
        except Undecodable as error:
            await self._bury(delivery, handler, str(error))
            return
        await self.run(handler, Work(subject.id, subject.event_id, subject.rank))

    def is_under_way(self, handler: Handler, incident_id: str) -> bool:
        """Whether this process is at it already."""
        return (handler.name, incident_id) in self._under_way

    async def run(self, handler: Handler, work: Work) -> None:
        """Handle, and remember a failure. While the database is away it waits."""
        key = (handler.name, work.incident_id)
        self._under_way.add(key)
        wait = 0.5
        try:
            while True:
                try:
                    await self._once(handler, work)
                    return
                except (Unavailable, PyMongoError) as error:
                    if isinstance(error, PyMongoError) and not is_transient(error):
                        raise
                    log.warning("the database is away; the work waits", handler=handler.name, error=str(error))
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, 5.0)
        finally:
            self._under_way.discard(key)

    async def _once(self, handler: Handler, work: Work) -> None:
        reached("runner.before_handle")
        began = time.perf_counter()
        try:
            async with asyncio.timeout(handler.timeout.total_seconds()):
                await handler.handle(work, self._deps)
        except Unavailable:
            raise
        except PyMongoError as error:
            if is_transient(error):
                raise unavailable(error) from error
            await self._failed(handler, work, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is remembered
            await self._failed(handler, work, error)
            return
        finally:
            HANDLING.labels(handler.name).observe(time.perf_counter() - began)
        reached("runner.after_handle")

    async def _failed(self, handler: Handler, work: Work, error: Exception) -> None:
        now = self._deps.store.clock.now()
        before = await self._deps.store.retries.get(handler.name, work.incident_id)
        attempts = before.attempts + 1 if before else 1
        reason = f"{type(error).__name__}: {error}"[:500]
        failed = Failed(
            handler.name,
            work.incident_id,
            attempts,
            before.first_at if before else now,
            now + handler.retry.after(attempts),
            reason,
            work.cause,
            work.rank,
        )
        log.warning(
            "a handler failed",
            handler=handler.name,
            incident=work.incident_id,
            attempts=attempts,
            error=reason,
        )
        if handler.retry.is_used_up(attempts) and not await self._give_up(failed):
            failed = replace(failed, attempts=before.attempts if before else 0)
        await self._deps.store.retries.put(failed)

    async def _give_up(self, failed: Failed) -> bool:
        """Put it among the dead letters; False while the broker is away: then it goes on being tried."""
        body = msgspec.json.encode({"handler": failed.handler, "incident": failed.subject, "cause": failed.event_id})
        try:
            await self._publisher.bury(
                {}, body, f"{failed.handler}.gave_up", _reasons(failed.handler, failed.reason, failed)
            )
        except PublishFailed:
            return False
        return True

    async def _bury(self, delivery: Delivery, handler: Handler, reason: str) -> None:
        log.warning("a message was put among the dead letters", queue=delivery.queue.name, reason=reason)
        reasons = _reasons(handler.name, reason, None)
        try:
            await self._publisher.bury(delivery.headers, delivery.body, delivery.routing_key, reasons)
        except PublishFailed:
            raise Reject(reason) from None


def _reasons(handler: str, reason: str, failed: Failed | None) -> dict[str, str]:
    first: datetime | None = failed.first_at if failed else None
    return {
        "tocsin-handler": handler,
        "tocsin-reason": reason,
        "tocsin-attempts": str(failed.attempts if failed else 1),
        **({"tocsin-first-seen": first.isoformat()} if first else {}),
    }
