"""Bulk mutations: by ids or by filter, each target with its own result, and nothing that was not expected."""

from typing import Any

import pytest

from shared.wire import global_id
from tests.support.graphql import Client, faults
from tests.support.world import BO, World

MOST = 200
UNKNOWN = global_id("Incident", "0" * 32)


async def some(client: Client, batch: str, count: int) -> list[str]:
    """The ids of fresh incidents that are labelled with the batch's name, oldest first."""
    labels = [{"key": "batch", "value": batch}]
    return [(await client.report(f"{batch} {n}", labels=labels))["id"] for n in range(count)]


def of_batch(batch: str, expected: int | None, **more: Any) -> dict[str, Any]:
    """Targets by filter: the incidents of that batch."""
    return {"filter": {"labels": [{"key": "batch", "value": batch}], **more}, "expectedCount": expected}


async def standing(client: Client, ids: list[str]) -> list[tuple[str, int, int]]:
    """Status, version and number of timeline entries of each."""
    found = [await client.incident(one, "status version timeline { nodes { id } }") for one in ids]
    return [(one["status"], one["version"], len(one["timeline"]["nodes"])) for one in found]


def outcomes(done: dict[str, Any]) -> list[str]:
    """The type of each result, in order; the indexes must be in order too."""
    assert [result["index"] for result in done["results"]] == list(range(len(done["results"])))
    return [result["outcome"]["__typename"] for result in done["results"]]


async def test_by_ids(client: Client) -> None:
    """Each named incident is carried out on its own, and the note stands in each of them."""
    ids = await some(client, "by ids", 3)
    done = await client.bulk("acknowledgeIncidents", targets={"ids": ids}, note="storm")
    assert done["__typename"] == "AcknowledgeIncidentsSuccess"
    assert (done["dryRun"], done["changedCount"], done["failedCount"]) == (False, 3, 0)
    assert [result["id"] for result in done["results"]] == ids
    assert [result["outcome"]["incident"]["id"] for result in done["results"]] == ids
    assert {result["outcome"]["incident"]["status"] for result in done["results"]} == {"ACKNOWLEDGED"}
    for one in ids:
        nodes = (await client.incident(one, "timeline { nodes { type note } }"))["timeline"]["nodes"]
        assert nodes[-1] == {"type": "acknowledged", "note": "storm"}


async def test_by_filter(client: Client) -> None:
    """What the filter matches is carried out, when it is as many as was expected."""
    ids = await some(client, "by filter", 4)
    await client.done("acknowledgeIncident", id=ids[0])
    done = await client.bulk("resolveIncidents", targets=of_batch("by filter", 3, status=["TRIGGERED"]), fix="reboot")
    assert (done["changedCount"], done["failedCount"]) == (3, 0)
    assert {result["id"] for result in done["results"]} == set(ids[1:])
    assert [status for status, _, _ in await standing(client, ids)] == ["ACKNOWLEDGED", *["RESOLVED"] * 3]
    assert (await client.incident(ids[3], "fix"))["fix"] == "reboot"


async def test_a_filter_that_matches_nothing(client: Client) -> None:
    """Nothing, when nothing was expected, is a success without results, and so is its repeat."""
    for _ in range(2):
        done = await client.bulk("closeIncidents", targets=of_batch("nobody has it", 0), idempotencyKey="none")
        assert (done["results"], done["changedCount"], done["failedCount"]) == ([], 0, 0)


@pytest.mark.parametrize("expected", [0, 2, 4, -1])
async def test_another_count_than_expected(client: Client, expected: int) -> None:
    """It changes nothing, and says how many the filter matches."""
    batch = f"miscounted {expected}"
    ids = await some(client, batch, 3)
    before = await standing(client, ids)
    refused = await client.bulk("cancelIncidents", targets=of_batch(batch, expected), reason="a test")
    assert (refused["__typename"], refused["code"]) == ("ValidationError", "VALIDATION")
    assert faults(refused) == [("input.targets.expectedCount", "COUNT_MISMATCH")]
    assert "matches 3 incidents" in refused["message"]
    assert await standing(client, ids) == before


@pytest.mark.parametrize(
    ("targets", "where", "code"),
    [
        ({}, "input.targets", "CONFLICTING"),
        ({"expectedCount": 1}, "input.targets", "CONFLICTING"),
        ({"ids": [UNKNOWN], "filter": {"open": True}, "expectedCount": 1}, "input.targets", "CONFLICTING"),
        ({"ids": []}, "input.targets.ids", "OUT_OF_RANGE"),
        ({"ids": [UNKNOWN] * (MOST + 1)}, "input.targets.ids", "OUT_OF_RANGE"),
        ({"filter": {"open": True}}, "input.targets.expectedCount", "REQUIRED"),
        ({"filter": {"serviceIds": ["x"]}, "expectedCount": 1}, "input.targets.filter.serviceIds", "MALFORMED_ID"),
        (
            {"filter": {"assigneeIds": [global_id("User", "u")] * 31}, "expectedCount": 1},
            "input.targets.filter.assigneeIds",
            "TOO_MANY",
        ),
        ({"filter": {"text": "?"}, "expectedCount": 1}, "input.targets.filter.text", "EMPTY"),
    ],
)
async def test_bad_targets(client: Client, targets: dict[str, Any], where: str, code: str) -> None:
    """Neither or both of ids and filter, none, too many, no count, a bad filter: one issue with its place."""
    refused = await client.bulk("acknowledgeIncidents", targets=targets)
    assert refused["__typename"] == "ValidationError"
    assert faults(refused) == [(where, code)]


async def test_a_filter_that_matches_too_many(client: Client, served: World) -> None:
    """More targets than one bulk mutation may have are refused, whatever count was expected."""
    for n in range(MOST + 1):
        await served.report(f"too many {n}", labels={"batch": "too many"})
    for expected in (MOST, MOST + 1):
        refused = await client.bulk("acknowledgeIncidents", targets=of_batch("too many", expected))
        assert faults(refused) == [("input.targets.filter", "TOO_MANY")]
    counted = await client.ask(
        "query($filter: IncidentFilter) { incidents(filter: $filter) { totalCount { value } } }",
        filter={**of_batch("too many", None)["filter"], "status": ["TRIGGERED"]},
    )
    assert counted["incidents"]["totalCount"]["value"] == MOST + 1


async def test_as_many_as_are_allowed(client: Client, served: World) -> None:
    """The largest bulk mutation is carried out whole."""
    for n in range(MOST):
        await served.report(f"many {n}", labels={"batch": "many"})
    done = await client.bulk("acknowledgeIncidents", targets=of_batch("many", MOST))
    assert (done["changedCount"], done["failedCount"]) == (MOST, 0)


async def test_a_mix_of_targets(client: Client) -> None:
    """Good, unknown, malformed, of another type, in a status that forbids it, and already so: each has its own result
    under its index, and what can be done is done.
    """
    good, closed, already = await some(client, "mix", 3)
    for mutation in ("resolveIncident", "closeIncident"):
        await client.done(mutation, id=closed)
    await client.done("acknowledgeIncident", id=already)
    ids = [good, UNKNOWN, "nonsense", global_id("Service", "service-checkout"), closed, already]
    done = await client.bulk("acknowledgeIncidents", targets={"ids": ids})
    assert [result["id"] for result in done["results"]] == ids
    assert outcomes(done) == [
        "BulkItemSuccess",
        "NotFoundError",
        "ValidationError",
        "ValidationError",
        "InvalidTransitionError",
        "BulkItemSuccess",
    ]
    assert (done["changedCount"], done["failedCount"]) == (1, 4)
    _, unknown, malformed, foreign, forbidden, so = [result["outcome"] for result in done["results"]]
    assert unknown["code"] == "NOT_FOUND"
    assert faults(malformed) == [("input.targets.ids.2", "MALFORMED_ID")]
    assert faults(foreign) == [("input.targets.ids.3", "WRONG_TYPE")]
    assert (forbidden["code"], forbidden["allowed"]) == ("INVALID_TRANSITION", [])
    assert (so["changed"], so["replayed"]) == (False, False)
    assert (await standing(client, [good]))[0][0] == "ACKNOWLEDGED"


async def test_a_target_that_is_named_twice(client: Client) -> None:
    """Each incident changes once and is counted once; its second mention is refused under its own index."""
    (one,) = await some(client, "twice", 1)
    done = await client.bulk("addNotes", targets={"ids": [one, one]}, text="once")
    assert outcomes(done) == ["BulkItemSuccess", "ValidationError"]
    assert (done["changedCount"], done["failedCount"]) == (1, 1)
    assert faults(done["results"][1]["outcome"]) == [("input.targets.ids.1", "DUPLICATE")]
    assert (await standing(client, [one])) == [("TRIGGERED", 2, 2)]


async def test_a_dry_run(client: Client) -> None:
    """It answers what would become of each target, by ids and by filter, and writes nothing."""
    open_one, closed = await some(client, "dry", 2)
    for mutation in ("resolveIncident", "closeIncident"):
        await client.done(mutation, id=closed)
    before = await standing(client, [open_one, closed])
    for targets in ({"ids": [open_one, closed]}, of_batch("dry", 2)):
        done = await client.bulk("mitigateIncidents", targets=targets, dryRun=True, workaround="a restart")
        assert (done["dryRun"], done["changedCount"], done["failedCount"]) == (True, 1, 1)
        by_id = {result["id"]: result["outcome"] for result in done["results"]}
        assert by_id[open_one]["incident"]["status"] == "MITIGATED"
        assert by_id[closed]["__typename"] == "InvalidTransitionError"
    miscounted = await client.bulk("mitigateIncidents", targets=of_batch("dry", 5), dryRun=True, workaround="x")
    assert faults(miscounted) == [("input.targets.expectedCount", "COUNT_MISMATCH")]
    assert await standing(client, [open_one, closed]) == before


async def test_a_dry_run_uses_up_no_key(client: Client) -> None:
    """The key of a dry run is free for the real one."""
    (one,) = await some(client, "dry key", 1)
    asked = {"targets": of_batch("dry key", 1), "idempotencyKey": "dry-key"}
    assert (await client.bulk("acknowledgeIncidents", **asked, dryRun=True))["changedCount"] == 1
    real = await client.bulk("acknowledgeIncidents", **asked)
    assert (real["changedCount"], real["results"][0]["outcome"]["replayed"]) == (1, False)
    assert (await standing(client, [one]))[0][0] == "ACKNOWLEDGED"


@pytest.mark.parametrize("by_filter", [False, True], ids=["ids", "filter"])
async def test_the_same_key_again(client: Client, by_filter: bool) -> None:
    """A repeat answers what became of the same targets, though the first time has hidden them from the filter, and
    changes nothing.
    """
    batch = f"again {by_filter}"
    ids = await some(client, batch, 3)
    targets = of_batch(batch, 3, status=["TRIGGERED"]) if by_filter else {"ids": ids}
    asked = {"targets": targets, "idempotencyKey": batch, "note": "taken"}
    first = await client.bulk("acknowledgeIncidents", **asked)
    after = await standing(client, ids)
    await some(client, batch, 1)  # another one that the filter would match now
    again = await client.bulk("acknowledgeIncidents", **asked)
    assert [result["id"] for result in again["results"]] == [result["id"] for result in first["results"]]
    assert outcomes(again) == ["BulkItemSuccess"] * 3
    assert all(result["outcome"]["replayed"] for result in again["results"])
    assert not any(result["outcome"]["replayed"] for result in first["results"])
    assert (again["changedCount"], again["failedCount"]) == (3, 0)
    assert await standing(client, ids) == after


@pytest.mark.parametrize("by_filter", [False, True], ids=["ids", "filter"])
async def test_the_same_key_with_other_input(client: Client, by_filter: bool) -> None:
    """It is refused whole: neither the old targets nor new ones are changed."""
    batch = f"reused {by_filter}"
    ids = await some(client, batch, 3)
    first: dict[str, Any] = of_batch(batch, 3) if by_filter else {"ids": ids[:2]}
    await client.bulk("acknowledgeIncidents", targets=first, idempotencyKey=batch)
    after = await standing(client, ids)
    other: dict[str, Any] = of_batch(batch, 3, open=True) if by_filter else {"ids": ids[1:]}
    for asked in ({"targets": other}, {"targets": first, "note": "another"}):
        refused = await client.bulk("acknowledgeIncidents", **asked, idempotencyKey=batch)
        assert (refused["__typename"], refused["code"]) == ("IdempotencyError", "IDEMPOTENCY_KEY_REUSED")
    assert await standing(client, ids) == after


async def test_a_refused_count_uses_up_no_key(client: Client) -> None:
    """Errors are not remembered: with the right count the same key is carried out."""
    await some(client, "recounted", 2)
    asked = {"idempotencyKey": "recounted"}
    refused = await client.bulk("acknowledgeIncidents", targets=of_batch("recounted", 1), **asked)
    assert refused["code"] == "VALIDATION"
    done = await client.bulk("acknowledgeIncidents", targets=of_batch("recounted", 2), **asked)
    assert done["changedCount"] == 2


async def test_each_bulk_mutation(client: Client) -> None:
    """Every transition has its bulk form; together they lead two incidents through their life."""
    ids = await some(client, "each", 2)
    bo = global_id("User", BO)
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("acknowledgeIncidents", {}, "ACKNOWLEDGED"),
        ("unacknowledgeIncidents", {}, "TRIGGERED"),
        ("investigateIncidents", {}, "INVESTIGATING"),
        ("holdIncidents", {"reason": "VENDOR"}, "INVESTIGATING"),
        ("mitigateIncidents", {"workaround": "a restart"}, "MITIGATED"),
        ("retriggerIncidents", {"cause": "the restart did not help"}, "TRIGGERED"),
        ("addNotes", {"text": "again"}, "TRIGGERED"),
        ("cancelIncidents", {"reason": "a drill"}, "CANCELED"),
        ("reopenIncidents", {"cause": "no drill"}, "TRIGGERED"),
        ("assignIncidents", {"userId": bo}, "TRIGGERED"),
        ("resolveIncidents", {"resolution": "done"}, "RESOLVED"),
        ("closeIncidents", {"insights": "drill more"}, "CLOSED"),
    ]
    for mutation, asked, status in steps:
        done = await client.bulk(mutation, targets={"ids": ids}, **asked)
        assert (done["changedCount"], done["failedCount"]) == (2, 0), (mutation, done)
        assert {result["outcome"]["incident"]["status"] for result in done["results"]} == {status}


@pytest.mark.parametrize(
    ("mutation", "asked", "where"),
    [
        ("cancelIncidents", {"reason": " "}, "input.reason"),
        ("mitigateIncidents", {"workaround": ""}, "input.workaround"),
        ("addNotes", {"text": ""}, "input.text"),
        ("assignIncidents", {"userId": "x"}, "input.userId"),
    ],
)
async def test_a_bad_input_for_all(client: Client, mutation: str, asked: dict[str, Any], where: str) -> None:
    """What is wrong for all of them is told once, and no target is touched."""
    ids = await some(client, "bad for all", 2)
    before = await standing(client, ids)
    refused = await client.bulk(mutation, targets={"ids": ids}, **asked)
    assert refused["__typename"] == "ValidationError"
    assert [place for place, _ in faults(refused)] == [where]
    assert await standing(client, ids) == before


async def test_a_viewer(client: Client, viewer: Client) -> None:
    """Who may only look is refused whole."""
    ids = await some(client, "viewed", 1)
    refused = await viewer.bulk("acknowledgeIncidents", targets={"ids": ids})
    assert (refused["__typename"], refused["code"]) == ("ForbiddenError", "FORBIDDEN")
    assert await standing(client, ids) == [("TRIGGERED", 1, 1)]
