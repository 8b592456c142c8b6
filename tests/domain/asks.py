"""How everything that keeps the status is asked for, so that one table can ask for all of it in every status."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.domain.commands import Command, Decide, Decision
from shared.domain.diagnosis import (
    add_finding,
    add_link,
    add_note,
    add_task,
    rate_workaround,
    record_fix,
    remove_link,
    set_root_cause,
    update_task,
)
from shared.domain.holds import hold, release_hold
from shared.domain.incident import Audience, Correctable, HoldReason, Incident, LinkKind, ResponderRole
from shared.domain.lifecycle import Action
from shared.domain.majors import MajorCall, declare_major, propose_major, stand_down_major
from shared.domain.priority import Priority
from shared.domain.relations import Together, relate, remove_parent, set_parent, unrelate
from shared.domain.responders import (
    ANSWER_WITHIN,
    accept_request,
    assign,
    decline_request,
    join,
    leave,
    request_responder,
    set_roles,
)
from shared.domain.review import complete_review, correct_time, update_review
from shared.domain.status_updates import correct, draft, publish, publish_draft
from shared.domain.triage import correct_category, edit, override_priority, release_priority
from tests.domain.samples import NOW, reach, triggered

MAJOR = MajorCall(("dan",), ("cid",), reach())


def beside(together: Callable[[str, str], Together]) -> Decide[Incident]:
    """What is decided of an incident together with a second one, which is triggered."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        other = triggered(2)
        return together(incident.id, other.id)({incident.id: incident, other.id: other}, command, now)[incident.id]

    return decide


ASKING: dict[str, tuple[Action, Decide[Incident]]] = {
    "add_note": (Action.ADD_NOTE, add_note("it smells of smoke")),
    "edit": (Action.EDIT, edit({"title": "Checkout is slow"})),
    "correct_category": (Action.CATEGORIZE, correct_category("network", "dns")),
    "override_priority": (Action.OVERRIDE_PRIORITY, override_priority(Priority.P2, "the board watches")),
    "release_priority": (Action.RELEASE_PRIORITY, release_priority),
    "assign": (Action.ASSIGN, assign("cid", reach())),
    "join": (Action.JOIN, join(())),
    "leave": (Action.LEAVE, leave()),
    "set_roles": (Action.SET_ROLES, set_roles("ann", (ResponderRole.SCRIBE,))),
    "request_responder": (Action.REQUEST_RESPONDER, request_responder("dan", None, ANSWER_WITHIN, reach())),
    "accept_request": (Action.ANSWER_REQUEST, accept_request),
    "decline_request": (Action.ANSWER_REQUEST, decline_request("asleep")),
    "add_finding": (Action.DIAGNOSE, add_finding("the disk is full")),
    "set_root_cause": (Action.DIAGNOSE, set_root_cause("nobody rotates the logs")),
    "add_link": (Action.DIAGNOSE, add_link(LinkKind.CHANGE, "https://git.test/1", None)),
    "remove_link": (Action.DIAGNOSE, remove_link("none")),
    "add_task": (Action.DIAGNOSE, add_task("call the vendor", None, None)),
    "update_task": (Action.DIAGNOSE, update_task("none")),
    "rate_workaround": (Action.RATE_WORKAROUND, rate_workaround(worked=True)),
    "record_fix": (Action.RECORD_FIX, record_fix("rotate the logs")),
    "draft": (Action.UPDATE_STATUS, draft(Audience.PUBLIC, "we are on it")),
    "publish": (Action.UPDATE_STATUS, publish(Audience.PUBLIC, "we are on it")),
    "publish_draft": (Action.UPDATE_STATUS, publish_draft("none", None)),
    "correct": (Action.UPDATE_STATUS, correct("none", "we were on it")),
    "hold": (Action.HOLD, hold(HoldReason.VENDOR, None, None)),
    "release_hold": (Action.RELEASE_HOLD, release_hold),
    "propose_major": (Action.PROPOSE_MAJOR, propose_major(None)),
    "declare_major": (Action.DECLARE_MAJOR, declare_major("nobody can pay", MAJOR)),
    "stand_down_major": (Action.STAND_DOWN_MAJOR, stand_down_major(None)),
    "relate": (Action.RELATE, beside(relate)),
    "unrelate": (Action.RELATE, beside(unrelate)),
    "set_parent": (Action.SET_PARENT, beside(set_parent)),
    "remove_parent": (Action.SET_PARENT, beside(remove_parent)),
    "update_review": (Action.REVIEW, update_review({"impact": "an hour without orders"})),
    "complete_review": (Action.COMPLETE_REVIEW, complete_review),
    "correct_time": (
        Action.CORRECT_TIME,
        correct_time(Correctable.IMPACT_BEGAN, NOW - timedelta(minutes=9), "the graphs say so"),
    ),
}
"""Name -> the action that it is, and how somebody asks for it."""
