"""Relations: merged and taken out again, parent and child, related; each is written in both incidents, or in none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from shared.domain import facts
from shared.domain.clocks import AUTO_CLOSE
from shared.domain.commands import Command, Decision
from shared.domain.errors import Conflict, InvalidTransition
from shared.domain.incident import ESCALATE, EscalationState, Incident, Merged, Responder, ResponderRole
from shared.domain.lifecycle import Action, Status
from shared.domain.relations import (
    MOST_CHILDREN,
    MOST_KEYS,
    MOST_MERGED,
    MOST_RELATED,
    Together,
    expecting_of,
    merge,
    relate,
    remove_parent,
    set_parent,
    unmerge,
    unrelate,
)
from shared.domain.reports import repeat
from shared.domain.responders import ANSWER_WITHIN, assign, request_responder
from shared.domain.transitions import cancel, close, reopen, resolve
from tests.domain.expected import EXPECTED, REFUSED, allowed_from
from tests.domain.samples import (
    KEY,
    LATER,
    NOW,
    at,
    by,
    issues,
    names,
    plan,
    policy,
    reach,
    source,
    step_taken,
    triggered,
)

AFTERWARDS = LATER + timedelta(hours=1)
WINDOW = timedelta(minutes=30)
MERGEABLE = [status for status in Status if EXPECTED[status, Action.MERGE] != REFUSED]
FROZEN = [Status.CLOSED, Status.MERGED]


def together(
    decide: Together, *incidents: Incident, command: Command | None = None, now: datetime = LATER
) -> dict[str, Decision[Incident]]:
    """What bob's ask brings for these incidents at LATER."""
    return decide({incident.id: incident for incident in incidents}, command or by("bob"), now)


def after(decisions: dict[str, Decision[Incident]]) -> list[Incident]:
    """The incidents as they are afterwards, in the order of their numbers."""
    return sorted((decision.value for decision in decisions.values()), key=lambda incident: incident.number)


def merged(one: Incident | None = None, target: Incident | None = None) -> list[Incident]:
    """`i1`, merged into `i2`, and `i2`."""
    return after(together(merge(("i1",), "i2"), one or triggered(1), target or triggered(2)))


def nothing(decide: Together, *incidents: Incident) -> None:
    """Asking for it changes neither incident, because it is so."""
    decisions = together(decide, *incidents)
    assert decisions == {incident.id: Decision(incident, (), changed=False) for incident in incidents}


def refused(decide: Together, *incidents: Incident) -> list[tuple[str, str]]:
    """The issues for which it is refused."""
    return issues(lambda: together(decide, *incidents))


# Merge


@pytest.mark.parametrize("status", MERGEABLE)
def test_a_merged_incident_lives_on_in_the_target(status: Status) -> None:
    """It remembers what it was, holds no key, and both timelines tell of it; both versions rise."""
    one, two = at(status), at(Status.INVESTIGATING, number=2)
    decisions = together(merge(("i1",), "i2"), one, two)
    here, there = after(decisions)
    assert here.status is Status.MERGED
    assert here.merged == Merged("i2", status, LATER, (KEY,), one.timers.get(AUTO_CLOSE))
    assert (here.open_keys, here.keys) == ((), (KEY,))
    assert (there.status, there.merged_from) == (Status.INVESTIGATING, ("i1",))
    assert (here.version, there.version) == (one.version + 1, two.version + 1)
    assert decisions["i1"].facts == (facts.Merged("i2", 2, 0),)
    assert names(decisions["i2"].facts) == ["absorbed"]
    assert all(decision.changed for decision in decisions.values())


@pytest.mark.parametrize("status", [status for status in Status if status not in (*MERGEABLE, Status.MERGED)])
def test_what_is_over_for_good_is_not_merged(status: Status) -> None:
    """The refusal names the source's status and what is allowed for it."""
    one = at(status)
    with pytest.raises(InvalidTransition) as refusal:
        together(merge(("i1",), "i2"), one, triggered(2))
    assert (refusal.value.action, refusal.value.status, refusal.value.value) == (Action.MERGE, status, one)
    assert set(refusal.value.allowed) == allowed_from(status)


def test_keys_and_responders_move() -> None:
    """The target holds every key, whose later repeats reach it; its own people keep their roles."""
    one = replace(at(Status.ACKNOWLEDGED), open_keys=(KEY, "other"), keys=(KEY, "other", "old"))
    one = replace(one, responders=(Responder("ann", NOW), Responder("cid", NOW, (ResponderRole.INCIDENT_COMMANDER,))))
    two = at(Status.ACKNOWLEDGED, number=2)
    two = replace(two, responders=(Responder("ann", NOW, (ResponderRole.INCIDENT_COMMANDER,)),))
    decisions = together(merge(("i1",), "i2"), one, two)
    _, there = after(decisions)
    assert there.open_keys == (f"{KEY}2", KEY, "other")
    assert set(there.keys) == {KEY, f"{KEY}2", "other"}
    assert there.responders == (
        Responder("ann", NOW, (ResponderRole.INCIDENT_COMMANDER,)),
        Responder("cid", LATER),
    )
    assert decisions["i2"].facts == (facts.Absorbed("i1", 1, (KEY, "other"), ("cid",)),)


def test_a_later_repeat_reaches_the_target_alone() -> None:
    """The source holds no key any more, and what comes too late for it changes nothing there."""
    here, there = merged()
    again = repeat(KEY, WINDOW)
    assert again(here, source(), AFTERWARDS) == Decision(here, (), changed=False)
    counted = again(there, source(), AFTERWARDS)
    assert (counted.value.repeats, counted.facts) == (1, (facts.AlertDeduplicated(KEY, 1),))


def test_nothing_of_a_merged_incident_is_pending() -> None:
    """No page, no timer, no request, no clock: whoever was called is not, and the fact counts the pages."""
    one = step_taken(triggered(), plan(policy(["ann", "bob"]))).value
    one = assign("cid", reach())(one, by(), NOW).value
    one = request_responder("dan", None, ANSWER_WITHIN, reach())(one, by(), NOW).value
    decisions = together(merge(("i1",), "i2"), one, triggered(2))
    here = decisions["i1"].value
    assert (here.pages, here.timers, here.due_at) == ((), {}, None)
    assert here.escalation.state is EscalationState.STOPPED
    assert [asked.state for asked in here.responder_requests] == ["LAPSED"]
    assert decisions["i1"].facts == (facts.Merged("i2", 2, 4), facts.ResponderRequestLapsed("dan"))


def test_several_are_merged_at_once() -> None:
    """The target tells of each; a source that is named twice is one."""
    one, two, three = triggered(1), triggered(2), at(Status.RESOLVED, number=3)
    decisions = together(merge(("i1", "i3", "i1"), "i2"), one, two, three)
    assert list(decisions) == ["i1", "i3", "i2"]
    there = decisions["i2"].value
    assert there.merged_from == ("i1", "i3")
    assert there.open_keys == (f"{KEY}2", KEY, f"{KEY}3")
    assert [fact.data()["incident_id"] for fact in decisions["i2"].facts] == ["i1", "i3"]
    assert there.version == two.version + 1


def test_a_second_merge_changes_nothing() -> None:
    """Merged is merged: only what is new among the sources is merged by a second ask."""
    here, there = merged()
    nothing(merge(("i1",), "i2"), here, there)
    decisions = together(merge(("i1", "i3"), "i2"), here, there, triggered(3))
    assert decisions["i1"] == Decision(here, (), changed=False)
    assert decisions["i2"].value.merged_from == ("i1", "i3")
    assert decisions["i2"].facts == (facts.Absorbed("i3", 3, (f"{KEY}3",)),)


def test_an_incident_is_not_merged_into_itself() -> None:
    """Neither alone nor among others; the place of the wrong one is named."""
    assert issues(lambda: merge(("i1",), "i1")) == [("input.sourceIds.0", "ITSELF")]
    assert issues(lambda: merge(("i2", "i1"), "i1")) == [("input.sourceIds.1", "ITSELF")]


def test_chains_are_refused() -> None:
    """Only what stands on its own is merged into what stands on its own, and every issue is told at once."""
    here, there = merged()
    free = triggered(3)
    assert refused(merge(("i3",), "i1"), free, here) == [("input.targetId", "CHAIN")]
    assert refused(merge(("i2",), "i3"), there, free) == [("input.sourceIds.0", "CHAIN")]
    assert refused(merge(("i1",), "i3"), here, free) == [("input.sourceIds.0", "CHAIN")]
    assert refused(merge(("i4", "i1", "i2"), "i3"), triggered(4), here, there, free) == [
        ("input.sourceIds.1", "CHAIN"),
        ("input.sourceIds.2", "CHAIN"),
    ]


@pytest.mark.parametrize("order", list(permutations([("i1", "i2"), ("i2", "i3"), ("i3", "i1")])))
def test_rings_are_refused_in_any_order(order: tuple[tuple[str, str], ...]) -> None:
    """However three incidents are merged in a ring: one merge succeeds, and who is merged leads to who is not."""
    held = {incident.id: incident for incident in (triggered(1), triggered(2), triggered(3))}
    first, *others = order
    decisions = merge((first[0],), first[1])(held, by(), LATER)
    held |= {key: decision.value for key, decision in decisions.items()}
    for one, target in others:
        refusals = refused(merge((one,), target), *held.values())
        assert {code for _, code in refusals} == {"CHAIN"}
    for incident in held.values():
        assert (incident.merged is not None) is (incident.status is Status.MERGED)
        assert incident.merged is None or held[incident.merged.into].merged is None


def test_a_ring_of_two_is_refused() -> None:
    """What was merged into one cannot be what the other is merged into; both reasons are told."""
    here, there = merged()
    assert refused(merge(("i2",), "i1"), there, here) == [("input.targetId", "CHAIN"), ("input.sourceIds.0", "CHAIN")]


@pytest.mark.parametrize("over", [Status.RESOLVED, Status.CLOSED, Status.CANCELED])
def test_what_goes_on_is_not_merged_into_what_is_over(over: Status) -> None:
    """Its signals would be lost; for several it is told once."""
    target = at(over, number=2)
    assert refused(merge(("i1",), "i2"), triggered(1), target) == [("input.targetId", "TARGET_OVER")]
    assert refused(merge(("i1", "i3"), "i2"), triggered(1), target, triggered(3)) == [("input.targetId", "TARGET_OVER")]


def test_what_is_resolved_is_merged_into_what_is_resolved() -> None:
    """Both are over alike, so nothing is lost."""
    here, there = merged(at(Status.RESOLVED), at(Status.RESOLVED, number=2))
    assert (here.status, there.status) == (Status.MERGED, Status.RESOLVED)


def test_a_merge_is_bounded() -> None:
    """No incident takes in others, or keys, without end."""
    full = replace(triggered(2), merged_from=("x",) * MOST_MERGED)
    assert refused(merge(("i1",), "i2"), triggered(1), full) == [("input.targetId", "TOO_MANY")]
    keyed = replace(triggered(2), open_keys=tuple(f"k{n}" for n in range(MOST_KEYS)))
    assert refused(merge(("i1",), "i2"), triggered(1), keyed) == [("input.targetId", "TOO_MANY")]
    full = replace(full, merged_from=full.merged_from[1:])
    keyed = replace(keyed, open_keys=keyed.open_keys[1:])
    assert len(merged(target=full)[1].merged_from) == MOST_MERGED == 500
    assert len(merged(target=keyed)[1].open_keys) == MOST_KEYS == 2_000


@pytest.mark.parametrize(("expected", "conflicts"), [(None, False), (1, False), (2, True)])
def test_a_version_can_be_expected(expected: int | None, conflicts: bool) -> None:
    """Another version than the expected one is a Conflict that carries the present incident."""
    one, two = triggered(1), triggered(2)
    decide = expecting_of("i2", expected, merge(("i1",), "i2"))
    if not conflicts:
        assert together(decide, one, two)["i2"].changed
        return
    with pytest.raises(Conflict) as conflict:
        together(decide, one, two)
    assert conflict.value.value == two


# Unmerge


@pytest.mark.parametrize("status", MERGEABLE)
def test_unmerging_restores_status_and_keys(status: Status) -> None:
    """Both are what they were before, both timelines tell of it, and the target lets go of the keys first."""
    one, two = at(status), triggered(2)
    here, there = merged(one, two)
    decisions = together(unmerge("i1", "i2"), here, there, now=AFTERWARDS)
    assert list(decisions) == ["i2", "i1"]
    back, target = after(decisions)
    assert (back.status, back.open_keys, back.merged) == (status, (KEY,), None)
    assert (target.open_keys, target.merged_from) == ((f"{KEY}2",), ())
    assert (back.version, target.version) == (here.version + 1, there.version + 1)
    assert (back.acknowledged_at, back.resolved_at) == (one.acknowledged_at, one.resolved_at)
    assert decisions["i1"].facts == (facts.Unmerged("i2", 2, status),)
    assert decisions["i2"].facts == (facts.SplitOff("i1", 1, (KEY,)),)


def test_what_was_triggered_pages_again_in_a_higher_cycle() -> None:
    """Nobody has taken it: a new cycle begins at once, and its pages are new ones."""
    given = plan(policy(["ann"]))
    paging = step_taken(triggered(), given).value
    here, there = merged(paging)
    back = together(unmerge("i1", "i2"), here, there, now=AFTERWARDS)["i1"].value
    assert back.timers[ESCALATE] == AFTERWARDS
    assert (back.escalation.state, back.escalation.step) == (EscalationState.ARMED, 0)
    assert back.escalation.cycle == paging.escalation.cycle + 1
    again = step_taken(back, given).value
    assert {page.id for page in again.pages}.isdisjoint({page.id for page in paging.pages})


@pytest.mark.parametrize("status", [status for status in MERGEABLE if status is not Status.TRIGGERED])
def test_what_was_taken_pages_nobody_when_it_is_back(status: Status) -> None:
    """Acknowledged means quiet, before and after."""
    back = together(unmerge("i1", "i2"), *merged(at(status)), now=AFTERWARDS)["i1"].value
    assert ESCALATE not in back.timers
    assert back.pages == ()


def test_what_was_resolved_is_closed_when_it_would_have_been() -> None:
    """The time in between counts."""
    one = at(Status.RESOLVED)
    back = together(unmerge("i1", "i2"), *merged(one), now=AFTERWARDS)["i1"].value
    assert back.timers == one.timers
    assert AUTO_CLOSE in back.timers


def test_all_its_keys_come_back() -> None:
    """Also one that the target let go meanwhile; if a third incident has it by now, the store leaves it there."""
    one = replace(triggered(), open_keys=(KEY, "other"), keys=(KEY, "other", "old"))
    here, there = merged(one, at(Status.ACKNOWLEDGED, number=2))
    resolved = resolve(None, None)(there, by(), LATER).value
    late = repeat(KEY, WINDOW)(resolved, source(), LATER + 2 * WINDOW).value
    assert (late.open_keys, late.keys) == ((f"{KEY}2", "other"), (f"{KEY}2", KEY, "other"))
    decisions = together(unmerge("i1", "i2"), here, late, now=AFTERWARDS)
    back, target = after(decisions)
    assert (back.open_keys, target.open_keys) == ((KEY, "other"), (f"{KEY}2",))
    assert (back.keys, target.keys) == ((KEY, "other", "old"), (f"{KEY}2",))
    assert decisions["i2"].facts == (facts.SplitOff("i1", 1, (KEY, "other")),)


def test_a_target_that_is_reopened_does_not_take_back_what_was_taken_out() -> None:
    """Split off, its keys are no keys of the target any more: each key has one holder."""
    here, there = merged()
    _, target = after(together(unmerge("i1", "i2"), here, there))
    again = reopen("again")(resolve(None, None)(target, by(), LATER).value, by(), AFTERWARDS).value
    assert (again.open_keys, again.keys) == ((f"{KEY}2",), (f"{KEY}2",))


def test_the_keys_of_another_source_stay() -> None:
    """Two were merged into it, one is taken out."""
    decisions = together(merge(("i1", "i3"), "i2"), triggered(1), triggered(2), triggered(3))
    here, there = decisions["i1"].value, decisions["i2"].value
    back, target = after(together(unmerge("i1", "i2"), here, there, now=AFTERWARDS))
    assert (back.open_keys, target.merged_from) == ((KEY,), ("i3",))
    assert target.open_keys == target.keys == (f"{KEY}2", f"{KEY}3")


def test_a_canceled_target_lets_it_go() -> None:
    """The target was a false alarm, this was not: it comes back with its keys, and takes their repeats again."""
    here, there = merged()
    canceled = cancel("a drill")(there, by(), LATER).value
    back, target = after(together(unmerge("i1", "i2"), here, canceled, now=AFTERWARDS))
    assert (back.status, back.open_keys, target.status) == (Status.TRIGGERED, (KEY,), Status.CANCELED)
    assert (target.open_keys, target.keys) == ((), (f"{KEY}2",))
    assert repeat(KEY, WINDOW)(back, source(), AFTERWARDS).value.repeats == 1


def test_a_closed_target_keeps_it() -> None:
    """CLOSED takes no change any more, so the merge stays."""
    here, there = merged(at(Status.RESOLVED), at(Status.RESOLVED, number=2))
    closed = close(None)(there, by(), LATER).value
    assert refused(unmerge("i1", "i2"), here, closed) == [("input.id", "TARGET_CLOSED")]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.MERGED])
def test_what_is_not_merged_is_not_taken_out(status: Status) -> None:
    """The refusal names the status and the allowed moves; so does a second unmerging."""
    with pytest.raises(InvalidTransition) as refusal:
        together(unmerge("i1", "i2"), at(status), triggered(2))
    assert (refusal.value.action, refusal.value.status) == (Action.UNMERGE, status)
    assert set(refusal.value.allowed) == allowed_from(status)


def test_it_is_taken_out_of_where_it_is() -> None:
    """Another incident cannot let it go."""
    here, _ = merged()
    with pytest.raises(InvalidTransition):
        together(unmerge("i1", "i3"), here, triggered(3))


def test_merged_again_after_it_was_taken_out() -> None:
    """Merging and unmerging can be repeated, and no cycle number is used twice."""
    one, two = triggered(1), triggered(2)
    for n in range(1, 4):
        here, there = merged(one, two)
        one, two = after(together(unmerge("i1", "i2"), here, there))
        assert (one.escalation.cycle, one.open_keys, two.open_keys) == (n, (KEY,), (f"{KEY}2",))


def test_a_target_that_resolved_and_reopened_still_holds_the_keys() -> None:
    """The merged signals are its own: they come and go with it."""
    _, there = merged(target=at(Status.INVESTIGATING, number=2))
    again = reopen("again")(resolve(None, None)(there, by(), LATER).value, by(), LATER).value
    assert again.open_keys == (f"{KEY}2", KEY)


# Parent and child


def family() -> list[Incident]:
    """`i1`, the child, and `i2`, its parent."""
    return after(together(set_parent("i1", "i2"), triggered(1), triggered(2)))


def test_a_child_has_a_parent_and_the_parent_has_the_child() -> None:
    """Both tell of it, both versions rise, and asking again changes nothing."""
    one, two = triggered(1), at(Status.INVESTIGATING, number=2)
    decisions = together(set_parent("i1", "i2"), one, two)
    child, parent = after(decisions)
    assert (child.parent_id, parent.child_ids) == ("i2", ("i1",))
    assert (child.version, parent.version) == (one.version + 1, two.version + 1)
    assert (child.status, parent.status) == (one.status, two.status)
    assert decisions["i1"].facts == (facts.ParentSet("i2", 2),)
    assert decisions["i2"].facts == (facts.ChildAdded("i1", 1),)
    nothing(set_parent("i1", "i2"), child, parent)


def test_a_child_stands_on_its_own_again() -> None:
    """Both tell of it; the other children stay; asking again changes nothing."""
    child, parent = family()
    parent = replace(parent, child_ids=("i1", "i9"))
    decisions = together(remove_parent("i1", "i2"), child, parent)
    free, alone = after(decisions)
    assert (free.parent_id, alone.child_ids) == (None, ("i9",))
    assert decisions["i1"].facts == (facts.ParentRemoved("i2", 2),)
    assert decisions["i2"].facts == (facts.ChildRemoved("i1", 1),)
    nothing(remove_parent("i1", "i2"), free, alone)


def test_there_is_one_generation() -> None:
    """A parent has no parent, a child has no children and one parent; nobody is their own."""
    child, parent = family()
    free = triggered(3)
    assert issues(lambda: set_parent("i1", "i1")) == [("input.parentId", "ITSELF")]
    assert refused(set_parent("i1", "i3"), child, free) == [("input.id", "HAS_PARENT")]
    assert refused(set_parent("i2", "i3"), parent, free) == [("input.id", "CHAIN")]
    assert refused(set_parent("i3", "i1"), free, child) == [("input.parentId", "CHAIN")]
    assert refused(set_parent("i2", "i1"), parent, child) == [("input.id", "CHAIN"), ("input.parentId", "CHAIN")]


def test_a_parent_is_not_merged() -> None:
    """Its children would belong to what is no incident of its own; one of several sources is named by its place."""
    child, parent = family()
    free = triggered(3)
    assert refused(merge(("i2",), "i3"), parent, free) == [("input.sourceIds.0", "CHAIN")]
    assert refused(merge(("i4", "i2"), "i3"), triggered(4), parent, free) == [("input.sourceIds.1", "CHAIN")]
    assert refused(merge(("i2",), "i1"), parent, child) == [("input.sourceIds.0", "CHAIN")]
    childless = after(together(remove_parent("i1", "i2"), child, parent))[1]
    assert together(merge(("i2",), "i3"), childless, free)["i2"].value.status is Status.MERGED


def test_a_child_is_merged_and_a_parent_takes_others_in() -> None:
    """Only what has children is kept from it."""
    child, parent = family()
    here, there = after(together(merge(("i1",), "i2"), child, parent))
    assert (here.status, there.merged_from, there.child_ids) == (Status.MERGED, ("i1",), ("i1",))


@pytest.mark.parametrize("status", FROZEN)
def test_a_child_is_taken_from_a_parent_that_is_over(status: Status) -> None:
    """The parent is frozen, and yet the child can stand on its own; both tell of it, and another parent can come."""
    child = replace(triggered(1), parent_id="i2")
    parent = replace(at(status, number=2), child_ids=("i1", "i9"))
    decisions = together(remove_parent("i1", "i2"), child, parent)
    free, over = after(decisions)
    assert (free.parent_id, over.child_ids, over.status) == (None, ("i9",), status)
    assert decisions["i1"].facts == (facts.ParentRemoved("i2", 2),)
    assert decisions["i2"].facts == (facts.ChildRemoved("i1", 1),)
    assert (over.timers, over.pages, over.open_keys) == (parent.timers, parent.pages, parent.open_keys)
    assert after(together(set_parent("i1", "i3"), free, triggered(3)))[0].parent_id == "i3"


@pytest.mark.parametrize("status", FROZEN)
def test_a_relation_to_what_is_over_is_taken_back(status: Status) -> None:
    """Asked of the one that goes on; asked of the frozen one, it is refused."""
    one = replace(triggered(1), related_ids=("i2",))
    two = replace(at(status, number=2), related_ids=("i1",))
    here, there = after(together(unrelate("i1", "i2"), one, two))
    assert (here.related_ids, there.related_ids, there.status) == ((), (), status)
    with pytest.raises(InvalidTransition) as refusal:
        together(unrelate("i2", "i1"), one, two)
    assert (refusal.value.status, refusal.value.value) == (status, two)


def test_a_family_is_bounded() -> None:
    """A parent has so many children, and no more."""
    full = replace(triggered(2), child_ids=("x",) * MOST_CHILDREN)
    assert refused(set_parent("i1", "i2"), triggered(1), full) == [("input.parentId", "TOO_MANY")]
    room = replace(full, child_ids=full.child_ids[1:])
    assert len(together(set_parent("i1", "i2"), triggered(1), room)["i2"].value.child_ids) == MOST_CHILDREN == 200


# Related


def test_relations_are_mutual() -> None:
    """Each names the other, both tell of it, and asking again, from either side, changes nothing."""
    one, two = triggered(1), at(Status.CANCELED, number=2)
    decisions = together(relate("i1", "i2"), one, two)
    here, there = after(decisions)
    assert (here.related_ids, there.related_ids) == (("i2",), ("i1",))
    assert (here.version, there.version) == (one.version + 1, two.version + 1)
    assert decisions["i1"].facts == (facts.Related("i2", 2),)
    assert decisions["i2"].facts == (facts.Related("i1", 1),)
    nothing(relate("i1", "i2"), here, there)
    nothing(relate("i2", "i1"), here, there)


def test_a_relation_is_taken_back() -> None:
    """From either side; the others stay; asking again changes nothing."""
    here, there = after(together(relate("i1", "i2"), triggered(1), triggered(2)))
    here = replace(here, related_ids=("i9", "i2"))
    decisions = together(unrelate("i2", "i1"), here, there)
    one, two = after(decisions)
    assert (one.related_ids, two.related_ids) == (("i9",), ())
    assert decisions["i1"].facts == (facts.Unrelated("i2", 2),)
    assert decisions["i2"].facts == (facts.Unrelated("i1", 1),)
    nothing(unrelate("i1", "i2"), one, two)


def test_relations_have_two_ends_and_a_bound() -> None:
    """Nothing is related to itself, and nothing to everything, from whichever side it is asked."""
    full = replace(triggered(2), related_ids=("x",) * MOST_RELATED)
    assert issues(lambda: relate("i1", "i1")) == [("input.otherId", "ITSELF")]
    assert refused(relate("i1", "i2"), triggered(1), full) == [("input.otherId", "TOO_MANY")]
    assert refused(relate("i2", "i1"), triggered(1), full) == [("input.otherId", "TOO_MANY")]
    room = replace(full, related_ids=full.related_ids[1:])
    assert len(together(relate("i1", "i2"), triggered(1), room)["i2"].value.related_ids) == MOST_RELATED == 100


@pytest.mark.parametrize("relation", [set_parent, remove_parent, relate, unrelate])
@pytest.mark.parametrize("status", FROZEN)
def test_the_other_incident_must_take_changes_too(relation: Callable[[str, str], Together], status: Status) -> None:
    """What is frozen is written in no new relation, whichever of the two it is, and leaves none by its own word."""
    decide = relation("i1", "i2")
    asked, named = (at(status), triggered(2)), (triggered(1), at(status, number=2))
    if relation in (remove_parent, unrelate):
        nothing(decide, *named)
    for one, two in (asked,) if relation in (remove_parent, unrelate) else (asked, named):
        frozen = next(incident for incident in (one, two) if incident.status is status)
        with pytest.raises(InvalidTransition) as refusal:
            together(decide, one, two)
        assert (refusal.value.status, refusal.value.value) == (status, frozen)
