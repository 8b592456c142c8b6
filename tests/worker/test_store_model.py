"""The store against the pure model: random commands on a few incidents, and after each the two are the same."""

import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.domain import diagnosis, holds, majors, relations, responders, review, status_updates, transitions, triage
from shared.domain.catalog import ClosurePolicy
from shared.domain.category import Categorization
from shared.domain.commands import Command, Decide, Decision
from shared.domain.entry import entries
from shared.domain.errors import Failure
from shared.domain.incident import Audience, Correctable, HoldReason, Incident, ResponderRole, TaskState
from shared.domain.majors import MajorCall
from shared.domain.priority import Evidence, Priority, assess
from shared.domain.relations import Together
from shared.domain.reports import repeat
from shared.store.filters import EPOCH
from shared.store.incidents import KIND
from tests.support.world import ADA, BO, World, by

NOBODY = MajorCall((), (), {})
ASSESSED = triage.triage(assess(Evidence()), Categorization("network", None, "no rule matched"))

ONE: dict[str, Callable[[Incident], Decide[Incident]]] = {
    "triage": lambda one: ASSESSED,
    "acknowledge": lambda one: transitions.acknowledge,
    "unacknowledge": lambda one: transitions.unacknowledge,
    "investigate": lambda one: transitions.investigate,
    "mitigate": lambda one: transitions.mitigate("restarted it"),
    "retrigger": lambda one: transitions.retrigger("down again"),
    "resolve": lambda one: transitions.resolve("over", None, ClosurePolicy(None, ("Look at it",), tuple(Priority))),
    "reopen": lambda one: transitions.reopen("it came back"),
    "close": lambda one: transitions.close("buy disks"),
    "cancel": lambda one: transitions.cancel("a drill"),
    "repeat": lambda one: repeat(one.open_keys[0] if one.open_keys else "report:-|x", timedelta(minutes=30)),
    "note": lambda one: diagnosis.add_note("it smells of smoke"),
    "finding": lambda one: diagnosis.add_finding("the disk is full"),
    "task": lambda one: diagnosis.add_task("look", None, None),
    "tasks done": lambda one: _done(one),
    "override": lambda one: triage.override_priority(Priority.P2, "it is worse"),
    "release": lambda one: triage.release_priority,
    "edit": lambda one: triage.edit({"title": "Another title"}),
    "assign": lambda one: responders.assign(BO, {}),
    "join": lambda one: responders.join((ResponderRole.SCRIBE,)),
    "request": lambda one: responders.request_responder(BO, None, timedelta(minutes=5), {}),
    "accept": lambda one: responders.accept_request,
    "hold": lambda one: holds.hold(HoldReason.VENDOR, None, None),
    "go on": lambda one: holds.release_hold,
    "publish": lambda one: status_updates.publish(Audience.PUBLIC, "We look into it."),
    "declare": lambda one: majors.declare_major("nobody can pay", NOBODY),
    "stand down": lambda one: majors.stand_down_major(None),
    "review": lambda one: review.update_review({"impact": "an hour"}),
    "correct": lambda one: review.correct_time(Correctable.IMPACT_BEGAN, one.created_at - timedelta(hours=1), "graph"),
}
BOTH: dict[str, Callable[[str, str], Together]] = {
    "merge": lambda one, other: relations.merge((one,), other),
    "unmerge": relations.unmerge,
    "set parent": relations.set_parent,
    "remove parent": relations.remove_parent,
    "relate": relations.relate,
    "unrelate": relations.unrelate,
}
asks = st.one_of(
    st.tuples(st.sampled_from(sorted(ONE)), st.integers(0, 2), st.just(0), st.sampled_from([ADA, BO]), st.booleans()),
    st.tuples(st.sampled_from(sorted(BOTH)), st.integers(0, 2), st.integers(1, 2), st.just(ADA), st.booleans()),
)
_rounds = itertools.count()


def _done(one: Incident) -> Decide[Incident]:
    waiting = next((task for task in one.tasks if task.state is TaskState.OPEN), None)
    return diagnosis.update_task(waiting.id if waiting else "none", state=TaskState.DONE)


class Model:
    """The incidents by the pure functions alone, and the entries that must have been written."""

    def __init__(self, incidents: list[Incident], told: dict[str, list[str]]) -> None:
        self.incidents = {incident.id: incident for incident in incidents}
        self.told = told

    def take(self, decisions: Mapping[str, Decision[Incident]], command: Command, at: datetime) -> None:
        """Take over what was decided."""
        for key, decision in decisions.items():
            made = entries(
                decision.facts, command, at, aggregate="incident", subject=key, rev=0, version=0, rank=1,
                was=None, now=None,
            )  # fmt: skip
            self.told[key] += [entry.type for entry in made]
            self.incidents[key] = decision.value


class Noted:
    """The moment at which the store decided last."""

    at: datetime = EPOCH

    def one(self, decide: Decide[Incident]) -> Decide[Incident]:
        """`decide`, its moment noted."""

        def noting(incident: Incident, command: Command, now: datetime) -> Decision[Incident]:
            self.at = now
            return decide(incident, command, now)

        return noting

    def both(self, decide: Together) -> Together:
        """The same for two incidents."""

        def noting(loaded: Any, command: Command, now: datetime) -> dict[str, Decision[Incident]]:
            self.at = now
            return decide(loaded, command, now)

        return noting


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.generate, Phase.reuse),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(asks, min_size=5, max_size=40))
async def test_the_store_is_what_the_model_is(world: World, sequence: list[tuple[str, int, int, str, bool]]) -> None:
    """After every command documents, facets, outboxes and failures are those of the pure functions."""
    number = next(_rounds)
    made = [await world.report(f"Incident {n}", key=f"report:-|{number}-{n}", service_ids=()) for n in range(3)]
    model = Model(made, {one.id: ["triggered"] for one in made})
    for name, first, distance, person, again in sequence:
        command = by(person)
        await carry_out(world, model, name, made[first].id, made[(first + distance) % 3].id, command)
        if again:
            await replay(world, model, name, made[first].id, made[(first + distance) % 3].id, command)
        await compare(world, model)


async def carry_out(world: World, model: Model, name: str, key: str, other: str, command: Command) -> None:
    """Ask the store and the model for the same; they agree, in a failure too."""
    noted = Noted()
    told = await ask_store(world, model, name, key, other, command, noted)
    pair = {one: model.incidents[one] for one in (key, other)}
    try:
        if name in ONE:
            decisions = {key: ONE[name](pair[key])(pair[key], command, noted.at)}
        else:
            decisions = BOTH[name](key, other)(pair, command, noted.at)
    except Failure as failure:
        expected: type[Failure] | None = type(failure)
    else:
        expected = None
        model.take(decisions, command, noted.at)
    assert told is expected, f"{name}: the store says {told}, the model {expected}"


async def ask_store(
    world: World, model: Model, name: str, key: str, other: str, command: Command, noted: Noted
) -> type[Failure] | None:
    """Carry it out; the failure's type, if it is refused."""
    try:
        if name in ONE:
            await world.store.incidents.update(key, noted.one(ONE[name](model.incidents[key])), command)
        else:
            await world.store.incidents.update_together((key, other), noted.both(BOTH[name](key, other)), command)
    except Failure as failure:
        return type(failure)
    return None


async def replay(world: World, model: Model, name: str, key: str, other: str, command: Command) -> None:
    """The same command again is its own success, or its own failure: nothing is written twice."""
    before = {one: await world.store.incidents.find(one) for one in (key, other)}
    await ask_store(world, model, name, key, other, command, Noted())
    for one, loaded in before.items():
        present = await world.store.incidents.find(one)
        assert loaded is not None
        assert present is not None
        assert present.value == loaded.value


async def compare(world: World, model: Model) -> None:
    """Each document is its model's, with the fields that only queries see and with its entries in order."""
    for key, incident in model.incidents.items():
        loaded = await world.store.incidents.find(key)
        assert loaded is not None
        assert loaded.value == incident
        derived = {name: value for name, value in KIND.derived(incident).items() if value is not None}
        assert {name: loaded.document.get(name) for name in derived} == derived
        assert ("open_keys" in loaded.document) is bool(incident.open_keys)
        assert [entry.type for entry in await world.store.incidents.pending_entries(key)] == model.told[key]
