"""One incident led through its life at random: whatever is asked in whatever order, the promises hold.

Beside the incident the walk keeps what an outsider would know (its pages, its timeline, its document), and
compares the two after every step.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.domain import facts
from shared.domain.actions import actions_of
from shared.domain.catalog import ClosurePolicy, ContactMethod, Policy, Step
from shared.domain.category import Categorization
from shared.domain.changes import CALLS_FOR
from shared.domain.clocks import AUTO_CLOSE, HOLD_END, REQUEST_LAPSE, SLA, TARGETS, UPDATE_DUE
from shared.domain.commands import ActorKind, Command, Decide, Decision
from shared.domain.deadlines import KINDS, fall_due
from shared.domain.diagnosis import add_note
from shared.domain.entry import Entry
from shared.domain.errors import InvalidInput, InvalidTransition
from shared.domain.escalation import Candidate, Plan, escalate, page_delivered, page_failed
from shared.domain.incident import (
    ESCALATE,
    ESCALATION,
    ClockKind,
    EscalationState,
    Incident,
    MajorState,
    Page,
    Prioritization,
    RequestState,
    ResponderRole,
    SlaClock,
)
from shared.domain.lifecycle import OWNED, Action, Status
from shared.domain.majors import DECLARED, stand_down_major
from shared.domain.measures import counts, measure
from shared.domain.priority import Evidence, Priority, Severity, assess
from shared.domain.relations import Together, merge, unmerge
from shared.domain.reports import Report, repeat, report
from shared.domain.responders import accept_request, decline_request
from shared.domain.summaries import summarize
from shared.domain.transitions import (
    acknowledge,
    cancel,
    close,
    closure_gate,
    investigate,
    mitigate,
    reopen,
    resolve,
    retrigger,
    unacknowledge,
)
from shared.domain.triage import triage
from shared.store.documents import difference, from_document, to_document
from shared.wire import decode_entry, decode_subject, encode
from tests.domain.expected import ASKED_IN, BEFORE, EXPECTED, REFUSED, SAME, allowed_from
from tests.domain.random_asks import (
    PEOPLE,
    REACHABLE,
    Ask,
    about_people,
    about_the_audience,
    about_the_cause,
    about_the_pace,
    about_the_past,
    people,
)
from tests.domain.samples import KEY, NOW, WORKER, by, method, names, plan, policy, rows, source, triggered

REOPEN_WINDOW = timedelta(minutes=30)
FAR = timedelta(days=400)
MOST_MERGES = 2
REVIEWED = ClosurePolicy(14, ("write the timeline",), (Priority.P1, Priority.P2), review_majors=True)

DO: dict[Action, Decide[Incident]] = {
    Action.ACKNOWLEDGE: acknowledge,
    Action.UNACKNOWLEDGE: unacknowledge,
    Action.INVESTIGATE: investigate,
    Action.MITIGATE: mitigate("restarted it"),
    Action.RETRIGGER: retrigger("it fires again"),
    Action.RESOLVE: resolve("it was full", "a bigger disk", REVIEWED),
    Action.REOPEN: reopen("it came back"),
    Action.CLOSE: close("buy disks"),
    Action.CANCEL: cancel("a drill"),
}

GOING_ON = DO.keys() - {Action.CLOSE, Action.CANCEL}
QUITE_REACHABLE = plan(policy(["ann"]))
REPEATED = "repeat"

persons = st.sampled_from([by("ann"), by("bob"), by("cid")])
actors = persons | st.just(source())
severities = st.sampled_from([None, *Severity])
delays = st.sampled_from([1, 30, 60, 600])
steps = st.builds(Step, st.lists(people, min_size=1, max_size=3).map(tuple), delays)
policies = st.builds(
    Policy,
    id=st.sampled_from(["p1", "p2"]),
    name=st.sampled_from(["primary", "night shift"]),
    steps=st.lists(steps, min_size=1, max_size=3).map(tuple),
    created_at=st.just(NOW),
    repeat=st.integers(0, 2),
)
reachable = st.dictionaries(
    people, st.integers(0, 2).map(lambda count: tuple(method(f"m{n}") for n in range(count))), max_size=4
)
everybody = st.just({person: (method("m0"), method("m1", "email")) for person in PEOPLE})
candidates = st.builds(Candidate, policies, st.just("policy of checkout"))
plans = st.builds(
    Plan,
    st.sampled_from([0, 1, 1, 1, 2, 2]).flatmap(lambda count: st.tuples(*[candidates] * count)),
    everybody | reachable,
)
waits = st.sampled_from([0, 1, 9, 10, 59, 60, 300, 1_800, 1_801, 3_600]).map(lambda seconds: timedelta(seconds=seconds))


class Walk(RuleBasedStateMachine):
    """The incident, and what somebody who only watches it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.incident: Incident = None  # type: ignore[assignment]
        self.document: dict[str, Any] = {}
        self.timeline: list[Entry] = []
        self.pages: dict[str, Page] = {}
        self.under_way: set[str] = set()
        self.told = 0
        self.reached: list[tuple[int, int]] = []
        self.reopened = 0
        self.repeats = 0
        self.commands = 0
        self.merges = 0
        self.other = triggered(2)

    # What can be done to it.

    @initialize(severity=severities, key=st.sampled_from([None, KEY]), command=actors)
    def report(self, severity: Severity | None, key: str | None, command: Command) -> None:
        """Somebody, or a source, reports it."""
        decision = report("i1", 1, Report("Checkout is down", severity=severity, key=key), command, self.now)
        assert decision.value.version == 1
        self.take_over(None, decision, command)

    @rule(action=st.sampled_from(list(DO)), command=actors)
    def act(self, action: Action, command: Command) -> None:
        """Anybody asks for anything: it is done, it is so already, or it is refused by the table."""
        outcome = EXPECTED[self.incident.status, action]
        before = self.incident
        button = next(state for state in actions_of(before) if state.action is action)
        held_back = action is Action.CLOSE and outcome != REFUSED and closure_gate(before) is not None
        assert (button.blocked_by is None) is (outcome not in (SAME, REFUSED) and not held_back)
        if outcome == REFUSED or (held_back and outcome != SAME):
            self.is_refused(action, command)
            return
        decision = self.decide(DO[action], command)
        assert decision.changed == (outcome != SAME)
        assert decision.value.status == (before.status if outcome == SAME else outcome)

    def is_refused(self, action: Action, command: Command) -> None:
        """The refusal names the status, and leaves everything as it was."""
        document = to_document(self.incident)
        with pytest.raises(InvalidTransition) as refusal:
            DO[action](self.incident, command, self.now)
        assert refusal.value.status == self.incident.status
        assert to_document(self.incident) == document

    @rule(data=st.data(), command=actors)
    @precondition(lambda self: not GOING_ON.isdisjoint(allowed_from(self.incident.status)))
    def go_on(self, data: st.DataObject, command: Command) -> None:
        """Somebody asks for what the status allows, other than the end of it all."""
        possible = sorted(allowed_from(self.incident.status) & GOING_ON)
        self.act(data.draw(st.sampled_from(possible), label="action"), command)

    @rule(command=actors)
    @precondition(lambda self: self.incident.status in ASKED_IN[Action.ADD_NOTE])
    @precondition(lambda self: self.timeline[-1].type != "note_added")
    def note(self, command: Command) -> None:
        """Somebody writes something down."""
        assert self.decide(add_note("it smells of smoke"), command).changed

    @rule(ask=about_people, command=persons)
    def respond(self, ask: Ask, command: Command) -> None:
        """People come, go, are given it, are asked, and answer."""
        self.ask(ask, command)

    @rule(answer=st.sampled_from([accept_request, decline_request("asleep")]))
    @precondition(lambda self: self.waiting())
    def answer(self, answer: Decide[Incident]) -> None:
        """Whoever was asked first comes, or does not; either way nobody waits for them any more."""
        user_id = self.waiting()[0]
        assert self.decide(answer, by(user_id)).changed
        assert user_id not in self.waiting()
        assert (self.incident.responder(user_id) is not None) is (answer is accept_request)

    def waiting(self) -> list[str]:
        """Who was asked to come and has not answered."""
        asked = self.incident.responder_requests
        return [one.user_id for one in asked if one.state is RequestState.PENDING]

    @rule(command=persons)
    @precondition(lambda self: self.incident.major.state is MajorState.DECLARED)
    @precondition(lambda self: self.incident.status in ASKED_IN[Action.STAND_DOWN_MAJOR])
    def stand_down(self, command: Command) -> None:
        """It is no major incident any more, and nobody is called for it."""
        assert self.decide(stand_down_major(None), command).changed
        assert all(page.reason != DECLARED for page in self.incident.pages)

    @rule(ask=about_the_cause, command=persons)
    def diagnose(self, ask: Ask, command: Command) -> None:
        """Somebody finds something out, or has something to do."""
        self.ask(ask, command)

    @rule(ask=about_the_audience, command=persons)
    def communicate(self, ask: Ask, command: Command) -> None:
        """Somebody tells an audience, or calls for everybody."""
        self.ask(ask, command)

    @rule(ask=about_the_pace, command=persons)
    def pace(self, ask: Ask, command: Command) -> None:
        """It waits, goes on, or is worked on before or after others."""
        self.ask(ask, command)

    @rule(ask=about_the_past, command=persons)
    def look_back(self, ask: Ask, command: Command) -> None:
        """Somebody reviews it, or puts a time right."""
        self.ask(ask, command)

    def ask(self, ask: Ask, command: Command) -> None:
        """Outside its statuses it is refused by status; inside, it may still not fit, and then nothing changes."""
        decide = ask.of(self.incident, self.now)
        document = to_document(self.incident)
        try:
            self.decide(decide, command)
        except InvalidTransition as refusal:
            assert to_document(self.incident) == document
            self.check_refusal(ask, refusal)
        except InvalidInput:
            assert to_document(self.incident) == document
            assert self.incident.status in ASKED_IN[ask.action]
        else:
            assert self.incident.status in ASKED_IN[ask.action]

    def check_refusal(self, ask: Ask, refusal: InvalidTransition) -> None:
        """It names the status and what is allowed; within the ask's statuses it also says why."""
        assert (refusal.status, refusal.action) == (self.incident.status, ask.action)
        assert set(refusal.allowed) == allowed_from(self.incident.status)
        if self.incident.status in ASKED_IN[ask.action]:
            assert ask.action in (Action.LEAVE, Action.STAND_DOWN_MAJOR, Action.COMPLETE_REVIEW)

    @rule(command=persons)
    @precondition(lambda self: Action.MERGE in allowed_from(self.incident.status) and self.merges < MOST_MERGES)
    def merge_away(self, command: Command) -> None:
        """It turns out to be part of another incident, which takes its keys."""
        held = self.incident.open_keys
        self.merges += 1
        assert self.decide(self.with_other(merge((self.incident.id,), self.other.id)), command).changed
        assert set(held) <= set(self.other.open_keys)

    @rule(command=persons)
    @precondition(lambda self: self.incident.status is Status.MERGED)
    def take_out(self, command: Command) -> None:
        """It was not part of the other incident after all: it is what it was."""
        before = self.incident.merged
        assert before is not None
        assert self.decide(self.with_other(unmerge(self.incident.id, self.other.id)), command).changed
        assert (self.incident.status, self.incident.open_keys) == (before.status, before.keys)
        assert set(before.keys).isdisjoint({*self.other.open_keys, *self.other.keys})

    def with_other(self, together: Together) -> Decide[Incident]:
        """The decision over both incidents; the other one is taken over when it is made."""
        other = self.other

        def decide(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
            decisions = together({incident.id: incident, other.id: other}, command, now)
            self.other = decisions[other.id].value
            return decisions[incident.id]

        return decide

    @rule(severity=severities, category=st.sampled_from(["network", "database"]))
    @precondition(lambda self: self.incident.prioritization is Prioritization.PENDING)
    def prioritize(self, severity: Severity | None, category: str) -> None:
        """Triage speaks, and speaks again; the first time counts."""
        said = triage(assess(Evidence(severity=severity)), Categorization(category, None, "no rule matched"))
        assert self.decide(said, WORKER).changed
        assert not self.decide(said, WORKER).changed

    @rule(given=plans, late=waits)
    @precondition(lambda self: ESCALATE in self.incident.timers)
    def escalate_when_due(self, given: Plan, late: timedelta) -> None:
        """The timer is due, maybe for long: one step is taken, or it is said why none is."""
        self.now = max(self.now, self.incident.timers[ESCALATE]) + late
        under_way = self.incident.pages
        decision = self.decide(escalate(given), WORKER)
        assert decision.changed
        assert len(decision.facts) == 1
        assert decision.facts[0].name in ("escalated", "escalation_exhausted")
        assert self.incident.timers.get(ESCALATE, self.now + FAR) > self.now
        assert self.incident.pages[: len(under_way)] == under_way

    @rule(wait=waits, given=plans)
    def pass_time(self, wait: timedelta, given: Plan) -> None:
        """The clock moves on and the doorbell rings: before the timer is due, nothing happens."""
        self.now += wait
        due = self.incident.timers.get(ESCALATE)
        decision = self.decide(escalate(given), WORKER)
        assert bool(decision.facts) is (due is not None and due <= self.now)
        self.let_fall_due(given.reachable)

    @rule(late=waits)
    @precondition(lambda self: not self.incident.timers.keys().isdisjoint(KINDS))
    def let_time_come(self, late: timedelta) -> None:
        """What is owed first falls due, maybe long ago: it happens, is told, and happens once."""
        first = min(at for kind, at in self.incident.timers.items() if kind in KINDS)
        self.now = max(self.now, first) + late
        assert self.let_fall_due(REACHABLE).facts
        assert not self.let_fall_due(REACHABLE).facts

    def let_fall_due(self, given: Mapping[str, tuple[ContactMethod, ...]]) -> Decision[Incident]:
        """The doorbell of the deadlines rings: something happens exactly when something is due."""
        before = self.incident
        due = {kind for kind, at in before.timers.items() if kind in KINDS and at <= self.now}
        decision = self.decide(fall_due(given), WORKER)
        assert decision.changed is bool(decision.facts) is bool(due)
        assert self.incident.timers.get(ESCALATE) == before.timers.get(ESCALATE)
        assert all(at > self.now for kind, at in self.incident.timers.items() if kind in KINDS)
        return decision

    @rule(data=st.data(), doubtful=st.booleans())
    @precondition(lambda self: self.under_way)
    def deliver(self, data: st.DataObject, doubtful: bool) -> None:
        """A channel accepts a page, maybe one that was cancelled on its way."""
        page = self.pages[data.draw(st.sampled_from(sorted(self.under_way)), label="page")]
        live = page.id in {other.id for other in self.incident.pages}
        self.under_way.remove(page.id)
        decision = self.decide(page_delivered(page.id, page.user_id, page.channel, possible_repeat=doubtful), WORKER)
        assert decision.facts == (facts.NotificationSent(page.id, page.user_id, page.channel, doubtful, not live),)
        if live and page.reason == ESCALATION:
            self.told += 1
            self.reached.append((page.cycle, page.step))

    @rule(data=st.data(), others=st.integers(0, 2))
    @precondition(lambda self: self.under_way)
    def fail(self, data: st.DataObject, others: int) -> None:
        """A page cannot be delivered; its user may have other contact methods."""
        page = self.pages[data.draw(st.sampled_from(sorted(self.under_way)), label="page")]
        methods = tuple(method(f"m{n}") for n in range(others))
        before = self.incident
        self.under_way.remove(page.id)
        self.decide(page_failed(page, "550 no such user", methods), WORKER)
        self.check_failure(before, page, methods)

    def check_failure(self, before: Incident, page: Page, methods: tuple[ContactMethod, ...]) -> None:
        """Fail-over, else the next step at once if this one reached nobody, else nothing."""
        after = self.incident
        kept = tuple(other for other in before.pages if other.id != page.id)
        untried = [one.id for one in methods if one.id not in (*page.tried, page.contact_method_id)]
        place = (page.cycle, page.step)
        if len(kept) == len(before.pages):
            assert (after.pages, after.timers) == (before.pages, before.timers)
        elif untried:
            assert after.pages[:-1] == kept
            assert (after.pages[-1].contact_method_id, after.pages[-1].reason) == (untried[0], page.reason)
            budget = page.until if page.reason == ESCALATION else self.now + CALLS_FOR
            assert (after.pages[-1].at, after.pages[-1].until) == (self.now, budget)
            assert after.timers == before.timers
        elif page.reason != ESCALATION:
            assert (after.pages, after.timers) == (kept, before.timers)
        else:
            assert after.pages == kept
            steps_called = {(other.cycle, other.step) for other in kept if other.reason == ESCALATION}
            alone = place not in steps_called and place not in self.reached
            if alone and place == (before.escalation.cycle, before.escalation.step - 1):
                due = {ESCALATE: self.now} if ESCALATE in before.timers else {}
                assert after.timers == before.timers | due

    @rule(wait=waits, command=actors)
    @precondition(lambda self: KEY in self.incident.open_keys)
    def come_again(self, wait: timedelta, command: Command) -> None:
        """The same key is reported once more: counted while it is open, else reopened in time, else let go."""
        self.now += wait
        before = self.incident
        decision = self.decide(repeat(KEY, REOPEN_WINDOW), command, REPEATED)
        self.repeats += before.is_open
        in_time = before.resolved_at is not None and self.now - before.resolved_at <= REOPEN_WINDOW
        assert decision.changed is (before.status is Status.RESOLVED and in_time)
        assert (KEY in self.incident.open_keys) is (before.is_open or decision.changed)

    # Taking a decision over, as the store does.

    def decide(self, decide: Decide[Incident], command: Command, kind: str = "") -> Decision[Incident]:
        """Carry it out, and check what holds for every change whatsoever."""
        before, document = self.incident, to_document(self.incident)
        self.commands += 1
        command = replace(command, id=f"c{self.commands}")
        decision = decide(before, command, self.now)
        assert decide(before, command, self.now) == decision, "a decision depends on its arguments alone"
        assert to_document(before) == document, "a decision leaves its incident as it was"
        self.check_change(before, decision, command, kind)
        self.check_what_ends(before, decision)
        self.check_who_is_called(before, decision, command)
        self.take_over(before, decision, command)
        return decision

    def check_change(self, before: Incident, decision: Decision[Incident], command: Command, kind: str) -> None:
        """Status by the table, a version for people and sources, a fact for every change that is told."""
        after = decision.value
        counted = kind == REPEATED and not decision.changed
        asked = command.actor.kind is not ActorKind.SYSTEM and after != before and not counted
        assert after.version == before.version + asked
        if after.status != before.status:
            ways = {outcome for (status, _), outcome in EXPECTED.items() if status is before.status}
            assert after.status in ways or BEFORE in ways, f"{before.status} does not lead to {after.status}"
        if after != before and not counted:
            assert decision.facts
        if after.standing != before.standing:
            assert decision.facts
        if not decision.changed and not counted:
            assert {fact.name for fact in decision.facts} <= {"responder_added"}
        assert after.escalation.cycle >= before.escalation.cycle
        assert before.priority is None or after.priority is not None
        gone = {one.user_id for one in before.responders} - {one.user_id for one in after.responders}
        assert gone == {fact.user_id for fact in decision.facts if isinstance(fact, facts.ResponderRemoved)}
        assert (after.id, after.number, after.created_at) == (before.id, before.number, before.created_at)

    @staticmethod
    def check_what_ends(before: Incident, decision: Decision[Incident]) -> None:
        """A hold that is over, and each request that nobody answered, is told of, once."""
        after, told = decision.value, names(decision.facts)
        over = before.hold is not None and after.hold is None
        assert told.count("hold_released") == over
        both = zip(before.responder_requests, after.responder_requests, strict=False)
        lapsed = [new.user_id for old, new in both if new.state is RequestState.LAPSED and old != new]
        assert [one.user_id for one in decision.facts if isinstance(one, facts.ResponderRequestLapsed)] == lapsed

    @staticmethod
    def check_who_is_called(before: Incident, decision: Decision[Incident], command: Command) -> None:
        """Whoever acts is not called beside the escalation; what is silent calls again when it is graver, not else."""
        after = decision.value
        if command.actor.kind is ActorKind.PERSON and after.version > before.version:
            assert not [p for p in after.pages if p.reason != ESCALATION and p.user_id == command.actor.id]
        if is_silent(before) and after.status is Status.TRIGGERED:
            assert is_silent(after) is (after.rank >= before.rank)
            assert after.escalation.cycle == before.escalation.cycle + (after.rank < before.rank)
        if any(isinstance(fact, facts.Reopened) for fact in decision.facts):
            assert after.open_keys == after.keys == before.keys

    def take_over(self, before: Incident | None, decision: Decision[Incident], command: Command) -> None:
        """Write the document and the timeline, and note what was learned."""
        after = decision.value
        if before is not None and self.is_new_escalation(before, decision):
            self.told = 0
        self.incident = after
        self.reopened += sum(isinstance(fact, facts.Reopened) for fact in decision.facts)
        self.write(to_document(after))
        self.learn_pages(decision)
        for entry in rows(before, decision, command, self.now):
            self.log(entry)

    def is_new_escalation(self, before: Incident, decision: Decision[Incident]) -> bool:
        """Re-triggered, graver after its end, or ended without telling anyone: what was told before does not count."""
        ended = any(isinstance(fact, facts.EscalationExhausted) for fact in decision.facts)
        triggered_again = decision.value.status is Status.TRIGGERED and before.status is not Status.TRIGGERED
        called_again = is_silent(before) and ESCALATE in decision.value.timers
        return triggered_again or called_again or (ended and self.told == 0)

    def write(self, document: dict[str, Any]) -> None:
        """Change the kept document by the difference alone: it must become the incident's document."""
        change = difference(self.document, document)
        gone = set(change.get("$unset", ()))
        kept = {name: field for name, field in self.document.items() if name not in gone}
        self.document = kept | change.get("$set", {})
        assert self.document == document

    def learn_pages(self, decision: Decision[Incident]) -> None:
        """A page's id stands for one cycle, step, user and contact method, and no other page ever has it."""
        fresh = [page for page in decision.value.pages if page.id not in self.pages]
        places = {self.place(page) for page in self.pages.values()}
        for page in fresh:
            assert page.reason != ESCALATION or self.place(page) not in places
            places.add(self.place(page))
            self.pages[page.id] = page
            self.under_way.add(page.id)
        assert all(self.pages[page.id] == page for page in decision.value.pages)
        decided = {page.notification_id for fact in decision.facts for page in getattr(fact, "pages", ())}
        assert decided <= {page.id for page in fresh}

    @staticmethod
    def place(page: Page) -> tuple[str, int, int, str, str]:
        """What a page of the escalation stands for."""
        return (page.reason, page.cycle, page.step, page.user_id, page.contact_method_id)

    def log(self, entry: Entry) -> None:
        """Every entry can be sent and read, has its sentence, and begins where the last one ended."""
        placed = replace(entry, position=len(self.timeline) + 1)
        message = encode(placed)
        assert decode_subject(message.headers, message.body).id == self.incident.id
        back = decode_entry(message.body)
        assert (back.id, back.type, back.was, back.now) == (entry.id, entry.type, entry.was, entry.now)
        assert back.data == msgspec.json.decode(msgspec.json.encode(entry.data))
        sentence = summarize(entry, {"ann": "Ann"})
        assert sentence == summarize(back, {"ann": "Ann"})
        assert sentence.strip()
        assert "None" not in sentence
        if not self.timeline:
            assert (entry.type, entry.was) == ("triggered", None)
        elif not entry.id.endswith(":0"):
            assert entry.was == self.timeline[-1].was
        else:
            assert entry.was == self.timeline[-1].now
        self.timeline.append(placed)

    # What holds at any time.

    @invariant()
    def acknowledged_means_quiet(self) -> None:
        """Outside TRIGGERED the escalation pages nobody and has no timer, and no doorbell changes that."""
        if self.incident.status is Status.TRIGGERED:
            return
        assert [page for page in self.incident.pages if page.reason == ESCALATION] == []
        assert ESCALATE not in self.incident.timers
        asked = escalate(QUITE_REACHABLE)(self.incident, WORKER, self.now + FAR)
        assert asked == Decision(self.incident, (), changed=False)

    @invariant()
    def never_silence(self) -> None:
        """A triggered incident will page, or its escalation has ended after a page of it went out."""
        if self.incident.status is not Status.TRIGGERED:
            return
        if ESCALATE in self.incident.timers:
            assert self.incident.escalation.state is not EscalationState.EXHAUSTED
            return
        assert self.incident.escalation.state is EscalationState.EXHAUSTED
        assert self.incident.escalation.told > 0
        assert self.told > 0

    @invariant()
    def one_page_at_a_time(self) -> None:
        """Nobody has two pages of one cycle, step and reason under way."""
        places = [(page.reason, page.user_id, page.cycle, page.step) for page in self.incident.pages]
        assert len(set(places)) == len(places)
        assert all(page.cycle <= self.incident.escalation.cycle for page in self.incident.pages)
        assert {page.id for page in self.incident.pages} <= self.under_way

    @invariant()
    def the_counts_agree(self) -> None:
        """Reopenings and repeats are counted right, and every repeat is told or still to be told."""
        assert self.incident.reopen_count == self.reopened
        assert self.incident.repeats == self.repeats
        told = [entry.data["count"] for entry in self.timeline if entry.type == "alert.deduplicated"]
        assert sum(told) + self.incident.repeats_untold == self.repeats
        people = [responder.user_id for responder in self.incident.responders]
        assert len(set(people)) == len(people)

    @invariant()
    def the_document_is_the_incident(self) -> None:
        """What is written is what is read, and what is empty is absent."""
        assert from_document(self.document, Incident) == self.incident
        assert from_document({**self.document, "rev": 7, "of_a_later_release": {}}, Incident) == self.incident
        assert all(field not in (None, [], (), {}) for field in self.document.values())

    @invariant()
    def the_ended_hold_no_key(self) -> None:
        """CLOSED, CANCELED and MERGED have let go of their keys: later signals open, or reach, another incident."""
        if self.incident.status in (Status.CLOSED, Status.CANCELED, Status.MERGED):
            assert self.incident.open_keys == ()

    @invariant()
    def the_earliest_timer_is_due_first(self) -> None:
        """`due_at`, by which the ticker finds it, is there exactly when a timer is."""
        assert self.incident.due_at == min(self.incident.timers.values(), default=None)
        assert set(self.incident.timers) <= {ESCALATE, *KINDS}

    @invariant()
    def what_is_owed_is_armed(self) -> None:
        """The timers of clocks, requests, hold and closure stand exactly where the state asks for them."""
        incident, timers = self.incident, self.incident.timers
        waiting = [one for one in incident.responder_requests if one.state is RequestState.PENDING]
        lapses = min((one.lapses_at for one in waiting), default=None)
        running = [moment_of(clock) for clock in incident.sla if is_running(clock)]
        assert timers.get(SLA) == (min(running, default=None) if incident.is_open else None)
        assert timers.get(REQUEST_LAPSE) == lapses
        assert timers.get(HOLD_END) == (incident.hold.until if incident.hold else None)
        assert (AUTO_CLOSE in timers) is (incident.status is Status.RESOLVED)

    @invariant()
    def an_update_is_owed_once(self) -> None:
        """The next update has its timer until it is overdue; then it was told, and the due time stays visible. On hold
        nobody is asked for one.
        """
        due, timer = self.incident.next_update_due_at, self.incident.timers.get(UPDATE_DUE)
        if due is None or self.incident.hold:
            assert timer is None
        elif timer is None:
            assert due <= self.now
            assert due in [entry.data["due_at"] for entry in self.timeline if entry.type == "status_update_overdue"]
        else:
            assert timer == due
        assert due is None or self.incident.priority in (Priority.P1, Priority.P2, Priority.P3)

    @invariant()
    def the_clocks_follow_status_priority_and_hold(self) -> None:
        """An open incident with targets has both clocks; while it is on hold, and only then, they stand still."""
        incident = self.incident
        unmet = [clock for clock in incident.sla if not clock.met_at and not clock.breached_at]
        if incident.is_open and incident.priority in TARGETS:
            assert {clock.kind for clock in incident.sla} == set(ClockKind)
        else:
            assert unmet == []
        assert len({clock.kind for clock in incident.sla}) == len(incident.sla)
        for clock in unmet:
            assert (clock.due_at is None) is (clock.remaining is not None) is (incident.hold is not None)
        told = [entry.data["clock"] for entry in self.timeline if entry.type == "sla.breached"]
        assert {str(clock.kind) for clock in incident.sla if clock.breached_at} <= set(told)

    @invariant()
    def the_measures_come_from_what_counts(self) -> None:
        """What cannot change the incident's row could be left out of its log: the row would be the same."""
        assert measure([entry for entry in self.timeline if counts(entry)], {}) == measure(self.timeline, {})

    @invariant()
    def nothing_of_the_ended_is_pending(self) -> None:
        """What is over calls nobody, waits for nobody and owes nothing but its own closure."""
        incident = self.incident
        if incident.is_open:
            return
        assert (incident.pages, incident.hold, incident.next_update_due_at) == ((), None, None)
        assert self.waiting() == []
        assert not any(is_running(clock) for clock in incident.sla)
        assert set(incident.timers) <= {AUTO_CLOSE}

    @invariant()
    def the_people_agree(self) -> None:
        """One commander at most; who owns an open incident responds; who responds is not waited for."""
        incident = self.incident
        commanders = [one for one in incident.responders if ResponderRole.INCIDENT_COMMANDER in one.roles]
        assert len(commanders) <= 1
        if incident.is_open and incident.assignee_id:
            assert incident.responder(incident.assignee_id)
        waiting = self.waiting()
        assert len(set(waiting)) == len(waiting)
        assert not any(incident.responder(user_id) for user_id in waiting)
        assert incident.hold is None or incident.status in OWNED


def is_silent(incident: Incident) -> bool:
    """Whether it is nobody's and calls nobody any more: its escalation is over."""
    return incident.status is Status.TRIGGERED and ESCALATE not in incident.timers


def is_running(clock: SlaClock) -> bool:
    """Whether its time goes on."""
    return clock.due_at is not None and not clock.met_at and not clock.breached_at


def moment_of(clock: SlaClock) -> datetime:
    """When a running clock is heard of next: at three quarters of its time, then at its end."""
    assert clock.due_at is not None
    return clock.due_at if clock.at_risk else clock.due_at - timedelta(seconds=clock.target_seconds / 4)


def walk(lives: int, length: int, *phases: Phase) -> None:
    """Run so many random lives of so many steps."""
    chosen = settings(
        max_examples=lives,
        stateful_step_count=length,
        deadline=None,
        phases=(Phase.reuse, Phase.generate, *phases),
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Walk, settings=chosen)


def test_a_walk_keeps_every_promise() -> None:
    """Many short lives, of every sort: after each step everything that was promised still holds."""
    walk(300, 25, Phase.shrink)


def test_a_long_walk_keeps_every_promise() -> None:
    """A few long lives, in which cycles, reopenings and repeats pile up; too long to be shrunk in a minute."""
    walk(50, 100)
