"""Escalation: whom each step calls, when the next one follows, and what becomes of a page that fails."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain import facts
from shared.domain.catalog import Policy, Step
from shared.domain.commands import Decision
from shared.domain.escalation import NOBODY_RETRY, Candidate, Plan, escalate, page_delivered, page_failed
from shared.domain.incident import ESCALATE, EscalationState, Incident, Page
from shared.domain.lifecycle import Status
from shared.domain.notification import notification_id
from shared.domain.reports import FIRST_PAGE_WITHIN
from shared.domain.transitions import acknowledge, unacknowledge
from shared.domain.triage import triage
from tests.domain.samples import (
    DATABASE,
    LATER,
    NOW,
    P1,
    PATHS,
    WORKER,
    at,
    by,
    method,
    names,
    plan,
    policy,
    step_taken,
    triggered,
)

MINUTE = timedelta(minutes=1)
DUE = NOW + FIRST_PAGE_WITHIN
FAR = NOW + timedelta(days=30)


def called(decision: Decision[Incident]) -> list[tuple[int, int, str]]:
    """The (cycle, step, user) of each page that the decision's escalated fact names."""
    ids = {page.id: page for page in decision.value.pages}
    told = [fact for fact in decision.facts if isinstance(fact, facts.Escalated)]
    decided = [ids[page.notification_id] for fact in told for page in fact.pages]
    return [(page.cycle, page.step, page.user_id) for page in decided]


def soon(incident: Incident) -> datetime:
    """A few seconds after the incident's last change."""
    return incident.updated_at + timedelta(seconds=9)


def delivered(incident: Incident, *pages: Page) -> Incident:
    """The incident after these pages went out."""
    for page in pages:
        noted = page_delivered(page.id, page.user_id, page.channel, possible_repeat=False)
        incident = noted(incident, WORKER, incident.updated_at).value
    return incident


def failed(incident: Incident, page: Page, *others: str) -> Decision[Incident]:
    """What follows when `page` cannot be delivered, soon; its user has the contact methods `others` too."""
    methods = tuple(method(method_id) for method_id in (page.contact_method_id, *others))
    return page_failed(page, "550 no such user", methods)(incident, WORKER, soon(incident))


def page_of(incident: Incident, user_id: str) -> Page:
    """The live page that calls this user."""
    return next(page for page in incident.pages if page.user_id == user_id)


def run_out(incident: Incident, given: Plan) -> Decision[Incident]:
    """The first decision that is no step: the escalation's end, with what every earlier page became."""
    for _ in range(100):
        decision = step_taken(incident, given)
        incident = decision.value
        if "escalation_exhausted" in names(decision.facts):
            return decision
    raise AssertionError("the escalation has no end")


@pytest.mark.parametrize(
    ("early", "steps"), [(timedelta(milliseconds=1), 0), (timedelta(), 1), (-timedelta(hours=3), 1)]
)
def test_a_step_is_taken_when_it_is_due(early: timedelta, steps: int) -> None:
    """Not a millisecond before its timer, and at any moment from then on."""
    incident = triggered()
    decision = escalate(plan(policy(["ann"])))(incident, WORKER, DUE - early)
    assert len(decision.facts) == steps
    assert decision.changed is bool(steps)


@pytest.mark.parametrize("status", [status for status in PATHS if status is not Status.TRIGGERED])
def test_only_a_triggered_incident_escalates(status: Status) -> None:
    """Whatever timer is left over: acknowledged means quiet, and so does everything after it."""
    incident = replace(at(status), timers={ESCALATE: NOW})
    assert escalate(plan(policy(["ann"])))(incident, WORKER, FAR) == Decision(incident, (), changed=False)


def test_triage_lets_the_first_page_go_now() -> None:
    """The first step waits two seconds for the priority and no longer than that."""
    triaged = triage(P1, DATABASE)(triggered(), WORKER, NOW + timedelta(seconds=0.1)).value
    assert triaged.timers[ESCALATE] == NOW + timedelta(seconds=0.1)
    decision = step_taken(triaged, plan(policy(["ann"])))
    assert called(decision) == [(0, 0, "ann")]
    (fact,) = decision.facts
    assert isinstance(fact, facts.Escalated)
    assert fact.why == "policy primary"


def test_without_triage_it_pages_as_urgent() -> None:
    """No priority in time: the page goes out, and its fact says that it did so without one."""
    (fact,) = step_taken(triggered(), plan(policy(["ann"]))).facts
    assert isinstance(fact, facts.Escalated)
    assert fact.why == "no priority yet, so it pages as urgent"


@pytest.mark.parametrize("late", [timedelta(), timedelta(hours=5)])
def test_the_delay_belongs_to_the_step_that_is_left(late: timedelta) -> None:
    """Steps with 1, 2 and 3 minutes: the next follows that long after the present one was really taken."""
    given = plan(policy(["ann"], ["bob"], ["cid"]))
    incident, moment = triggered(), DUE
    for step, user in enumerate(("ann", "bob", "cid")):
        moment += late
        decision = step_taken(incident, given, late)
        incident = decision.value
        assert called(decision) == [(0, step, user)]
        moment += MINUTE * (step + 1)
        assert incident.timers == {ESCALATE: moment}


def test_an_overdue_incident_advances_one_step_and_anchors_anew() -> None:
    """After a night without workers there is one step, not a burst of all that were missed."""
    given = plan(policy(["ann"], ["bob"], ["cid"]))
    decision = escalate(given)(triggered(), WORKER, FAR)
    assert called(decision) == [(0, 0, "ann")]
    assert decision.value.timers == {ESCALATE: FAR + MINUTE}
    assert escalate(given)(decision.value, WORKER, FAR + timedelta(seconds=59)).facts == ()
    assert called(escalate(given)(decision.value, WORKER, FAR + MINUTE)) == [(0, 1, "bob")]


def test_a_page_may_be_tried_until_the_next_step() -> None:
    """A page's budget ends when its step does, and it remembers when it was decided."""
    (page,) = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value.pages
    assert (page.at, page.until, page.tried) == (DUE, DUE + MINUTE, ())


@pytest.mark.parametrize(
    ("users", "reachable", "pages"),
    [
        (["ann"], "ann", ["ann"]),
        (["ann", "bob"], "ann bob", ["ann", "bob"]),
        (["ann", "bob"], "bob", ["bob"]),
        (["ann", "ann", "bob", "ann"], "ann bob", ["ann", "bob"]),
        (["ann", "gone", "bob"], "ann bob", ["ann", "bob"]),
    ],
    ids=["one", "two", "one of two", "a person named twice", "a deleted user"],
)
def test_a_step_calls_each_of_its_people_once(users: list[str], reachable: str, pages: list[str]) -> None:
    """Everybody of the step who can be reached is paged at once, through their first contact method."""
    decision = step_taken(triggered(), plan(policy(users), reachable=reachable))
    assert [page.user_id for page in decision.value.pages] == pages
    assert [page.contact_method_id for page in decision.value.pages] == [f"{user}-1" for user in pages]
    assert called(decision) == [(0, 0, user) for user in pages]


def test_a_page_has_the_id_of_its_notification() -> None:
    """The id comes from incident, cycle, step, person, contact method and reason alone."""
    (page,) = step_taken(triggered(), plan(policy(["ann"]))).value.pages
    assert page.id == notification_id("i1", 0, 0, "ann", "ann-1", "escalation")


@pytest.mark.parametrize(
    ("steps", "calls", "skipped"),
    [
        ([["gone"], ["ann"]], (0, 1, "ann"), (0,)),
        ([["gone"], ["lost", "gone"], ["ann"]], (0, 2, "ann"), (0, 1)),
        ([["ann"], ["gone"]], (0, 0, "ann"), ()),
    ],
)
def test_empty_steps_are_skipped_and_recorded(
    steps: list[list[str]], calls: tuple[int, int, str], skipped: tuple[int, ...]
) -> None:
    """A step in which nobody can be reached costs no time, and the next step's fact names it."""
    decision = step_taken(triggered(), plan(policy(*steps), reachable="ann"))
    (fact,) = decision.facts
    assert isinstance(fact, facts.Escalated)
    assert called(decision) == [calls]
    assert fact.skipped == skipped
    assert decision.value.timers == {ESCALATE: DUE + MINUTE * (calls[1] + 1)}


@pytest.mark.parametrize("repeat", [0, 1])
def test_empty_steps_at_the_end_are_recorded_too(repeat: int) -> None:
    """When the last step reaches nobody, the fact that follows (the end, or the next pass) says so."""
    given = plan(policy(["ann"], ["gone"], repeat=repeat), reachable="ann")
    incident = step_taken(triggered(), given).value
    decision = step_taken(delivered(incident, *incident.pages), given)
    skipped = {index for fact in decision.facts for index in getattr(fact, "skipped", ())}
    assert skipped == {1}


@pytest.mark.parametrize(
    ("reachable", "name"),
    [("ann bob", "primary"), ("bob", "fallback"), ("ann", "primary")],
)
def test_the_first_policy_that_can_tell_anyone_runs(reachable: str, name: str) -> None:
    """The fallback takes over where the service's policy would reach nobody."""
    given = plan(policy(["ann"]), policy(["bob"], name="fallback"), reachable=reachable)
    (fact,) = step_taken(triggered(), given).facts
    assert isinstance(fact, facts.Escalated)
    assert fact.policy == name


def test_a_policy_that_reaches_somebody_later_is_good_enough() -> None:
    """One reachable person in its last step keeps a policy from giving way to the fallback."""
    given = plan(policy(["gone"], ["ann"]), policy(["bob"], name="fallback"))
    assert called(step_taken(triggered(), given)) == [(0, 1, "ann")]


def test_a_running_cycle_keeps_its_policy() -> None:
    """The policy is pinned when a cycle starts: an edit, or another policy, counts from the next cycle on."""
    first = policy(["ann"], ["bob"])
    incident = step_taken(triggered(), plan(first)).value
    edited = plan(policy(["dan"], ["dan"], name="edited"))
    decision = step_taken(incident, edited)
    assert called(decision) == [(0, 1, "bob")]
    assert decision.value.escalation.policy == first
    again = unacknowledge(acknowledge(decision.value, by(), LATER).value, by(), LATER).value
    assert called(step_taken(again, edited)) == [(1, 0, "dan")]


def test_a_pinned_policy_survives_its_removal() -> None:
    """A policy that was deleted in the middle of a cycle is still followed to its end."""
    incident = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value
    assert called(step_taken(incident, plan())) == [(0, 1, "bob")]


def test_a_new_pass_takes_up_the_changed_policy() -> None:
    """Each pass is a cycle of its own, so it starts with what is configured by then."""
    incident = step_taken(triggered(), plan(policy(["ann"], repeat=1))).value
    assert called(step_taken(incident, plan(policy(["dan"], name="edited")))) == [(1, 0, "dan")]


@pytest.mark.parametrize("repeat", [0, 1, 3])
def test_a_policy_runs_repeat_plus_one_times(repeat: int) -> None:
    """Each pass goes through all steps in a cycle of its own; then it is exhausted."""
    given = plan(policy(["ann"], ["bob"], repeat=repeat))
    incident, calls = triggered(), []
    for _ in range(2 * (repeat + 1)):
        decision = step_taken(incident, given)
        calls += called(decision)
        incident = delivered(decision.value, *decision.value.pages)
    both = ((0, "ann"), (1, "bob"))
    assert calls == [(cycle, step, user) for cycle in range(repeat + 1) for step, user in both]
    assert names(step_taken(incident, given).facts) == ["escalation_exhausted"]


def test_exhausted_after_somebody_was_told() -> None:
    """The last step's delay over, the escalation ends, because a page did go out."""
    given = plan(policy(["ann"]))
    incident = step_taken(triggered(), given).value
    decision = step_taken(delivered(incident, *incident.pages), given)
    assert decision.facts == (facts.EscalationExhausted(0, told=True, why="primary has no further step"),)
    assert decision.value.escalation.state is EscalationState.EXHAUSTED
    assert decision.value.timers == {}
    assert escalate(given)(decision.value, WORKER, FAR).facts == ()


def test_who_was_told_in_an_earlier_pass_was_told() -> None:
    """Reached in the first pass, nobody in the second: the escalation has done its work all the same."""
    given = plan(policy(["ann"], ["bob"], repeat=1))
    first = step_taken(triggered(), given).value
    ended = run_out(delivered(first, *first.pages), given)
    assert ended.facts == (facts.EscalationExhausted(1, told=True, why="primary has no further step"),)


def test_exhausted_while_nobody_was_told() -> None:
    """A policy whose pages all failed starts again in a new cycle after five minutes."""
    given = plan(policy(["ann"], ["bob"], repeat=1))
    decision = run_out(triggered(), given)
    ended_at = DUE + 2 * (MINUTE + 2 * MINUTE)
    again_at = ended_at + NOBODY_RETRY
    why = "primary has no further step"
    assert decision.facts == (facts.EscalationExhausted(1, told=False, why=why, retry_at=again_at),)
    assert decision.value.timers == {ESCALATE: again_at}
    fresh = step_taken(decision.value, given)
    assert called(fresh) == [(2, 0, "ann")]
    assert run_out(fresh.value, given).value.escalation.cycle == 4


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (plan(), "there is no escalation policy"),
        (plan(policy(["ann"]), reachable=""), "no policy names anyone who can be reached"),
        (plan(policy(["gone"]), policy(["lost"])), "no policy names anyone who can be reached"),
        (Plan((Candidate(policy(["ann"]), "x"),), {"ann": ()}), "no policy names anyone who can be reached"),
    ],
    ids=["no policy", "nobody has a method", "nobody of theirs", "a user whose methods are disabled"],
)
def test_nobody_to_call_is_said_and_tried_again(given: Plan, why: str) -> None:
    """Never silence: the fact says why nobody is called, and every five minutes it looks again."""
    incident = triggered()
    for cycle in range(3):
        due = incident.timers[ESCALATE]
        decision = step_taken(incident, given)
        incident = decision.value
        fact = facts.EscalationExhausted(cycle, told=False, why=why, retry_at=due + NOBODY_RETRY)
        assert decision.facts == (fact,)
        assert incident.pages == ()
        assert incident.timers == {ESCALATE: due + NOBODY_RETRY}
    assert called(step_taken(incident, plan(policy(["ann"])))) == [(3, 0, "ann")]


def test_nobody_left_in_the_middle_of_a_cycle() -> None:
    """The pinned policy's people vanish: it ends, and the next cycle finds the fallback."""
    given = plan(policy(["ann"], ["bob"]), policy(["dan"], name="fallback"), reachable="ann")
    incident = step_taken(triggered(), given).value
    gone = plan(policy(["ann"], ["bob"]), policy(["dan"], name="fallback"), reachable="dan")
    ended = step_taken(incident, gone)
    assert names(ended.facts) == ["escalation_exhausted"]
    assert called(step_taken(ended.value, gone)) == [(1, 0, "dan")]


def test_a_delivered_page_leaves_the_incident() -> None:
    """Its fact names person and channel, and the other pages stay."""
    incident = step_taken(triggered(), plan(policy(["ann", "bob"]))).value
    page = page_of(incident, "ann")
    noted = page_delivered(page.id, "ann", "webhook", possible_repeat=True)(incident, WORKER, LATER)
    assert [other.user_id for other in noted.value.pages] == ["bob"]
    assert noted.facts == (facts.NotificationSent(page.id, "ann", "webhook", True, False),)
    assert noted.value.timers == incident.timers


def test_a_page_that_arrives_after_its_cancellation_is_recorded() -> None:
    """The channel had it already when the acknowledgement came: it is told as late, nothing else moves."""
    incident = step_taken(triggered(), plan(policy(["ann"]))).value
    (page,) = incident.pages
    quiet = acknowledge(incident, by("bob"), LATER).value
    noted = page_delivered(page.id, "ann", "webhook", possible_repeat=False)(quiet, WORKER, LATER)
    assert noted.facts == (facts.NotificationSent(page.id, "ann", "webhook", False, True),)
    assert (noted.value.status, noted.value.timers, noted.value.pages) == (Status.ACKNOWLEDGED, {}, ())


def test_a_late_page_does_not_count_for_the_next_cycle() -> None:
    """Acknowledged and given back: only a page of the new cycle proves that anyone was told of it."""
    given = plan(policy(["ann"]))
    incident = step_taken(triggered(), given).value
    old_pages = incident.pages
    given_back = unacknowledge(acknowledge(incident, by("bob"), LATER).value, by("bob"), LATER).value
    ended = run_out(delivered(given_back, *old_pages), given)
    assert [fact.data()["told"] for fact in ended.facts] == [False]
    assert ESCALATE in ended.value.timers


def test_a_failed_page_tries_the_next_contact_method() -> None:
    """Fail-over keeps cycle, step, person and budget, and has an id of its own."""
    incident = step_taken(triggered(), plan(policy(["ann", "bob"]))).value
    page = page_of(incident, "ann")
    decision = failed(incident, page, "ann-2", "ann-3")
    retry = page_of(decision.value, "ann")
    assert retry.contact_method_id == "ann-2"
    assert (retry.cycle, retry.step, retry.until, retry.tried) == (0, 0, page.until, ("ann-1",))
    assert page.until == DUE + MINUTE
    assert retry.at == soon(incident)
    assert retry.id == notification_id("i1", 0, 0, "ann", "ann-2", "failover")
    assert decision.value.timers == incident.timers
    reason = "550 no such user"
    assert decision.facts == (facts.NotificationFailed(page.id, "ann", "webhook", reason, "trying webhook instead"),)


def test_fail_over_goes_through_every_contact_method_once() -> None:
    """Three contact methods are tried in their order, none of them twice; then the next step comes now."""
    given = plan(policy(["ann"], ["bob"]))
    decision = step_taken(triggered(), given)
    for number in (1, 2, 3):
        (page,) = decision.value.pages
        assert page.contact_method_id == f"ann-{number}"
        decision = failed(decision.value, page, "ann-1", "ann-2", "ann-3")
    incident = decision.value
    assert incident.pages == ()
    assert decision.facts[0].data()["action"] == "going to the next step now"
    assert incident.timers == {ESCALATE: incident.updated_at}
    assert called(step_taken(incident, given)) == [(0, 1, "bob")]


def test_the_next_step_comes_at_once_when_nobody_was_reached() -> None:
    """The only page of a step failed for good: waiting for the step's delay would be silence."""
    incident = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value
    decision = failed(incident, incident.pages[0])
    assert decision.value.timers == {ESCALATE: soon(incident)}
    assert decision.facts[0].data()["action"] == "going to the next step now"


@pytest.mark.parametrize("bob_was_reached", [True, False])
def test_a_failure_waits_while_another_of_the_step_is_called(bob_was_reached: bool) -> None:
    """Bob was reached, or may still be: the step has its full time."""
    incident = step_taken(triggered(), plan(policy(["ann", "bob"], ["cid"]))).value
    page = page_of(incident, "ann")
    before = delivered(incident, page_of(incident, "bob")) if bob_was_reached else incident
    decision = failed(before, page)
    assert decision.value.timers == incident.timers
    assert page.id not in {other.id for other in decision.value.pages}


def test_the_last_failure_of_a_step_brings_the_next() -> None:
    """Ann and bob both fail: only the second failure moves the timer."""
    incident = step_taken(triggered(), plan(policy(["ann", "bob"], ["cid"]))).value
    page, last = incident.pages
    once = failed(incident, page).value
    assert once.timers == incident.timers
    assert failed(once, last).value.timers == {ESCALATE: soon(once)}


@pytest.mark.parametrize("became", ["delivered in time", "delivered late", "still on its way"])
def test_an_earlier_step_does_not_hold_up_the_present_one(became: str) -> None:
    """The present step's only page fails: what became of the step before is no reason to wait."""
    given = plan(policy(["ann"], ["bob"], ["cid"]))
    first = step_taken(triggered(), given).value
    if became == "delivered in time":
        first = delivered(first, page_of(first, "ann"))
    incident = step_taken(first, given).value
    if became == "delivered late":
        incident = delivered(incident, page_of(incident, "ann"))
    decision = failed(incident, page_of(incident, "bob"))
    assert decision.value.timers == {ESCALATE: soon(incident)}
    assert decision.facts[0].data()["action"] == "going to the next step now"


def test_the_failure_of_a_cancelled_page_brings_nothing() -> None:
    """Acknowledged means quiet: no fail-over and no next step, only the fact."""
    incident = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value
    (page,) = incident.pages
    quiet = acknowledge(incident, by("bob"), LATER).value
    decision = failed(quiet, page, "ann-2")
    assert (decision.value.pages, decision.value.timers) == ((), {})
    assert decision.facts[0].data()["action"] == "nothing more, the page was cancelled meanwhile"


def test_the_failure_after_the_end_starts_nothing() -> None:
    """Ann was told and the escalation is exhausted: that bob's page fails afterwards arms no timer."""
    given = plan(policy(["ann"], ["bob"]))
    first = step_taken(triggered(), given).value
    second = step_taken(delivered(first, *first.pages), given).value
    ended = step_taken(second, given).value
    assert ended.escalation.state is EscalationState.EXHAUSTED
    assert failed(ended, page_of(ended, "bob")).value.timers == {}


def test_pages_of_a_new_cycle_have_new_ids() -> None:
    """Given back and called again: the same people are paged anew, not taken for already called."""
    given = plan(policy(["ann"]))
    incident = step_taken(triggered(), given).value
    again = unacknowledge(acknowledge(incident, by(), LATER).value, by(), LATER).value
    assert {page.id for page in step_taken(again, given).value.pages}.isdisjoint({page.id for page in incident.pages})


def test_a_policy_of_many_steps_keeps_their_order() -> None:
    """Twenty steps are taken one by one, whatever their delays."""
    steps = tuple(Step(("ann",), 1 + n % 3) for n in range(20))
    given = plan(Policy("long", "long", steps, NOW))
    incident, taken = triggered(), []
    for _ in steps:
        decision = step_taken(incident, given)
        taken += called(decision)
        incident = decision.value
    assert taken == [(0, step, "ann") for step in range(20)]
