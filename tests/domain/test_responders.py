"""People: owners, responders and their roles, and requests to join; who is paged by each, and who is not."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain import facts
from shared.domain.changes import CALLS_FOR, REQUESTED
from shared.domain.clocks import REQUEST_LAPSE
from shared.domain.commands import ActorKind, Decide
from shared.domain.diagnosis import add_finding, add_note
from shared.domain.errors import InvalidTransition
from shared.domain.escalation import page_delivered, page_failed
from shared.domain.incident import (
    ESCALATE,
    ESCALATION,
    Incident,
    Page,
    RequestState,
    Responder,
    ResponderRequest,
    ResponderRole,
)
from shared.domain.lifecycle import Status
from shared.domain.relations import merge
from shared.domain.responders import (
    ANSWER_WITHIN,
    ASSIGNED,
    MOST_REQUESTS,
    accept_request,
    assign,
    decline_request,
    join,
    leave,
    request_responder,
    set_roles,
)
from shared.domain.texts import LONGEST_TEXT
from shared.domain.transitions import acknowledge, cancel, close, investigate, mitigate, resolve, unacknowledge
from tests.domain.asks import beside
from tests.domain.samples import (
    LATER,
    NOW,
    WORKER,
    at,
    by,
    carried_out,
    fallen_due,
    is_so,
    issues,
    method,
    plan,
    policy,
    reach,
    source,
    step_taken,
    triggered,
)

COMMANDER, DEPUTY = ResponderRole.INCIDENT_COMMANDER, ResponderRole.DEPUTY
SCRIBE, LIAISON = ResponderRole.SCRIBE, ResponderRole.LIAISON
MINUTE = timedelta(minutes=1)
AFTERWARDS = LATER + MINUTE

assign_to_cid = assign("cid", reach())
ask_dan = request_responder("dan", SCRIBE, ANSWER_WITHIN, reach())

CALLING = {"assigned": (assign_to_cid, "cid", ASSIGNED), "requested": (ask_dan, "dan", REQUESTED)}
"""What pages one person beside the escalation: how it is asked for, whom it pages, and the page's reason."""

ENDING: dict[str, Decide[Incident]] = {
    "resolve": resolve(None, None),
    "cancel": cancel("a drill"),
    "resolve and close": lambda incident, command, now: close(None)(
        resolve(None, None)(incident, command, now).value, command, now
    ),
}


def with_people(**roles: tuple[ResponderRole, ...]) -> Incident:
    """An acknowledged incident with these responders and their roles; ann owns it."""
    people = tuple(Responder(user, NOW, has) for user, has in roles.items())
    return replace(at(Status.ACKNOWLEDGED), responders=people)


def asked_dan(incident: Incident | None = None, when: datetime = LATER) -> Incident:
    """The incident after bob asked dan to join as scribe."""
    return ask_dan(incident or at(Status.ACKNOWLEDGED), by("bob"), when).value


def the_request(incident: Incident) -> ResponderRequest:
    """The last request of the incident."""
    return incident.responder_requests[-1]


def decided(page: Page) -> facts.PageDecided:
    """The page as facts name it."""
    return facts.PageDecided(page.id, page.user_id, page.channel)


# Assigned


@pytest.mark.parametrize("status", [Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.MITIGATED])
def test_a_new_owner_joins_and_is_paged(status: Status) -> None:
    """Reassigning names the owner, makes a responder of them, and calls them by their first contact method."""
    decision = carried_out(assign_to_cid, at(status))
    (page,) = decision.value.pages
    assert decision.value.assignee_id == "cid"
    assert decision.value.responders == (Responder("ann", NOW), Responder("cid", LATER))
    assert (page.user_id, page.contact_method_id, page.reason) == ("cid", "cid-1", ASSIGNED)
    assert (page.at, page.until, page.cycle) == (LATER, LATER + CALLS_FOR, decision.value.escalation.cycle)
    assert decision.facts == (facts.Assigned("cid", "ann", (decided(page),)),)


def test_whoever_takes_it_over_is_not_paged() -> None:
    """Who assigns an incident to themselves knows."""
    decision = carried_out(assign("bob", reach()), at(Status.ACKNOWLEDGED))
    assert decision.value.pages == ()
    assert decision.facts == (facts.Assigned("bob", "ann"),)


def test_an_owner_who_cannot_be_paged_is_said() -> None:
    """Without a contact method the incident is theirs all the same, and the fact says why nobody was called."""
    decision = carried_out(assign("cid", {}), at(Status.ACKNOWLEDGED))
    assert (decision.value.assignee_id, decision.value.pages) == ("cid", ())
    assert decision.facts == (facts.Assigned("cid", "ann", (), "no contact method to page them by"),)


def test_the_owner_stays_the_owner() -> None:
    """Assigning it to whom it is assigned changes nothing."""
    is_so(assign("ann", reach()), at(Status.ACKNOWLEDGED))


def test_an_assignment_does_not_stop_the_escalation() -> None:
    """Until somebody acknowledges, the policy's steps go on."""
    before = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value
    after = carried_out(assign_to_cid, before).value
    assert after.status is Status.TRIGGERED
    assert after.timers[ESCALATE] == before.timers[ESCALATE]
    assert after.pages[: len(before.pages)] == before.pages


def test_a_former_owner_is_not_called_any_more() -> None:
    """Given to cid and at once to dan: only dan's page goes out."""
    given = carried_out(assign_to_cid, at(Status.ACKNOWLEDGED)).value
    again = carried_out(assign("dan", reach()), given).value
    assert [(page.user_id, page.reason) for page in again.pages] == [("dan", ASSIGNED)]


def test_an_owner_who_lost_it_and_has_it_again_is_paged() -> None:
    """Given back while the page for the owner was still waiting, and assigned to the same person again."""
    given = carried_out(assign_to_cid, at(Status.ACKNOWLEDGED)).value
    given_back = unacknowledge(given, by(), LATER).value
    decision = carried_out(assign_to_cid, given_back, by("bob", command_id="c2"))
    pages = [page for page in decision.value.pages if page.reason == ASSIGNED]
    assert [page.user_id for page in pages] == ["cid"]
    assert decision.facts == (facts.Assigned("cid", None, (decided(pages[0]),)),)


# Pages beside the escalation


@pytest.mark.parametrize("calling", CALLING)
def test_an_acknowledgement_does_not_cancel_other_pages(calling: str) -> None:
    """Whoever was assigned or asked is called although the incident is somebody's; the escalation's pages end."""
    ask, user, reason = CALLING[calling]
    paging = step_taken(triggered(), plan(policy(["ann", "bob"]))).value
    called = carried_out(ask, paging, by("bob")).value
    assert len(called.pages) == 3
    for decide in (acknowledge, investigate):
        quiet = decide(called, by("ann"), LATER)
        assert [(page.user_id, page.reason) for page in quiet.value.pages] == [(user, reason)]
        assert quiet.facts[0].data()["canceled_pages"] == 2


@pytest.mark.parametrize("calling", CALLING)
@pytest.mark.parametrize("ending", ENDING)
def test_the_end_cancels_every_page(calling: str, ending: str) -> None:
    """Resolved, canceled or closed: nobody is called any more, whatever for."""
    called = carried_out(CALLING[calling][0], at(Status.ACKNOWLEDGED)).value
    assert len(called.pages) == 1
    ended = ENDING[ending](called, by("bob"), LATER)
    assert ended.value.pages == ()


@pytest.mark.parametrize("calling", CALLING)
def test_fail_over_keeps_the_reason(calling: str) -> None:
    """A page that cannot be delivered goes to the next contact method under an id of its own."""
    ask, user, reason = CALLING[calling]
    called = carried_out(ask, at(Status.ACKNOWLEDGED)).value
    (page,) = called.pages
    failing = page_failed(page, "550 no such user", (method(f"{user}-1"), method(f"{user}-2", "email")))
    decision = failing(called, WORKER, AFTERWARDS)
    (retry,) = decision.value.pages
    assert (retry.reason, retry.user_id, retry.contact_method_id) == (reason, user, f"{user}-2")
    assert (retry.channel, retry.tried) == ("email", (f"{user}-1",))
    assert (page.until, retry.at, retry.until) == (LATER + CALLS_FOR, AFTERWARDS, AFTERWARDS + CALLS_FOR)
    assert retry.id != page.id
    why = "trying email instead"
    assert decision.facts == (facts.NotificationFailed(page.id, user, "webhook", "550 no such user", why),)


def test_each_contact_method_has_its_time() -> None:
    """However late the first way fails, the next one is tried for half an hour."""
    called = carried_out(assign_to_cid, at(Status.ACKNOWLEDGED)).value
    failed_at = LATER + 3 * CALLS_FOR
    (page,) = called.pages
    (retry,) = page_failed(page, "timeout", (method("cid-1"), method("cid-2")))(called, WORKER, failed_at).value.pages
    assert retry.until == failed_at + CALLS_FOR
    assert timedelta(minutes=30) == CALLS_FOR


ACTING: dict[str, Decide[Incident]] = {
    "notes": add_note("on my way"),
    "finds": add_finding("the disk is full"),
    "acknowledges": acknowledge,
    "investigates": investigate,
    "joins": join((LIAISON,)),
    "gives back": unacknowledge,
    "mitigates": mitigate("restarted it"),
}


@pytest.mark.parametrize("calling", CALLING)
@pytest.mark.parametrize("act", ACTING)
def test_whoever_acts_is_not_called_any_more(calling: str, act: str) -> None:
    """Any act of theirs shows that they know of it; an act of somebody else does not."""
    ask, user, reason = CALLING[calling]
    called = carried_out(ask, at(Status.TRIGGERED if act == "acknowledges" else Status.ACKNOWLEDGED)).value
    assert [(page.user_id, page.reason) for page in called.pages] == [(user, reason)]
    assert ACTING[act](called, by(user), AFTERWARDS).value.pages == ()
    for other in ("ann", "bob"):
        assert ACTING[act](called, by(other), AFTERWARDS).value.pages == called.pages


@pytest.mark.parametrize("kind", [ActorKind.INTEGRATION, ActorKind.SYSTEM])
def test_a_source_that_is_called_like_a_person_is_another(kind: ActorKind) -> None:
    """Its acts say nothing of what that person knows."""
    called = carried_out(assign_to_cid, at(Status.ACKNOWLEDGED)).value
    assert add_note("on my way")(called, by("cid", kind), AFTERWARDS).value.pages == called.pages
    asked = request_responder("dan", None, ANSWER_WITHIN, reach())(called, by("dan", kind), AFTERWARDS).value
    assert [page.user_id for page in asked.pages] == ["cid", "dan"]


def test_whoever_acts_is_called_by_the_escalation_all_the_same() -> None:
    """Until somebody acknowledges, a note of the called person stops no step; other people's pages stay too."""
    paging = step_taken(triggered(), plan(policy(["cid", "ann"]))).value
    called = carried_out(ask_dan, carried_out(assign_to_cid, paging).value).value
    after = carried_out(add_note("on my way"), called, by("cid")).value
    assert [(page.user_id, page.reason) for page in after.pages] == [
        ("cid", ESCALATION),
        ("ann", ESCALATION),
        ("dan", REQUESTED),
    ]
    assert after.timers[ESCALATE] == paging.timers[ESCALATE]


def test_an_act_that_changes_nothing_drops_nothing() -> None:
    """What is so already is no act: nothing is written."""
    called = carried_out(assign_to_cid, at(Status.ACKNOWLEDGED)).value
    is_so(assign_to_cid, called, by("cid"))
    is_so(set_roles("cid", ()), called, by("cid"))


def test_who_asks_for_themselves_is_not_paged() -> None:
    """They know: the request stands, the fact names no page, and nobody is missed."""
    decision = carried_out(request_responder("bob", SCRIBE, ANSWER_WITHIN, reach()), at(Status.ACKNOWLEDGED))
    assert decision.value.pages == ()
    assert decision.facts == (facts.ResponderRequested("bob", LATER + ANSWER_WITHIN, SCRIBE),)
    assert the_request(decision.value).state is RequestState.PENDING


def test_fail_overs_of_two_pages_have_two_ids() -> None:
    """Assigned and asked by two commands: the second way is tried for each, and nobody takes one for the other."""
    incident = at(Status.ACKNOWLEDGED)
    ids = set()
    for command_id in ("c1", "c2"):
        called = carried_out(assign_to_cid, incident, by("bob", command_id=command_id)).value
        (page,) = called.pages
        failing = page_failed(page, "timeout", (method("cid-1"), method("cid-2")))
        ids |= {page.id, *(retry.id for retry in failing(called, WORKER, LATER).value.pages)}
    assert len(ids) == 4


def test_a_page_beside_the_escalation_moves_no_step() -> None:
    """Neither its failure nor its delivery counts for the escalation: nobody of the policy was told."""
    paging = step_taken(triggered(), plan(policy(["ann"], ["bob"]))).value
    called = carried_out(assign_to_cid, paging, by("bob")).value
    page = called.pages[-1]
    delivered = page_delivered(page.id, "cid", "webhook", possible_repeat=False)(called, WORKER, LATER).value
    assert (delivered.escalation, delivered.timers) == (called.escalation, called.timers)
    failed = page_failed(page, "550", (method("cid-1"),))(called, WORKER, LATER)
    assert failed.value.timers == called.timers
    assert failed.facts[0].data()["action"] == "nothing more, there is no other way to reach them"


# Join and leave


@pytest.mark.parametrize("roles", [(), (SCRIBE,), (DEPUTY, LIAISON)])
def test_anybody_joins(roles: tuple[ResponderRole, ...]) -> None:
    """Who joins is a responder in the roles that they take, and nobody is paged for it."""
    decision = carried_out(join(roles), at(Status.ACKNOWLEDGED))
    assert decision.value.responder("bob") == Responder("bob", LATER, roles)
    assert decision.value.pages == ()
    assert decision.facts == (facts.ResponderAdded("bob", roles),)


def test_who_joined_has_joined() -> None:
    """Joining twice changes nothing; joining in another role is a change of roles."""
    before = with_people(ann=(), bob=(SCRIBE,))
    is_so(join(()), before)
    is_so(join((SCRIBE,)), before)
    decision = carried_out(join((DEPUTY,)), before)
    assert decision.value.responders == (Responder("ann", NOW), Responder("bob", NOW, (DEPUTY,)))
    assert decision.facts == (facts.RolesChanged("bob", (DEPUTY,), (SCRIBE,)),)


def test_a_responder_leaves() -> None:
    """Who leaves is no responder any more; who is none has left."""
    before = with_people(ann=(), bob=(SCRIBE,))
    decision = carried_out(leave(), before)
    assert decision.value.responders == (Responder("ann", NOW),)
    assert decision.facts == (facts.ResponderRemoved("bob"),)
    is_so(leave(), decision.value)


def test_a_responder_is_taken_off_by_another() -> None:
    """The named user leaves, whoever says so."""
    decision = carried_out(leave("bob"), with_people(ann=(), bob=()), by("ann"))
    assert decision.facts == (facts.ResponderRemoved("bob"),)


@pytest.mark.parametrize("status", [Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.MITIGATED])
def test_the_owner_of_an_open_incident_cannot_leave(status: Status) -> None:
    """An open incident is not left alone: somebody else has to own it first."""
    before = at(status)
    with pytest.raises(InvalidTransition, match="assign the incident to somebody first") as refusal:
        leave()(before, by("ann"), LATER)
    assert (refusal.value.status, refusal.value.value) == (status, before)
    given = carried_out(assign("bob", {}), before).value
    assert carried_out(leave(), given, by("ann")).value.responder("ann") is None


def test_the_owner_of_a_resolved_incident_gives_it_up_by_leaving() -> None:
    """It is over, so they may go; should it be reopened, it is nobody's, and not somebody's who has left."""
    decision = carried_out(leave(), at(Status.RESOLVED), by("ann"))
    assert (decision.value.assignee_id, decision.value.responders) == (None, ())


# Roles


def test_roles_are_set_and_told() -> None:
    """A responder's roles are replaced by those that are given, and the fact knows what they were."""
    decision = carried_out(set_roles("bob", (DEPUTY, SCRIBE)), with_people(ann=(COMMANDER,), bob=(LIAISON,)))
    assert decision.value.responder("bob") == Responder("bob", NOW, (DEPUTY, SCRIBE))
    assert decision.value.responder("ann") == Responder("ann", NOW, (COMMANDER,))
    assert decision.facts == (facts.RolesChanged("bob", (DEPUTY, SCRIBE), (LIAISON,)),)
    is_so(set_roles("bob", (SCRIBE, DEPUTY)), decision.value)


@pytest.mark.parametrize("how", ["set", "joined", "joined before", "asked for it"])
def test_there_is_one_commander(how: str) -> None:
    """A new commander takes over: the old one keeps their other roles, by whatever way it came, and the fact knows."""
    before = with_people(ann=(COMMANDER, LIAISON), bob=())
    match how:
        case "set":
            decision = carried_out(set_roles("bob", (COMMANDER,)), before)
        case "joined before":
            decision = carried_out(join((COMMANDER,)), before)
        case "joined":
            decision = carried_out(join((COMMANDER,)), with_people(ann=(COMMANDER, LIAISON)))
        case _:
            ask = request_responder("bob", COMMANDER, ANSWER_WITHIN, {})
            asked = carried_out(ask, with_people(ann=(COMMANDER, LIAISON)), by("ann")).value
            decision = carried_out(accept_request, asked)
    roles = {one.user_id: one.roles for one in decision.value.responders}
    assert roles == {"ann": (LIAISON,), "bob": (COMMANDER,)}
    assert [fact.data().get("ceded_by") for fact in decision.facts] == ["ann"]


def test_a_command_that_was_ceded_is_told() -> None:
    """The fact names who had the command before."""
    decision = carried_out(set_roles("bob", (COMMANDER,)), with_people(ann=(COMMANDER,), bob=(SCRIBE,)))
    assert decision.facts == (facts.RolesChanged("bob", (COMMANDER,), (SCRIBE,), "ann"),)
    joining = carried_out(join((COMMANDER, SCRIBE)), with_people(ann=(COMMANDER,)))
    assert joining.facts == (facts.ResponderAdded("bob", (COMMANDER, SCRIBE), "ann"),)
    ask = request_responder("bob", COMMANDER, ANSWER_WITHIN, {})
    asked = carried_out(ask, with_people(ann=(COMMANDER,)), by("ann")).value
    assert carried_out(accept_request, asked).facts == (facts.ResponderRequestAccepted("bob", COMMANDER, "ann"),)


@pytest.mark.parametrize("role", [COMMANDER, SCRIBE, None])
def test_nobody_cedes_what_they_keep_or_never_had(role: ResponderRole | None) -> None:
    """No commander before, or another role than theirs: the fact names nobody."""
    people = {"ann": (DEPUTY,)} if role is COMMANDER else {"ann": (COMMANDER,)}
    roles = (role,) if role else ()
    assert carried_out(join(roles), with_people(**people)).facts == (facts.ResponderAdded("bob", roles),)
    asked = carried_out(request_responder("bob", role, ANSWER_WITHIN, {}), with_people(**people), by("ann")).value
    decision = carried_out(accept_request, asked)
    assert decision.facts == (facts.ResponderRequestAccepted("bob", role),)
    assert decision.value.responder("ann") == Responder("ann", NOW, people["ann"])


def test_giving_up_the_command_leaves_it_to_nobody() -> None:
    """Roles can be taken away; the responder stays."""
    decision = carried_out(set_roles("ann", ()), with_people(ann=(COMMANDER,)))
    assert decision.value.responders == (Responder("ann", NOW),)
    assert decision.facts == (facts.RolesChanged("ann", (), (COMMANDER,)),)


def test_who_does_not_respond_has_no_role() -> None:
    """Roles are for responders: anybody else is refused under the user's field."""
    assert issues(lambda: set_roles("zoe", (SCRIBE,))(at(Status.ACKNOWLEDGED), by(), LATER)) == [
        ("input.userId", "NOT_A_RESPONDER")
    ]


# Requests


def test_a_request_pages_whom_it_asks() -> None:
    """The request stands with who asked, when it lapses and for which role, and its timer is armed."""
    decision = carried_out(ask_dan, at(Status.ACKNOWLEDGED))
    lapses_at = LATER + ANSWER_WITHIN
    (page,) = decision.value.pages
    assert the_request(decision.value) == ResponderRequest("dan", by("bob").actor, LATER, lapses_at, SCRIBE)
    assert (page.user_id, page.contact_method_id, page.reason) == ("dan", "dan-1", REQUESTED)
    assert decision.value.timers[REQUEST_LAPSE] == lapses_at
    assert decision.value.responder("dan") is None
    assert decision.facts == (facts.ResponderRequested("dan", lapses_at, SCRIBE, (decided(page),)),)


def test_whoever_cannot_be_paged_can_be_asked() -> None:
    """They may look by themselves; the fact says that nobody calls them."""
    decision = carried_out(request_responder("dan", None, ANSWER_WITHIN, {}), at(Status.ACKNOWLEDGED))
    why = "no contact method to page them by"
    assert decision.facts == (facts.ResponderRequested("dan", LATER + ANSWER_WITHIN, None, (), why),)


@pytest.mark.parametrize("user", ["ann", "dan"])
def test_nobody_is_asked_twice(user: str) -> None:
    """Who responds already, and who was asked and has not answered, is not asked or called again."""
    is_so(request_responder(user, None, ANSWER_WITHIN, reach()), asked_dan())


def test_asking_again_after_a_refusal_is_a_new_request() -> None:
    """Whoever declined may be asked once more, later: a new request, a new page."""
    declined = carried_out(decline_request(None), asked_dan(), by("dan")).value
    again = ask_dan(declined, by("bob", command_id="c2"), AFTERWARDS).value
    assert [asked.state for asked in again.responder_requests] == [RequestState.DECLINED, RequestState.PENDING]
    assert [page.user_id for page in again.pages] == ["dan"]


def test_whoever_accepts_joins_in_the_role() -> None:
    """Accepting makes a responder, and takes off the page and the timer."""
    decision = carried_out(accept_request, asked_dan(), by("dan"), AFTERWARDS)
    after = decision.value
    assert after.responder("dan") == Responder("dan", AFTERWARDS, (SCRIBE,))
    assert (the_request(after).state, the_request(after).answered_at) == (RequestState.ACCEPTED, AFTERWARDS)
    assert after.pages == ()
    assert REQUEST_LAPSE not in after.timers
    assert decision.facts == (facts.ResponderRequestAccepted("dan", SCRIBE),)
    is_so(accept_request, after, by("dan"))


def test_whoever_declines_does_not_come() -> None:
    """Declining says why, if it does, and takes off the page and the timer."""
    decision = carried_out(decline_request("asleep"), asked_dan(), by("dan"), AFTERWARDS)
    after = decision.value
    assert after.responder("dan") is None
    assert (the_request(after).state, the_request(after).answered_at) == (RequestState.DECLINED, AFTERWARDS)
    assert (after.pages, after.timers.get(REQUEST_LAPSE)) == ((), None)
    assert decision.facts == (facts.ResponderRequestDeclined("dan", "asleep"),)
    is_so(decline_request(None), after, by("dan"))


def test_a_request_without_an_answer_lapses() -> None:
    """When its time is over, the page is taken off, a fact says so, and no version rises."""
    before = asked_dan()
    assert fallen_due(before, LATER + ANSWER_WITHIN - timedelta(milliseconds=1)).facts == ()
    decision = fallen_due(before, LATER + ANSWER_WITHIN)
    assert the_request(decision.value).state is RequestState.LAPSED
    assert (decision.value.pages, decision.value.timers.get(REQUEST_LAPSE)) == ((), None)
    assert decision.value.version == before.version
    assert decision.facts == (facts.ResponderRequestLapsed("dan"),)


def test_a_lapsed_request_can_still_be_accepted() -> None:
    """Who comes late comes; declining late changes nothing."""
    lapsed = fallen_due(asked_dan(), LATER + ANSWER_WITHIN).value
    is_so(decline_request(None), lapsed, by("dan"))
    after = carried_out(accept_request, lapsed, by("dan"), LATER + 2 * ANSWER_WITHIN).value
    assert after.responder("dan") is not None
    assert the_request(after).state is RequestState.ACCEPTED


def test_the_first_of_two_requests_lapses_first() -> None:
    """The timer stands at the earliest: one request lapses, the other waits on."""
    both = request_responder("cid", None, 2 * ANSWER_WITHIN, reach())(asked_dan(), by("bob"), LATER).value
    assert both.timers[REQUEST_LAPSE] == LATER + ANSWER_WITHIN
    decision = fallen_due(both, LATER + ANSWER_WITHIN)
    assert decision.facts == (facts.ResponderRequestLapsed("dan"),)
    assert decision.value.timers[REQUEST_LAPSE] == LATER + 2 * ANSWER_WITHIN
    assert [page.user_id for page in decision.value.pages] == ["cid"]


@pytest.mark.parametrize("answer", [accept_request, decline_request(None)])
def test_only_the_asked_answer(answer: Decide[Incident]) -> None:
    """An answer of somebody who was not asked is refused."""
    assert issues(lambda: answer(asked_dan(), by("bob"), LATER)) == [("input.id", "NOT_REQUESTED")]


COMING: dict[str, Decide[Incident]] = {
    "joins": join((LIAISON,)),
    "acknowledges too": acknowledge,
    "investigates": investigate,
    "is assigned": lambda incident, command, now: assign("dan", reach())(incident, command, now),
}


@pytest.mark.parametrize("way", COMING)
def test_who_comes_by_another_way_has_answered(way: str) -> None:
    """Whoever joins, takes it or is given it is not called for the request any more, and never lapses."""
    after = COMING[way](asked_dan(), by("dan"), AFTERWARDS).value
    assert after.responder("dan") is not None
    assert (the_request(after).state, the_request(after).answered_at) == (RequestState.ACCEPTED, AFTERWARDS)
    assert [page for page in after.pages if page.reason == REQUESTED] == []
    assert REQUEST_LAPSE not in after.timers


@pytest.mark.parametrize("way", COMING)
def test_who_comes_answers_for_nobody_else(way: str) -> None:
    """Cid, who was asked too, is still called and still waited for."""
    both = request_responder("cid", None, 2 * ANSWER_WITHIN, reach())(asked_dan(), by("bob"), LATER).value
    after = COMING[way](both, by("dan"), AFTERWARDS).value
    assert [asked.state for asked in after.responder_requests] == [RequestState.ACCEPTED, RequestState.PENDING]
    assert [page.user_id for page in after.pages if page.reason == REQUESTED] == ["cid"]
    assert after.timers[REQUEST_LAPSE] == LATER + 2 * ANSWER_WITHIN


@pytest.mark.parametrize("ending", ENDING)
def test_requests_end_with_the_incident(ending: str) -> None:
    """Nobody is waited for when it is over."""
    ended = ENDING[ending](asked_dan(), by("bob"), AFTERWARDS).value
    assert (the_request(ended).state, the_request(ended).answered_at) == (RequestState.LAPSED, AFTERWARDS)
    assert REQUEST_LAPSE not in ended.timers


@pytest.mark.parametrize("ending", ["resolve", "cancel", "merge"])
def test_requests_that_end_with_the_incident_are_told(ending: str) -> None:
    """Each that nobody answered, once; what was answered or lapsed before is not told again."""
    declined = carried_out(decline_request(None), asked_dan(), by("dan"), AFTERWARDS).value
    asked = request_responder("cid", None, MINUTE, reach())(declined, by("bob"), AFTERWARDS).value
    lapsed = fallen_due(asked, AFTERWARDS + MINUTE).value
    for user_id in ("cid", "dan", "eve"):
        ask = request_responder(user_id, None, ANSWER_WITHIN, reach())
        lapsed = carried_out(ask, lapsed, by("bob", command_id=user_id), AFTERWARDS + MINUTE).value
    end = ENDING | {"merge": beside(lambda here, there: merge((here,), there))}
    ended = carried_out(end[ending], lapsed, now=AFTERWARDS + 2 * MINUTE)
    told = [fact.user_id for fact in ended.facts if isinstance(fact, facts.ResponderRequestLapsed)]
    assert told == ["cid", "dan", "eve"]
    assert [one.state for one in ended.value.responder_requests] == ["DECLINED", *["LAPSED"] * 4]


def test_requests_stay_while_it_is_open() -> None:
    """Given back or mitigated: whoever was asked is still waited for, and nothing is told of it."""
    for decide in (unacknowledge, mitigate("restarted it")):
        decision = carried_out(decide, asked_dan(), now=AFTERWARDS)
        assert the_request(decision.value).state is RequestState.PENDING
        assert not any(isinstance(fact, facts.ResponderRequestLapsed) for fact in decision.facts)


@pytest.mark.parametrize("wait", [timedelta(seconds=59), timedelta(days=1, seconds=1), -MINUTE])
def test_a_request_waits_for_a_minute_to_a_day(wait: timedelta) -> None:
    """Shorter or longer is refused under its field; the bounds themselves are fine."""
    assert issues(lambda: request_responder("dan", None, wait, {})) == [("input.answerWithinSeconds", "OUT_OF_RANGE")]
    request_responder("dan", None, MINUTE, {})
    request_responder("dan", None, timedelta(days=1), {})


def test_requests_are_bounded() -> None:
    """No incident grows without end."""
    past = ResponderRequest("zoe", by().actor, NOW, NOW, state=RequestState.LAPSED)
    full = replace(at(Status.ACKNOWLEDGED), responder_requests=(past,) * MOST_REQUESTS)
    assert issues(lambda: ask_dan(full, by(), LATER)) == [("input.userId", "TOO_MANY")]


@pytest.mark.parametrize(("text", "code"), [("x" * (LONGEST_TEXT + 1), "LENGTH"), ("nul \x00", "INVALID")])
def test_the_reason_to_decline_is_a_text(text: str, code: str) -> None:
    """It may be left out, and it is bounded."""
    assert issues(lambda: decline_request(text)) == [("input.reason", code)]


def test_a_source_raises_the_version_too() -> None:
    """What an integration asks for is a change that `expectedVersion` sees."""
    before = at(Status.ACKNOWLEDGED)
    assert assign_to_cid(before, source(), LATER).value.version == before.version + 1
    assert assign_to_cid(before, WORKER, LATER).value.version == before.version
