"""Relations between two incidents: merged, parent and child, related. Each is written in both, or in neither."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from shared.domain import facts
from shared.domain.changes import changed, demand, moves, refusal
from shared.domain.clocks import AUTO_CLOSE
from shared.domain.commands import Command, Decision, unchanged
from shared.domain.errors import Conflict, InvalidInput, Issue
from shared.domain.incident import MOST_ALERTS, MOST_MORE, Alert, Incident, Merged, Responder
from shared.domain.lifecycle import OPEN, Action, Status
from shared.domain.transitions import over, rearmed

MOST_MERGED = 500
MOST_KEYS = 2_000
MOST_CHILDREN = 200
MOST_RELATED = 100

Together = Callable[[Mapping[str, Incident], Command, datetime], dict[str, Decision[Incident]]]
"""(incidents by id, command, now) -> what becomes of each, in the order in which they must be written."""


def merge(source_ids: tuple[str, ...], target_id: str) -> Together:
    """The sources turned out to be part of the target: their keys, alerts and responders move there, and they end."""
    for index, source_id in enumerate(source_ids):
        if source_id == target_id:
            text = "An incident cannot be merged into itself."
            raise InvalidInput(Issue(("input", "sourceIds", str(index)), "ITSELF", text))

    def decide(loaded: Mapping[str, Incident], command: Command, now: datetime) -> dict[str, Decision[Incident]]:
        target = loaded[target_id]
        sources = [loaded[source_id] for source_id in dict.fromkeys(source_ids)]
        fresh = [source for source in sources if not (source.merged and source.merged.into == target_id)]
        _refuse_chain(target, [(source_ids.index(source.id), source) for source in fresh])
        decisions: dict[str, Decision[Incident]] = {
            source.id: _merged(source, target, command, now) if source in fresh else unchanged(source)
            for source in sources
        }
        decisions[target_id] = _absorbing(target, fresh, command, now) if fresh else unchanged(target)
        return decisions

    return decide


def expecting_of(key: str, version: int | None, decide: Together) -> Together:
    """`decide`, but only when that incident has that version; Conflict otherwise. None expects nothing."""

    def guarded(loaded: Mapping[str, Incident], command: Command, now: datetime) -> dict[str, Decision[Incident]]:
        if version is not None and version != loaded[key].version:
            raise Conflict(loaded[key], version, loaded[key].version)
        return decide(loaded, command, now)

    return guarded


def unmerge(source_id: str, target_id: str) -> Together:
    """Undo a merge: the source is what it was before, with its keys (but for those that a third incident holds by
    now). If it was TRIGGERED, it pages again.
    """

    def decide(loaded: Mapping[str, Incident], command: Command, now: datetime) -> dict[str, Decision[Incident]]:
        source, target = loaded[source_id], loaded[target_id]
        before = source.merged
        if before is None or before.into != target_id:
            raise refusal(source, Action.UNMERGE)
        if target.status is Status.CLOSED:
            text = f"{target.reference}, into which it was merged, is closed and takes no change any more."
            raise InvalidInput(Issue(("input", "id"), "TARGET_CLOSED", text))
        keys = before.keys
        kept = tuple(key for key in target.open_keys if key not in keys)
        past = tuple(key for key in target.keys if key not in keys)
        others = tuple(known for known in target.merged_from if known != source_id)
        split = facts.SplitOff(source.id, source.number, keys)
        # The target lets go of the keys first: each key has one holder at any time.
        theirs = {alert.fingerprint: alert for alert in target.alerts if alert.key in keys}
        ours = tuple(alert for alert in target.alerts if alert.key not in keys)
        source = replace(source, alerts=tuple(theirs.get(alert.fingerprint, alert) for alert in source.alerts))
        left = replace(target, open_keys=kept, keys=past, merged_from=others, alerts=ours)
        return {
            target_id: changed(target, command, now, split, value=left),
            source_id: _unmerged(source, before, target, keys, command, now),
        }

    return decide


def set_parent(child_id: str, parent_id: str) -> Together:
    """The child is part of the parent. There is one level: a parent has no parent, a child has no children."""
    if child_id == parent_id:
        raise InvalidInput(Issue(("input", "parentId"), "ITSELF", "An incident cannot be its own parent."))

    def decide(loaded: Mapping[str, Incident], command: Command, now: datetime) -> dict[str, Decision[Incident]]:
        child, parent = loaded[child_id], loaded[parent_id]
        demand(child, Action.SET_PARENT)
        demand(parent, Action.SET_PARENT)
        if child.parent_id == parent_id:
            return {child_id: unchanged(child), parent_id: unchanged(parent)}
        _refuse_generations(child, parent)
        told = facts.ParentSet(parent.id, parent.number)
        heard = facts.ChildAdded(child.id, child.number)
        children = (*parent.child_ids, child.id)
        return {
            child_id: changed(child, command, now, told, parent_id=parent.id),
            parent_id: changed(parent, command, now, heard, child_ids=children),
        }

    return decide


def remove_parent(child_id: str, parent_id: str) -> Together:
    """The child stands on its own again, whatever became of the parent."""

    def decide(loaded: Mapping[str, Incident], command: Command, now: datetime) -> dict[str, Decision[Incident]]:
        child, parent = loaded[child_id], loaded[parent_id]
        demand(child, Action.SET_PARENT)
        if child.parent_id != parent_id:
            return {child_id: unchanged(child), parent_id: unchanged(parent)}
        told = facts.ParentRemoved(parent.id, parent.number)
        heard = facts.ChildRemoved(child.id, child.number)
        children = tuple(known for known in parent.child_ids if known != child.id)
        return {
            child_id: changed(child, command, now, told, parent_id=None),
            parent_id: changed(parent, command, now, heard, child_ids=children),
        }

    return decide


def relate(one_id: str, other_id: str) -> Together:
    """The two have to do with one another."""
    if one_id == other_id:
        raise InvalidInput(Issue(("input", "otherId"), "ITSELF", "An incident cannot be related to itself."))

    def decide(loaded: Mapping[str, Incident], command: Command, now: datetime) -> dict[str, Decision[Incident]]:
        one, other = loaded[one_id], loaded[other_id]
        demand(one, Action.RELATE)
        demand(other, Action.RELATE)
        if other_id in one.related_ids:
            return {one_id: unchanged(one), other_id: unchanged(other)}
        _refuse_many(one, other)
        return {
            here.id: changed(
                here, command, now, facts.Related(there.id, there.number), related_ids=(*here.related_ids, there.id)
            )
            for here, there in ((one, other), (other, one))
        }

    return decide


def unrelate(one_id: str, other_id: str) -> Together:
    """The two have nothing to do with one another after all."""

    def decide(loaded: Mapping[str, Incident], command: Command, now: datetime) -> dict[str, Decision[Incident]]:
        one, other = loaded[one_id], loaded[other_id]
        demand(one, Action.RELATE)
        if other_id not in one.related_ids:
            return {one_id: unchanged(one), other_id: unchanged(other)}
        return {
            here.id: changed(
                here,
                command,
                now,
                facts.Unrelated(there.id, there.number),
                related_ids=tuple(known for known in here.related_ids if known != there.id),
            )
            for here, there in ((one, other), (other, one))
        }

    return decide


def _refuse_chain(target: Incident, sources: list[tuple[int, Incident]]) -> None:
    """Only what stands on its own can be merged into what stands on its own: no chains, no rings."""
    issues = []
    if target.status is Status.MERGED:
        text = f"{target.reference} is itself merged into another incident: merge into that one."
        issues.append(Issue(("input", "targetId"), "CHAIN", text))
    for index, source in sources:
        path = ("input", "sourceIds", str(index))
        if source.merged_from:
            text = f"{source.reference} has incidents merged into it: unmerge them first."
            issues.append(Issue(path, "CHAIN", text))
        elif source.child_ids:
            text = f"{source.reference} has children: give them another parent first."
            issues.append(Issue(path, "CHAIN", text))
        elif source.status is Status.MERGED:
            text = f"{source.reference} is merged into another incident: unmerge it first."
            issues.append(Issue(path, "CHAIN", text))
        elif target.status not in (*OPEN, Status.MERGED, source.status):
            text = f"{target.reference} is {target.status}: what is not over cannot be merged into it."
            issues.append(Issue(("input", "targetId"), "TARGET_OVER", text))
    if len(target.merged_from) + len(sources) > MOST_MERGED:
        text = f"An incident takes in at most {MOST_MERGED} others."
        issues.append(Issue(("input", "targetId"), "TOO_MANY", text))
    if len(target.open_keys) + sum(len(source.open_keys) for _, source in sources) > MOST_KEYS:
        issues.append(Issue(("input", "targetId"), "TOO_MANY", f"An incident holds at most {MOST_KEYS} keys."))
    if issues:
        raise InvalidInput(*dict.fromkeys(issues))
    for _, source in sources:
        moves(source, Action.MERGE)


def _merged(source: Incident, target: Incident, command: Command, now: datetime) -> Decision[Incident]:
    fact = facts.Merged(target.id, target.number, len(source.pages))
    before = Merged(target.id, source.status, now, source.open_keys, source.timers.get(AUTO_CLOSE))
    ended = replace(over(source), open_keys=())
    return changed(source, command, now, fact, value=ended, status=Status.MERGED, merged=before)


def _absorbing(target: Incident, sources: list[Incident], command: Command, now: datetime) -> Decision[Incident]:
    told = []
    responders = {responder.user_id: responder for responder in target.responders}
    keys = list(target.open_keys)
    for source in sources:
        newcomers = [one for one in source.responders if one.user_id not in responders]
        responders |= {one.user_id: Responder(one.user_id, now) for one in newcomers}
        keys += source.open_keys
        people = tuple(one.user_id for one in newcomers)
        told.append(facts.Absorbed(source.id, source.number, source.open_keys, people))
    return changed(
        target,
        command,
        now,
        *told,
        alerts=_all_alerts(target, sources),
        more_firing=tuple(dict.fromkeys(name for one in (target, *sources) for name in one.more_firing))[:MOST_MORE],
        more_alerts=sum(one.more_alerts for one in (target, *sources)),
        open_keys=tuple(keys),
        keys=tuple(dict.fromkeys((*target.keys, *keys))),
        responders=tuple(responders.values()),
        merged_from=(*target.merged_from, *(source.id for source in sources)),
    )


def _all_alerts(target: Incident, sources: list[Incident]) -> tuple[Alert, ...]:
    """What fires comes first: of more than an incident holds, those that are resolved are left where they were."""
    every = [alert for one in (target, *sources) for alert in one.alerts]
    return tuple(sorted(every, key=lambda alert: not alert.is_firing)[:MOST_ALERTS])


def _unmerged(
    source: Incident, before: Merged, target: Incident, keys: tuple[str, ...], command: Command, now: datetime
) -> Decision[Incident]:
    fact = facts.Unmerged(target.id, target.number, before.status)
    back = replace(source, merged=None, open_keys=keys)
    if before.status is Status.TRIGGERED:
        back = rearmed(back, now)
    elif before.closes_at:
        back = replace(back, timers={AUTO_CLOSE: before.closes_at})
    return changed(source, command, now, fact, value=back, status=before.status)


def _refuse_generations(child: Incident, parent: Incident) -> None:
    issues = []
    if child.parent_id:
        text = f"{child.reference} has a parent already: remove that one first."
        issues.append(Issue(("input", "id"), "HAS_PARENT", text))
    if child.child_ids:
        text = f"{child.reference} has children, so it cannot be a child."
        issues.append(Issue(("input", "id"), "CHAIN", text))
    if parent.parent_id:
        text = f"{parent.reference} is itself a child, so it cannot be a parent."
        issues.append(Issue(("input", "parentId"), "CHAIN", text))
    if len(parent.child_ids) >= MOST_CHILDREN:
        issues.append(Issue(("input", "parentId"), "TOO_MANY", f"A parent has at most {MOST_CHILDREN} children."))
    if issues:
        raise InvalidInput(*issues)


def _refuse_many(*incidents: Incident) -> None:
    for incident in incidents:
        if len(incident.related_ids) >= MOST_RELATED:
            text = f"{incident.reference} is related to {MOST_RELATED} incidents, which is the most."
            raise InvalidInput(Issue(("input", "otherId"), "TOO_MANY", text))
