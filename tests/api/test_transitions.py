"""The moves of an incident's status, and relations between incidents: what is allowed, when, and exactly once."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.wire import global_id
from tests.support.graphql import Client, faults

UNKNOWN = global_id("Incident", "0" * 32)

WORKAROUND = {"workaround": "traffic goes round it"}
REASON = {"reason": "a false alarm"}

WAYS: dict[str, dict[str, dict[str, str]]] = {
    "TRIGGERED": {},
    "ACKNOWLEDGED": {"acknowledgeIncident": {}},
    "INVESTIGATING": {"investigateIncident": {}},
    "MITIGATED": {"mitigateIncident": WORKAROUND},
    "RESOLVED": {"resolveIncident": {}},
    "CLOSED": {"resolveIncident": {}, "closeIncident": {}},
    "CANCELED": {"cancelIncident": REASON},
    "MERGED": {},
}
"""How an incident comes to each status; it is merged by `brought_to`."""

ALLOWED = {
    "TRIGGERED": ["ACKNOWLEDGE", "INVESTIGATE", "MITIGATE", "RESOLVE", "CANCEL", "MERGE"],
    "ACKNOWLEDGED": ["UNACKNOWLEDGE", "INVESTIGATE", "MITIGATE", "RESOLVE", "CANCEL", "MERGE"],
    "INVESTIGATING": ["MITIGATE", "RESOLVE", "CANCEL", "MERGE"],
    "MITIGATED": ["INVESTIGATE", "RETRIGGER", "RESOLVE", "CANCEL", "MERGE"],
    "RESOLVED": ["REOPEN", "CLOSE", "CANCEL", "MERGE"],
    "CLOSED": [],
    "CANCELED": ["REOPEN"],
    "MERGED": ["UNMERGE"],
}
"""The moves that change something, as the design's table has them."""

OPEN = ("TRIGGERED", "ACKNOWLEDGED", "INVESTIGATING", "MITIGATED")


@dataclass(frozen=True)
class Step:
    """One transition: its mutation, from where to where, the entry that tells of it, and where it is so already."""

    mutation: str
    start: str
    target: str
    entry: str
    asked: dict[str, Any] = field(default_factory=dict)
    already: tuple[str, ...] = ()


STEPS = [
    Step("acknowledgeIncident", "TRIGGERED", "ACKNOWLEDGED", "acknowledged", already=("INVESTIGATING",)),
    Step("unacknowledgeIncident", "ACKNOWLEDGED", "TRIGGERED", "unacknowledged"),
    Step("investigateIncident", "ACKNOWLEDGED", "INVESTIGATING", "investigating"),
    Step("mitigateIncident", "INVESTIGATING", "MITIGATED", "mitigated", WORKAROUND),
    Step("retriggerIncident", "MITIGATED", "TRIGGERED", "retriggered", {"cause": "down again"}),
    Step("resolveIncident", "MITIGATED", "RESOLVED", "resolved", {"resolution": "over", "fix": "a new disk"}),
    Step("reopenIncident", "RESOLVED", "TRIGGERED", "reopened", {"cause": "it came back"}, OPEN[1:]),
    Step("closeIncident", "RESOLVED", "CLOSED", "closed", {"insights": "watch the disks"}),
    Step("cancelIncident", "TRIGGERED", "CANCELED", "canceled", REASON),
]
MOVES = {step.mutation: step for step in STEPS}


async def brought_to(client: Client, status: str, title: str = "brought there") -> dict[str, Any]:
    """A fresh incident in that status."""
    incident = await client.report(title)
    if status == "MERGED":
        target = await client.report("takes it in")
        await client.done("mergeIncidents", targetId=target["id"], sourceIds=[incident["id"]])
    for mutation, asked in WAYS[status].items():
        await client.done(mutation, id=incident["id"], **asked)
    return await seen(client, incident["id"])


async def seen(client: Client, incident_id: str) -> dict[str, Any]:
    """Where it stands, with its timeline."""
    fields = "id reference status version timeline { nodes { type note was { status } now { status } } }"
    return await client.incident(incident_id, fields)


async def button(client: Client, incident_id: str, action: str) -> dict[str, Any]:
    """Whether that action is allowed now."""
    shown = (await client.incident(incident_id, "actions { action allowed requires blockedBy }"))["actions"]
    return next(state for state in shown if state["action"] == action)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.mutation)
async def test_a_transition(client: Client, step: Step) -> None:
    """It happens once, on the expected version, with its note on the timeline; repeats of it change nothing, and a key
    with other input is refused.
    """
    before = await brought_to(client, step.start)
    asked = {"id": before["id"], **step.asked}
    conflict = await client.do(step.mutation, **asked, expectedVersion=before["version"] - 1)
    assert (conflict["__typename"], conflict["code"]) == ("ConflictError", "CONFLICT")
    assert conflict["incident"]["version"] == before["version"]
    assert await seen(client, before["id"]) == before

    keyed = {**asked, "expectedVersion": before["version"], "idempotencyKey": f"once {step.mutation}", "note": "hm"}
    first = await client.done(step.mutation, **keyed)
    after = await seen(client, before["id"])
    assert (first["changed"], first["replayed"]) == (True, False)
    assert (after["status"], after["version"]) == (step.target, before["version"] + 1)
    assert first["incident"]["version"] == after["version"]
    (entry,) = after["timeline"]["nodes"][len(before["timeline"]["nodes"]) :]
    standing = {"was": {"status": step.start}, "now": {"status": step.target}}
    assert entry == {"type": step.entry, "note": "hm", **standing}

    again = await client.done(step.mutation, **keyed)
    assert (again["changed"], again["replayed"]) == (True, True)
    reused = await client.do(step.mutation, **{**keyed, "note": "another"})
    assert (reused["__typename"], reused["code"]) == ("IdempotencyError", "IDEMPOTENCY_KEY_REUSED")
    so = await client.done(step.mutation, **asked)
    assert (so["changed"], so["replayed"]) == (False, False)
    assert await seen(client, before["id"]) == after


@pytest.mark.parametrize("status", ALLOWED)
async def test_moves_that_a_status_forbids(client: Client, status: str) -> None:
    """Every other move is refused by name, with what is allowed instead, and writes nothing."""
    before = await brought_to(client, status)
    for mutation, step in MOVES.items():
        action = mutation.removesuffix("Incident").upper()
        if action in ALLOWED[status] or status in (step.target, *step.already):
            continue
        refused = await client.do(mutation, id=before["id"], **step.asked)
        assert (refused["__typename"], refused["code"]) == ("InvalidTransitionError", "INVALID_TRANSITION")
        assert f"Cannot {action} an incident that is {status}." in refused["message"]
        assert refused["allowed"] == ALLOWED[status]
        assert refused["incident"]["status"] == status
    assert await seen(client, before["id"]) == before


@pytest.mark.parametrize("status", ALLOWED)
async def test_the_buttons_of_a_status(client: Client, status: str) -> None:
    """The moves that are shown as allowed are those that the table allows; the others say why they are blocked."""
    incident = await brought_to(client, status)
    fields = "actions { action allowed requires blockedBy }"
    shown = (await client.incident(incident["id"], fields))["actions"]
    moves = [*ALLOWED["TRIGGERED"], "UNACKNOWLEDGE", "RETRIGGER", "REOPEN", "CLOSE", "UNMERGE"]
    assert {state["action"] for state in shown if state["allowed"]} & set(moves) == set(ALLOWED[status])
    assert all((state["blockedBy"] is None) is state["allowed"] for state in shown)
    blocked = {state["action"]: state["blockedBy"] for state in shown}
    assert {blocked[move] for move in moves if move not in ALLOWED[status]} == {f"the incident is {status}"}
    requires = {state["action"]: state["requires"] for state in shown}
    assert (requires["MITIGATE"], requires["CANCEL"], requires["MERGE"]) == (["workaround"], ["reason"], ["targetId"])
    assert requires["OVERRIDE_PRIORITY"] == ["priority", "reason"]


@pytest.mark.parametrize(
    ("action", "blocked", "mutation", "asked", "afterwards"),
    [
        ("RELEASE_HOLD", "it is not on hold", "holdIncident", {"reason": "VENDOR"}, None),
        (
            "RELEASE_PRIORITY",
            "nobody has set the priority",
            "overridePriority",
            {"priority": "P1", "reason": "x"},
            None,
        ),
        ("RATE_WORKAROUND", "no workaround is recorded", "mitigateIncident", WORKAROUND, None),
        ("STAND_DOWN_MAJOR", "it is no major incident", "proposeMajor", {}, None),
        ("PROPOSE_MAJOR", None, "proposeMajor", {}, "it is proposed already"),
        ("DECLARE_MAJOR", None, "declareMajor", {"businessImpact": "no sales"}, "it is a major incident"),
        ("REVIEW", "the incident is ACKNOWLEDGED", "resolveIncident", {}, None),
        ("ASSIGN", None, "resolveIncident", {}, "the incident is RESOLVED"),
        ("HOLD", None, "unacknowledgeIncident", {}, "nobody has acknowledged it: on hold, it would be silent"),
    ],
)
async def test_a_button_before_and_after(
    client: Client, action: str, blocked: str | None, mutation: str, asked: dict[str, Any], afterwards: str | None
) -> None:
    """A button follows what the incident is, and says why it is blocked."""
    incident = await brought_to(client, "ACKNOWLEDGED")
    assert (await button(client, incident["id"], action))["blockedBy"] == blocked
    await client.done(mutation, id=incident["id"], **asked)
    assert (await button(client, incident["id"], action))["blockedBy"] == afterwards


async def test_a_second_acknowledger(client: Client, bo: Client) -> None:
    """They join as responder; the owner and the status stay."""
    incident = await brought_to(client, "ACKNOWLEDGED")
    joined = await bo.done("acknowledgeIncident", id=incident["id"])
    assert not joined["changed"]
    found = await client.incident(incident["id"], "status assignee { name } responders { user { name } }")
    assert (found["status"], found["assignee"]["name"]) == ("ACKNOWLEDGED", "Ada")
    assert [one["user"]["name"] for one in found["responders"]] == ["Ada", "Bo"]


async def test_giving_it_back(client: Client) -> None:
    """Without its acknowledgement nobody owns it, and the escalation begins anew in another cycle."""
    incident = await brought_to(client, "ACKNOWLEDGED")
    fields = "assignee { name } acknowledgedAt escalation { state cycle nextStep } pendingActions { type }"
    before = await client.incident(incident["id"], fields)
    await client.done("unacknowledgeIncident", id=incident["id"])
    after = await client.incident(incident["id"], fields)
    assert (after["assignee"], after["acknowledgedAt"]) == (None, None)
    assert before["escalation"]["state"] == "STOPPED"
    assert after["escalation"] == {"state": "ARMED", "cycle": before["escalation"]["cycle"] + 1, "nextStep": 0}
    assert "ESCALATE" in [pending["type"] for pending in after["pendingActions"]]


async def test_a_fight_for_one_version(client: Client) -> None:
    """Of many who expect the same version one succeeds; the others get the present incident with their conflict."""
    incident = await client.report("fought for")
    notes = [client.do("addNote", id=incident["id"], text=f"note {n}", expectedVersion=1) for n in range(12)]
    results = await asyncio.gather(*notes)
    kinds = sorted(result["__typename"] for result in results)
    assert kinds == ["AddNoteSuccess", *["ConflictError"] * 11]
    assert {result["incident"]["version"] for result in results} == {2}
    assert (await seen(client, incident["id"]))["version"] == 2


async def test_a_fight_for_one_key(client: Client) -> None:
    """The same command, sent many times at once, is carried out once."""
    incident = await client.report("sent often")
    asked = {"id": incident["id"], "text": "once", "idempotencyKey": "sent often"}
    results = await asyncio.gather(*(client.done("addNote", **asked) for _ in range(12)))
    assert sum(not result["replayed"] for result in results) == 1
    after = await seen(client, incident["id"])
    assert (after["version"], [entry["type"] for entry in after["timeline"]["nodes"]]) == (
        2,
        ["triggered", "note_added"],
    )


async def test_a_merge(client: Client, bo: Client) -> None:
    """Sources end, keys and responders move to the target, both timelines tell of it; unmerging gives the keys back."""
    target = await client.report("the large one")
    source = await client.report("a part of it", dedupKey="part")
    other = await client.report("another part")
    await bo.done("acknowledgeIncident", id=source["id"])
    more = "... on MergeIncidentsSuccess { sources { id status mergedInto { id } } }"
    asked = {"targetId": target["id"], "sourceIds": [source["id"], other["id"]]}
    merged = await client.done("mergeIncidents", more, **asked, expectedVersion=1, note="the same cause")
    assert merged["incident"]["id"] == target["id"]
    assert [one["id"] for one in merged["sources"]] == asked["sourceIds"]
    assert [(one["status"], one["mergedInto"]["id"]) for one in merged["sources"]] == [("MERGED", target["id"])] * 2
    found = await client.incident(target["id"], "mergedFrom { id } responders { user { name } } status")
    assert [one["id"] for one in found["mergedFrom"]] == asked["sourceIds"]
    assert [one["user"]["name"] for one in found["responders"]] == ["Bo"]
    assert [entry["type"] for entry in (await seen(client, target["id"]))["timeline"]["nodes"][1:]] == ["absorbed"] * 2
    assert (await seen(client, source["id"]))["timeline"]["nodes"][-1]["type"] == "merged"
    assert (await button(client, target["id"], "MERGE"))["blockedBy"] == "other incidents are merged into it"
    assert not (await client.done("mergeIncidents", **asked))["changed"], "they are merged already"

    repeat = await client.do("reportIncident", title="again", dedupKey="part")
    assert (repeat["deduplicated"], repeat["incident"]["id"]) == (True, target["id"])
    by_key = await client.ask('{ incident(by: {dedupKey: {key: "part"}}) { id } }')
    assert by_key["incident"]["id"] == target["id"]

    keyed = {"id": source["id"], "idempotencyKey": "out again"}
    more = "... on UnmergeIncidentSuccess { target { id mergedFrom { id } } }"
    back = await client.done("unmergeIncident", more, **keyed)
    assert (back["incident"]["status"], back["target"]["id"]) == ("ACKNOWLEDGED", target["id"])
    assert back["target"]["mergedFrom"] == [{"id": other["id"]}]
    again = await client.done("unmergeIncident", more, **keyed)
    assert again["replayed"] and again["target"]["id"] == target["id"]
    repeat = await client.do("reportIncident", title="again", dedupKey="part")
    assert (repeat["deduplicated"], repeat["incident"]["id"]) == (True, source["id"])
    assert (await seen(client, source["id"]))["timeline"]["nodes"][-2]["type"] == "unmerged"
    assert (await seen(client, target["id"]))["timeline"]["nodes"][-1]["type"] == "split_off"


async def test_a_merge_with_a_key(client: Client) -> None:
    """Its repeat is replayed; with other sources it is refused, and the other source stays as it is."""
    target, source, other = [await client.report(f"keyed merge {n}") for n in range(3)]
    asked = {"targetId": target["id"], "sourceIds": [source["id"]], "idempotencyKey": "keyed merge"}
    assert not (await client.done("mergeIncidents", **asked))["replayed"]
    after = await seen(client, target["id"])
    assert (await client.done("mergeIncidents", **asked))["replayed"]
    refused = await client.do("mergeIncidents", **{**asked, "sourceIds": [other["id"]]})
    assert refused["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await seen(client, target["id"]) == after
    assert (await seen(client, other["id"]))["status"] == "TRIGGERED"


async def test_refused_merges(client: Client) -> None:
    """Into itself, in a chain or a ring, into what is over, too many: each has its place, and nothing is written."""
    into, taken, free, over = [await client.report(f"refused merge {n}") for n in range(4)]
    await client.done("mergeIncidents", targetId=into["id"], sourceIds=[taken["id"]])
    await client.done("resolveIncident", id=over["id"])
    ids = {"into": into["id"], "taken": taken["id"], "free": free["id"], "over": over["id"], "unknown": UNKNOWN}
    before = {name: await seen(client, ids[name]) for name in ("into", "taken", "free", "over")}
    cases: list[tuple[str, list[str], list[tuple[str, str]]]] = [
        ("free", ["free"], [("input.sourceIds.0", "ITSELF")]),
        ("free", ["over", "over", "free"], [("input.sourceIds.2", "ITSELF")]),
        ("taken", ["into"], [("input.targetId", "CHAIN"), ("input.sourceIds.0", "CHAIN")]),  # a ring
        ("taken", ["free"], [("input.targetId", "CHAIN")]),
        ("free", ["over", "into"], [("input.sourceIds.1", "CHAIN")]),
        ("free", ["over", "over", "taken"], [("input.sourceIds.2", "CHAIN")]),
        ("over", ["free"], [("input.targetId", "TARGET_OVER")]),
        ("free", [], [("input.sourceIds", "OUT_OF_RANGE")]),
        ("free", ["over"] * 21, [("input.sourceIds", "OUT_OF_RANGE")]),
    ]
    for target, sources, issues in cases:
        refused = await client.do("mergeIncidents", targetId=ids[target], sourceIds=[ids[name] for name in sources])
        assert refused["__typename"] == "ValidationError", (target, sources, refused)
        assert faults(refused) == issues, (target, sources)
    missing = await client.do("mergeIncidents", targetId=UNKNOWN, sourceIds=[over["id"], UNKNOWN])
    assert faults(missing) == [("input.targetId", "NOT_FOUND"), ("input.sourceIds.1", "NOT_FOUND")]
    malformed = await client.do("mergeIncidents", targetId="x", sourceIds=[free["id"]])
    assert faults(malformed) == [("input.targetId", "MALFORMED_ID")]
    malformed = await client.do("mergeIncidents", targetId=free["id"], sourceIds=[over["id"], "x"])
    assert faults(malformed) == [("input.sourceIds.1", "MALFORMED_ID")]
    conflict = await client.do("mergeIncidents", targetId=free["id"], sourceIds=[over["id"]], expectedVersion=9)
    assert (conflict["__typename"], conflict["incident"]["version"]) == ("ConflictError", 1)
    assert {name: await seen(client, ids[name]) for name in before} == before


async def test_refused_endings(client: Client) -> None:
    """What is closed or canceled is not merged, and what is not merged is not taken out."""
    target = await client.report("takes nothing in")
    for status in ("CLOSED", "CANCELED"):
        source = await brought_to(client, status)
        refused = await client.do("mergeIncidents", targetId=target["id"], sourceIds=[source["id"]])
        assert (refused["__typename"], refused["incident"]["status"]) == ("InvalidTransitionError", status)
        assert refused["allowed"] == ALLOWED[status]
        assert await seen(client, source["id"]) == source
    refused = await client.do("unmergeIncident", id=target["id"])
    assert (refused["__typename"], refused["allowed"]) == ("InvalidTransitionError", ALLOWED["TRIGGERED"])
    assert (await seen(client, target["id"]))["version"] == 1


async def test_out_of_a_closed_incident(client: Client) -> None:
    """A closed target is frozen: what was merged into it stays there, and the answer says so."""
    target, source = await client.report("closed target"), await client.report("stays in it")
    await client.done("mergeIncidents", targetId=target["id"], sourceIds=[source["id"]])
    for mutation in ("resolveIncident", "closeIncident"):
        await client.done(mutation, id=target["id"])
    before = await seen(client, source["id"]), await seen(client, target["id"])
    assert faults(await client.do("unmergeIncident", id=source["id"])) == [("input.id", "TARGET_CLOSED")]
    assert (await seen(client, source["id"]), await seen(client, target["id"])) == before


async def test_crossing_merges(client: Client) -> None:
    """Of A into B and B into A at the same time, one happens, whole, and the other is refused."""
    pairs = [(await client.report(f"cross {n} a"), await client.report(f"cross {n} b")) for n in range(20)]

    async def into(source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
        return await client.do("mergeIncidents", targetId=target["id"], sourceIds=[source["id"]])

    asked = [into(*ends) for a, b in pairs for ends in ((a, b), (b, a))]
    results = await asyncio.gather(*asked)
    for n, (a, b) in enumerate(pairs):
        kinds = sorted(result["__typename"] for result in results[2 * n : 2 * n + 2])
        assert kinds == ["MergeIncidentsSuccess", "ValidationError"]
        fields = "id status mergedInto { id } mergedFrom { id } timeline { nodes { type } }"
        one, other = await client.incident(a["id"], fields), await client.incident(b["id"], fields)
        gone, stays = (one, other) if one["status"] == "MERGED" else (other, one)
        assert (gone["status"], stays["status"]) == ("MERGED", "TRIGGERED")
        assert (gone["mergedInto"], gone["mergedFrom"]) == ({"id": stays["id"]}, [])
        assert (stays["mergedInto"], stays["mergedFrom"]) == (None, [{"id": gone["id"]}])
        assert [entry["type"] for entry in gone["timeline"]["nodes"]] == ["triggered", "merged"]
        assert [entry["type"] for entry in stays["timeline"]["nodes"]] == ["triggered", "absorbed"]


async def test_chains_at_the_same_time(client: Client) -> None:
    """Of A into B and B into C at the same time, only one happens: there are no chains."""
    trios = [[(await client.report(f"chain {n} {name}"))["id"] for name in "abc"] for n in range(8)]
    asked = [
        client.do("mergeIncidents", targetId=target, sourceIds=[source])
        for a, b, c in trios
        for source, target in ((a, b), (b, c))
    ]
    results = await asyncio.gather(*asked)
    for n, trio in enumerate(trios):
        kinds = sorted(result["__typename"] for result in results[2 * n : 2 * n + 2])
        assert kinds == ["MergeIncidentsSuccess", "ValidationError"]
        statuses = [(await seen(client, one))["status"] for one in trio]
        assert statuses in (["MERGED", "TRIGGERED", "TRIGGERED"], ["TRIGGERED", "MERGED", "TRIGGERED"])


async def test_parent_and_child(client: Client) -> None:
    """Both know of one another and tell of it; without a parent it stands on its own again."""
    child, parent = await client.report("a child"), await client.report("a parent")
    asked = {"id": child["id"], "parentId": parent["id"], "idempotencyKey": "parent", "expectedVersion": 1}
    assert (await client.done("setParent", **asked))["changed"]
    assert (await client.done("setParent", **asked))["replayed"]
    assert not (await client.done("setParent", id=child["id"], parentId=parent["id"]))["changed"]
    assert (await client.incident(child["id"], "parent { id }"))["parent"] == {"id": parent["id"]}
    assert (await client.incident(parent["id"], "children { id }"))["children"] == [{"id": child["id"]}]
    alone = {"id": child["id"], "idempotencyKey": "alone"}
    assert (await client.done("setParent", **alone))["changed"]
    again = await client.done("setParent", **alone)
    assert (again["changed"], again["replayed"]) == (True, True)
    assert not (await client.done("setParent", id=child["id"], parentId=None))["changed"]
    after = await client.incident(child["id"], "version parent { id } timeline { nodes { type } }")
    assert (after["version"], after["parent"]) == (3, None)
    assert [entry["type"] for entry in after["timeline"]["nodes"]] == ["triggered", "parent_set", "parent_removed"]
    entries = (await seen(client, parent["id"]))["timeline"]["nodes"]
    assert [entry["type"] for entry in entries] == ["triggered", "child_added", "child_removed"]


async def test_refused_parents(client: Client) -> None:
    """Its own parent, a parent that is a child, a child with children or with another parent, one that is frozen."""
    child, parent, free = [await client.report(f"refused parent {n}") for n in range(3)]
    await client.done("setParent", id=child["id"], parentId=parent["id"])
    closed = await brought_to(client, "CLOSED")
    before = [await seen(client, one["id"]) for one in (child, parent, free, closed)]
    cases: list[tuple[str, str, list[tuple[str, str]]]] = [
        (free["id"], free["id"], [("input.parentId", "ITSELF")]),
        (free["id"], child["id"], [("input.parentId", "CHAIN")]),
        (parent["id"], free["id"], [("input.id", "CHAIN")]),
        (parent["id"], child["id"], [("input.id", "CHAIN"), ("input.parentId", "CHAIN")]),  # a ring
        (child["id"], free["id"], [("input.id", "HAS_PARENT")]),
        (free["id"], "x", [("input.parentId", "MALFORMED_ID")]),
        ("x", free["id"], [("input.id", "MALFORMED_ID")]),
    ]
    for low, high, issues in cases:
        assert faults(await client.do("setParent", id=low, parentId=high)) == issues
    missing = await client.do("setParent", id=free["id"], parentId=UNKNOWN)
    assert faults(missing) == [("input.parentId", "NOT_FOUND")]
    for one, other in ((free, closed), (closed, free)):
        frozen = await client.do("setParent", id=one["id"], parentId=other["id"])
        assert (frozen["__typename"], frozen["incident"]["status"]) == ("InvalidTransitionError", "CLOSED")
    assert [await seen(client, one["id"]) for one in (child, parent, free, closed)] == before


async def test_crossing_parents(client: Client) -> None:
    """Of A under B and B under A at the same time, one happens: nobody is their own grandparent."""
    pairs = [(await client.report(f"kin {n} a"), await client.report(f"kin {n} b")) for n in range(20)]
    asked = [
        client.do("setParent", id=low["id"], parentId=high["id"]) for a, b in pairs for low, high in ((a, b), (b, a))
    ]
    results = await asyncio.gather(*asked)
    for n, (a, b) in enumerate(pairs):
        kinds = sorted(result["__typename"] for result in results[2 * n : 2 * n + 2])
        assert kinds == ["SetParentSuccess", "ValidationError"]
        fields = "id parent { id } children { id }"
        one, other = await client.incident(a["id"], fields), await client.incident(b["id"], fields)
        child, parent = (one, other) if one["parent"] else (other, one)
        assert (child["parent"], child["children"]) == ({"id": parent["id"]}, [])
        assert (parent["parent"], parent["children"]) == (None, [{"id": child["id"]}])


async def test_related_incidents(client: Client) -> None:
    """The relation stands in both, each way, until either is said to have nothing to do with the other."""
    one, other = await client.report("one"), await client.report("other")
    pair = {"id": one["id"], "otherId": other["id"]}
    assert (await client.done("relateIncidents", **pair))["changed"]
    assert not (await client.done("relateIncidents", id=other["id"], otherId=one["id"]))["changed"]
    assert (await client.incident(one["id"], "related { id }"))["related"] == [{"id": other["id"]}]
    assert (await client.incident(other["id"], "related { id }"))["related"] == [{"id": one["id"]}]
    assert (await client.done("unrelateIncidents", id=other["id"], otherId=one["id"]))["changed"]
    assert not (await client.done("unrelateIncidents", **pair))["changed"]
    for incident in (one, other):
        after = await seen(client, incident["id"])
        assert [entry["type"] for entry in after["timeline"]["nodes"]] == ["triggered", "related", "unrelated"]


async def test_refused_relations(client: Client) -> None:
    """To itself, to nothing, to what is frozen: refused with its place, and nothing is written."""
    one, closed = await client.report("relates to nobody"), await brought_to(client, "CLOSED")
    itself = {"id": one["id"], "otherId": one["id"]}
    assert faults(await client.do("relateIncidents", **itself)) == [("input.otherId", "ITSELF")]
    assert not (await client.done("unrelateIncidents", **itself))["changed"]
    for mutation in ("relateIncidents", "unrelateIncidents"):
        malformed = await client.do(mutation, id=one["id"], otherId="x")
        assert faults(malformed) == [("input.otherId", "MALFORMED_ID")]
        missing = await client.do(mutation, id=one["id"], otherId=UNKNOWN)
        assert faults(missing) == [("input.otherId", "NOT_FOUND")]
    frozen = await client.do("relateIncidents", id=one["id"], otherId=closed["id"])
    assert (frozen["__typename"], frozen["incident"]["status"]) == ("InvalidTransitionError", "CLOSED")
    assert (await seen(client, one["id"]))["version"] == 1
    assert await seen(client, closed["id"]) == closed
