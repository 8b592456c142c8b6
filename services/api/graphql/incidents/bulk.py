"""What every bulk mutation has in common: its targets, its results with their index, and how it is carried out."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, Union

import strawberry

from services.api.graphql import errors
from services.api.graphql.commands import command_of
from services.api.graphql.context import ID, Info
from services.api.graphql.ids import entry_cursor, global_id, parse_id
from services.api.graphql.incidents.errors import ConflictError, InvalidTransitionError, as_result
from services.api.graphql.incidents.filters import IncidentFilter, filter_of
from services.api.graphql.incidents.mutation import IncidentMutationSuccess, answer
from shared.domain import incident as domain
from shared.domain.catalog import Role
from shared.domain.commands import Command, Decide
from shared.domain.errors import Failure, InvalidInput, Issue
from shared.store.update import Result

MOST_TARGETS = 200
AT_ONCE = 8

F = TypeVar("F", bound=Callable[..., Any])
B = TypeVar("B", bound="BulkSuccess")


@strawberry.input
class BulkTargets:
    """Either the `ids`, or a `filter` with the count that you expect it to match: another count changes nothing."""

    ids: list[ID] | None = None
    filter: IncidentFilter | None = None
    expected_count: int | None = None


@strawberry.input
class BulkInput:
    """What each of them takes. A dry run answers what would become of each incident, and writes nothing."""

    targets: BulkTargets
    dry_run: bool = False
    note: str | None = None
    idempotency_key: str | None = None


@strawberry.type
class BulkItemSuccess(IncidentMutationSuccess):
    """It is so now; in a dry run, it would be."""


BulkOutcome = Annotated[
    Union[  # noqa: UP007 - strawberry names the union
        BulkItemSuccess,
        errors.ValidationError,
        errors.NotFoundError,
        InvalidTransitionError,
        ConflictError,
        errors.IdempotencyError,
        errors.UnavailableError,
    ],
    strawberry.union("BulkOutcome"),
]


@strawberry.type
class BulkResult:
    """What became of one target; `index` is its place among the targets."""

    index: int
    id: ID
    outcome: BulkOutcome


@strawberry.interface
class BulkSuccess:
    """Each target has its own result: some may have failed."""

    results: list[BulkResult]
    dry_run: bool
    changed_count: int
    failed_count: int


BULK_FAILURES: tuple[type[Any], ...] = (
    errors.ValidationError,
    errors.ForbiddenError,
    errors.IdempotencyError,
    errors.UnavailableError,
)


def bulk_mutation(success: type[Any]) -> Callable[[F], F]:
    """The decorator of a bulk mutation's resolver."""
    return errors.mutation(success, BULK_FAILURES)


async def carry_out_all(
    info: Info, name: str, asked: BulkInput, decide: Decide[domain.Incident], success: type[B]
) -> B:
    """Decide and write each target on its own, a few at a time, and answer what became of each."""
    info.context.viewer.require(Role.RESPONDER)
    command = command_of(info, name, asked)
    texts = await _targets(info, asked, command)
    cursor = entry_cursor(info.context.api.tail.head)
    free = asyncio.Semaphore(AT_ONCE)
    taken: set[str] = set()

    async def one(index: int, text: ID) -> BulkResult:
        async with free:
            try:
                key = _key_of(index, text, taken)
                result = await _do(info, key, decide, command, dry_run=asked.dry_run)
                return BulkResult(index=index, id=text, outcome=answer(BulkItemSuccess, result, cursor))
            except Failure as failure:
                outcome: Any = as_result(failure)
                return BulkResult(index=index, id=text, outcome=outcome)

    results = await asyncio.gather(*(one(index, text) for index, text in enumerate(texts)))
    done = [result.outcome for result in results if isinstance(result.outcome, BulkItemSuccess)]
    return success(
        results=list(results),
        dry_run=asked.dry_run,
        changed_count=sum(outcome.changed for outcome in done),
        failed_count=len(results) - len(done),
    )


def _key_of(index: int, text: ID, taken: set[str]) -> str:
    """The target's key, which goes to `taken`. Raises InvalidInput for a bad id, and for one that was there before."""
    path = ("input", "targets", "ids", str(index))
    key = parse_id("Incident", text, path)
    if key in taken:
        raise InvalidInput(Issue(path, "DUPLICATE", "The incident stands among the targets before."))
    taken.add(key)
    return key


async def _do(
    info: Info, key: str, decide: Decide[domain.Incident], command: Command, *, dry_run: bool
) -> Result[domain.Incident]:
    store = info.context.api.store
    if not dry_run:
        return await store.incidents.update(key, decide, command)
    return await store.incidents.rehearse(key, decide, command)


async def _targets(info: Info, asked: BulkInput, command: Command) -> list[ID]:
    """The targets' ids. Raises InvalidInput for none, too many, or another count than was expected."""
    targets = asked.targets
    if (targets.ids is None) == (targets.filter is None):
        text = "Name the targets by ids, or by a filter."
        raise InvalidInput(Issue(("input", "targets"), "CONFLICTING", text))
    if targets.ids is not None and targets.expected_count is not None:
        text = "An expected count goes with a filter: ids are counted already."
        raise InvalidInput(Issue(("input", "targets", "expectedCount"), "CONFLICTING", text))
    if targets.ids is not None:
        if not 1 <= len(targets.ids) <= MOST_TARGETS:
            text = f"A bulk mutation has 1 to {MOST_TARGETS} targets."
            raise InvalidInput(Issue(("input", "targets", "ids"), "OUT_OF_RANGE", text))
        if command.key and not asked.dry_run:
            await info.context.api.store.remember(tuple(targets.ids), command)  # with others it is refused
        return targets.ids
    if targets.expected_count is None:
        text = "A filter needs the count that you expect it to match."
        raise InvalidInput(Issue(("input", "targets", "expectedCount"), "REQUIRED", text))
    return await _matching(info, asked, command, targets.expected_count)


async def _matching(info: Info, asked: BulkInput, command: Command, expected: int) -> list[ID]:
    """What the filter matches; for a repeated command what it matched then, since its own changes may hide it now."""
    store = info.context.api.store
    if command.key and not asked.dry_run and (chosen := await store.command_targets.find(command.id)):
        keys = store.command_targets.recreated(chosen, command).value.incident_ids
    else:
        keys = await _chosen(info, asked, expected)
        if keys and command.key and not asked.dry_run:
            keys = (await store.remember(keys, command)).incident_ids
    return [ID(global_id("Incident", key)) for key in keys]


async def _chosen(info: Info, asked: BulkInput, expected: int) -> tuple[str, ...]:
    where = filter_of(asked.targets.filter, ("input", "targets", "filter"))
    found = await info.context.api.store.incidents.matching(where, MOST_TARGETS + 1)
    path = ("input", "targets", "expectedCount")
    if len(found) > MOST_TARGETS:
        text = f"The filter matches more than {MOST_TARGETS} incidents, which is the most for one bulk mutation."
        raise InvalidInput(Issue(("input", "targets", "filter"), "TOO_MANY", text))
    if len(found) != expected:
        text = f"The filter matches {len(found)} incidents, not {expected}. Nothing was changed."
        raise InvalidInput(Issue(path, "COUNT_MISMATCH", text))
    return tuple(found)
