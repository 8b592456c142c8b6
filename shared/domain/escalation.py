"""Escalation: whom to page next, and what becomes of each page.

A step names its pages inside the incident's own write; an acknowledgement cancels them in its own write. So,
acknowledged
means quiet: after it commits, nothing new of that cycle is created.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain import facts
from shared.domain.catalog import ContactMethod, Policy, Step
from shared.domain.changes import CALLS_FOR
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.incident import (
    ESCALATE,
    ESCALATION,
    Escalation,
    EscalationState,
    Incident,
    Page,
    Prioritization,
)
from shared.domain.lifecycle import Status
from shared.domain.notification import notification_id

NOBODY_RETRY = timedelta(minutes=5)
"""When nobody at all could be told, the escalation starts again after this long."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy that may run, and why it is this one ("service checkout", "fallback")."""

    policy: Policy
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the decision needs to know, looked up before: policies in order of preference, and how users are
    reached.
    """

    candidates: tuple[Candidate, ...]
    reachable: Mapping[str, tuple[ContactMethod, ...]]

    def can_tell_anyone(self, policy: Policy) -> bool:
        """Whether any step of `policy` has a user who can be reached."""
        return any(self.reachable.get(user_id) for step in policy.steps for user_id in step.user_ids)


def escalate(plan: Plan) -> Decide[Incident]:
    """Take the step that is due. Nothing when the incident is not triggered or its timer is not due."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        due = incident.timers.get(ESCALATE)
        if incident.status is not Status.TRIGGERED or due is None or due > now:
            return unchanged(incident)
        return _take_step(incident, plan, now)

    return decide


def _take_step(incident: Incident, plan: Plan, now: datetime, passed_over: tuple[int, ...] = ()) -> Decision[Incident]:
    escalation = incident.escalation
    chosen = _choose(escalation, plan)
    if chosen is None:
        why = "no policy names anyone who can be reached" if plan.candidates else "there is no escalation policy"
        return _exhausted(incident, why, now)
    skipped = list(passed_over)
    for index in range(escalation.step, len(chosen.policy.steps)):
        step = chosen.policy.steps[index]
        pages = _pages(incident, index, step, plan, now)
        if pages:
            return _paged(incident, chosen, index, pages, tuple(skipped), now)
        skipped.append(index)
    return _end_of_pass(incident, chosen, plan, now, tuple(skipped))


def _choose(escalation: Escalation, plan: Plan) -> Candidate | None:
    """The pinned policy in the middle of a cycle; at its start the first candidate that can tell anyone."""
    if escalation.policy and escalation.step:
        return Candidate(escalation.policy, "")
    return next((candidate for candidate in plan.candidates if plan.can_tell_anyone(candidate.policy)), None)


def _pages(incident: Incident, index: int, step: Step, plan: Plan, now: datetime) -> tuple[Page, ...]:
    until = now + timedelta(seconds=step.delay_seconds)
    reached = {user_id: plan.reachable[user_id][0] for user_id in step.user_ids if plan.reachable.get(user_id)}
    return tuple(_page(incident, index, user_id, method, now, until) for user_id, method in reached.items())


def _page(incident: Incident, step: int, user_id: str, method: ContactMethod, now: datetime, until: datetime) -> Page:
    cycle = incident.escalation.cycle
    page_id = notification_id(incident.id, cycle, step, user_id, method.id, ESCALATION)
    return Page(page_id, cycle, step, user_id, method.id, method.channel, now, until)


def _failover(incident: Incident, page: Page, method: ContactMethod, now: datetime) -> Page:
    """The same page by another contact method. Pages beside the escalation have no step that would tell them apart."""
    way = "failover" if page.reason == ESCALATION else f"failover of {page.id}"
    page_id = notification_id(incident.id, page.cycle, page.step, page.user_id, method.id, way)
    tried = (*page.tried, page.contact_method_id)
    until = page.until if page.reason == ESCALATION else now + CALLS_FOR
    return replace(
        page, id=page_id, contact_method_id=method.id, channel=method.channel, at=now, until=until, tried=tried
    )


def _paged(
    incident: Incident,
    chosen: Candidate,
    index: int,
    pages: tuple[Page, ...],
    skipped: tuple[int, ...],
    now: datetime,
) -> Decision[Incident]:
    next_at = now + timedelta(seconds=chosen.policy.steps[index].delay_seconds)
    escalation = replace(
        incident.escalation,
        state=EscalationState.RUNNING,
        step=index + 1,
        reached=0,
        policy=chosen.policy,
    )
    why = chosen.why or None
    if incident.prioritization is Prioritization.PENDING:
        why = "no priority yet, so it pages as urgent"
    fact = facts.Escalated(
        cycle=escalation.cycle,
        step=index,
        policy=chosen.policy.name,
        pages=tuple(facts.PageDecided(page.id, page.user_id, page.channel) for page in pages),
        next_at=next_at,
        skipped=skipped,
        why=why,
    )
    live = (*incident.pages, *pages)
    timers = {**incident.timers, ESCALATE: next_at}
    return Decision(replace(incident, escalation=escalation, pages=live, timers=timers, updated_at=now), (fact,))


def _end_of_pass(
    incident: Incident, chosen: Candidate, plan: Plan, now: datetime, skipped: tuple[int, ...]
) -> Decision[Incident]:
    escalation = incident.escalation
    if escalation.passes < chosen.policy.repeat and _choose(Escalation(), plan):
        again = Escalation(
            EscalationState.RUNNING, escalation.cycle + 1, 0, escalation.passes + 1, told=escalation.told
        )
        return _take_step(replace(incident, escalation=again), plan, now, skipped)
    return _exhausted(incident, f"{chosen.policy.name} has no further step", now, skipped)


def _exhausted(incident: Incident, why: str, now: datetime, skipped: tuple[int, ...] = ()) -> Decision[Incident]:
    """The end, if anyone was told; otherwise a new cycle after a while, so that it is never silence."""
    escalation = incident.escalation
    timers = {kind: at for kind, at in incident.timers.items() if kind != ESCALATE}
    if escalation.told:
        ended = replace(escalation, state=EscalationState.EXHAUSTED)
        fact = facts.EscalationExhausted(escalation.cycle, told=True, why=why, skipped=skipped)
        return Decision(replace(incident, escalation=ended, timers=timers, updated_at=now), (fact,))
    retry_at = now + NOBODY_RETRY
    again = Escalation(EscalationState.RUNNING, escalation.cycle + 1)
    fact = facts.EscalationExhausted(escalation.cycle, told=False, why=why, retry_at=retry_at, skipped=skipped)
    timers[ESCALATE] = retry_at
    return Decision(replace(incident, escalation=again, timers=timers, updated_at=now), (fact,))


def page_delivered(page_id: str, user_id: str, channel: str, *, possible_repeat: bool) -> Decide[Incident]:
    """The channel accepted the page. It is recorded even when the page was cancelled on its way."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        kept = tuple(page for page in incident.pages if page.id != page_id)
        late = len(kept) == len(incident.pages)
        escalation = incident.escalation
        if not late:
            here = any(page.id == page_id and _is_present(page, escalation) for page in incident.pages)
            called = any(page.id == page_id and page.reason == ESCALATION for page in incident.pages)
            escalation = replace(escalation, told=escalation.told + called, reached=escalation.reached + here)
        fact = facts.NotificationSent(page_id, user_id, channel, possible_repeat, late)
        return Decision(replace(incident, pages=kept, escalation=escalation, updated_at=now), (fact,))

    return decide


def page_failed(page: Page, error: str, methods: tuple[ContactMethod, ...]) -> Decide[Incident]:
    """The page cannot be delivered that way: try the user's next contact method, else go to the next step."""

    def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
        others = tuple(other for other in incident.pages if other.id != page.id)
        timers = incident.timers
        if len(others) == len(incident.pages):
            action = "nothing more, the page was cancelled meanwhile"
        elif (method := _untried(page, methods)) is not None:
            others = (*others, _failover(incident, page, method, now))
            action = f"trying {method.channel} instead"
        elif page.reason != ESCALATION:
            action = "nothing more, there is no other way to reach them"
        elif ESCALATE not in timers or incident.escalation.reached or _any_present(others, incident):
            action = "the others of this step are being called"
        else:
            timers = {**timers, ESCALATE: now}
            action = "going to the next step now"
        fact = facts.NotificationFailed(page.id, page.user_id, page.channel, error, action)
        return Decision(replace(incident, pages=others, timers=timers, updated_at=now), (fact,))

    return decide


def _is_present(page: Page, escalation: Escalation) -> bool:
    """Whether the page was decided by the step that was taken last."""
    return page.reason == ESCALATION and (page.cycle, page.step) == (escalation.cycle, escalation.step - 1)


def _any_present(pages: tuple[Page, ...], incident: Incident) -> bool:
    return any(_is_present(page, incident.escalation) for page in pages)


def _untried(page: Page, methods: tuple[ContactMethod, ...]) -> ContactMethod | None:
    used = {*page.tried, page.contact_method_id}
    return next((method for method in methods if method.id not in used), None)
