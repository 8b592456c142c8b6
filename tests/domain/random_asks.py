"""What people ask of an incident on a random walk, by subject. Most asks fit its present state, some do not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from shared.domain.commands import Decide
from shared.domain.diagnosis import (
    add_finding,
    add_link,
    add_task,
    rate_workaround,
    record_fix,
    remove_link,
    set_root_cause,
    update_task,
)
from shared.domain.holds import hold, release_hold
from shared.domain.incident import (
    Audience,
    Correctable,
    HoldReason,
    Incident,
    LinkKind,
    ResponderRole,
    TaskSource,
    TaskState,
)
from shared.domain.lifecycle import Action
from shared.domain.majors import MajorCall, declare_major, propose_major, stand_down_major
from shared.domain.priority import Priority
from shared.domain.responders import (
    accept_request,
    assign,
    decline_request,
    join,
    leave,
    request_responder,
    set_roles,
)
from shared.domain.review import FIELD_OF, complete_review, correct_time, update_review
from shared.domain.status_updates import correct, draft, publish, publish_draft
from shared.domain.triage import correct_category, edit, override_priority, release_priority
from tests.domain.samples import method

PEOPLE = ("ann", "bob", "cid", "dan")
REACHABLE = {person: (method(f"{person}-1"), method(f"{person}-2", "email")) for person in PEOPLE[:3]}
"""How people are reached; dan cannot be."""

people = st.sampled_from(PEOPLE)


@dataclass(frozen=True)
class Ask:
    """One thing to ask for. `of` makes the decision out of the present incident and time."""

    name: str
    action: Action
    of: Callable[[Incident, datetime], Decide[Incident]]

    def __repr__(self) -> str:
        return self.name


def fixed(name: str, action: Action, decide: Decide[Incident]) -> st.SearchStrategy[Ask]:
    """An ask that is always the same."""
    return st.just(Ask(name, action, lambda incident, now: decide))


def _last_task(incident: Incident) -> str:
    return incident.tasks[-1].id if incident.tasks else "none"


def _last_update(incident: Incident) -> str:
    return incident.status_updates[-1].id if incident.status_updates else "none"


def _last_link(incident: Incident) -> str:
    return incident.links[-1].id if incident.links else "none"


roles = st.lists(st.sampled_from(ResponderRole), max_size=2, unique=True).map(tuple)
waits = st.sampled_from([60, 900, 3_600]).map(lambda seconds: timedelta(seconds=seconds))

about_people = st.one_of(
    people.map(lambda who: Ask(f"assign {who}", Action.ASSIGN, lambda *_: assign(who, REACHABLE))),
    roles.map(lambda some: Ask(f"join as {some}", Action.JOIN, lambda *_: join(some))),
    fixed("leave", Action.LEAVE, leave()),
    st.tuples(people, roles).map(
        lambda both: Ask(f"set roles of {both}", Action.SET_ROLES, lambda *_: set_roles(both[0], both[1]))
    ),
    st.tuples(people, st.none() | st.sampled_from(ResponderRole), waits).map(
        lambda asked: Ask(
            f"request {asked}",
            Action.REQUEST_RESPONDER,
            lambda *_: request_responder(asked[0], asked[1], asked[2], REACHABLE),
        )
    ),
    fixed("accept", Action.ANSWER_REQUEST, accept_request),
    fixed("decline", Action.ANSWER_REQUEST, decline_request(None)),
)

about_the_cause = st.one_of(
    fixed("find", Action.DIAGNOSE, add_finding("the disk is full")),
    fixed("name the cause", Action.DIAGNOSE, set_root_cause("nobody rotates the logs")),
    fixed("link", Action.DIAGNOSE, add_link(LinkKind.CHANGE, "https://git.test/1", None)),
    st.just(Ask("unlink", Action.DIAGNOSE, lambda incident, now: remove_link(_last_link(incident)))),
    st.sampled_from(TaskSource).map(
        lambda source: Ask(f"add a task of {source}", Action.DIAGNOSE, lambda *_: add_task("call", None, None, source))
    ),
    st.sampled_from(TaskState).map(
        lambda state: Ask(
            f"task is {state}",
            Action.DIAGNOSE,
            lambda incident, now: update_task(_last_task(incident), state=state, reason="so it is"),
        )
    ),
    st.booleans().map(
        lambda worked: Ask(f"worked: {worked}", Action.RATE_WORKAROUND, lambda *_: rate_workaround(worked=worked))
    ),
    fixed("record the fix", Action.RECORD_FIX, record_fix("rotate the logs")),
    fixed("edit", Action.EDIT, edit({"title": "Checkout is slow", "service_ids": ("checkout", "cart")})),
    fixed("categorize", Action.CATEGORIZE, correct_category("network", None)),
)

about_the_audience = st.one_of(
    st.sampled_from(Audience).map(
        lambda audience: Ask(f"draft for {audience}", Action.UPDATE_STATUS, lambda *_: draft(audience, "we are on it"))
    ),
    st.sampled_from(Audience).map(
        lambda audience: Ask(f"tell {audience}", Action.UPDATE_STATUS, lambda *_: publish(audience, "we are on it"))
    ),
    st.just(
        Ask("publish", Action.UPDATE_STATUS, lambda incident, now: publish_draft(_last_update(incident), "we know"))
    ),
    st.just(
        Ask("correct", Action.UPDATE_STATUS, lambda incident, now: correct(_last_update(incident), "we were wrong"))
    ),
    fixed("propose a major", Action.PROPOSE_MAJOR, propose_major(None)),
    fixed(
        "declare a major",
        Action.DECLARE_MAJOR,
        declare_major("nobody can pay", MajorCall(("cid",), ("bob", "dan"), REACHABLE)),
    ),
    fixed("stand down", Action.STAND_DOWN_MAJOR, stand_down_major(None)),
)

about_the_pace = st.one_of(
    st.none().map(lambda _: Ask("hold", Action.HOLD, lambda *_: hold(HoldReason.VENDOR, None, None))),
    waits.map(
        lambda wait: Ask(
            f"hold for {wait}", Action.HOLD, lambda incident, now: hold(HoldReason.CHANGE, None, now + wait)
        )
    ),
    fixed("release the hold", Action.RELEASE_HOLD, release_hold),
    st.sampled_from(Priority).map(
        lambda priority: Ask(
            f"set {priority}", Action.OVERRIDE_PRIORITY, lambda *_: override_priority(priority, "the board watches")
        )
    ),
    fixed("release the priority", Action.RELEASE_PRIORITY, release_priority),
)


def _moved_time(what: Correctable, minutes: int) -> Ask:
    def of(incident: Incident, now: datetime) -> Decide[Incident]:
        known: datetime = getattr(incident, FIELD_OF[what]) or now
        return correct_time(what, known + timedelta(minutes=minutes), "the graphs say so")

    return Ask(f"correct {what} by {minutes}", Action.CORRECT_TIME, of)


about_the_past = st.one_of(
    st.sampled_from(["impact", "insights"]).map(
        lambda part: Ask(f"review {part}", Action.REVIEW, lambda *_: update_review({part: "an hour"}))
    ),
    fixed("complete the review", Action.COMPLETE_REVIEW, complete_review),
    st.builds(_moved_time, st.sampled_from(Correctable), st.sampled_from([-30, -1, 0, 1])),
)
