"""Action items: what is to be done so that an incident does not come again. Each outlives its incident."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import facts
from shared.domain.commands import Command, Decide, Decision, unchanged
from shared.domain.incident import KEEP, TaskState
from shared.domain.texts import LONGEST_TITLE, refuse, refuse_text, text_issues


@dataclass(frozen=True, slots=True)
class ActionItem:
    """One of them. `owner_id` is a user's."""

    id: str
    incident_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    owner_id: str | None = None
    due_at: datetime | None = None
    state: TaskState = TaskState.OPEN
    ended_at: datetime | None = None
    version: int = 1


def create_action_item(item: ActionItem) -> Decision[ActionItem]:
    """A new action item, its input checked."""
    refuse(
        [
            *text_issues("title", item.title, LONGEST_TITLE, required=True),
            *text_issues("description", item.description),
        ]
    )
    return Decision(item, (facts.ActionItemAdded(item.incident_id, item.title, item.owner_id, item.due_at),))


def update_action_item(
    *,
    state: TaskState | None = None,
    owner_id: str | None = KEEP,
    due_at: datetime | None = KEEP,
    reason: str | None = None,
) -> Decide[ActionItem]:
    """It is done, given up, opened again, or given to somebody. NOT_DOING needs a reason."""
    refuse_text("reason", reason, required=state is TaskState.NOT_DOING)

    def decide(item: ActionItem, command: Command, now: datetime) -> Decision[ActionItem]:
        present = state or item.state
        ended = None if present is TaskState.OPEN else item.ended_at or now
        after = replace(
            item,
            state=present,
            owner_id=item.owner_id if owner_id is KEEP else owner_id,
            due_at=item.due_at if due_at is KEEP else due_at,
            ended_at=ended,
        )
        if after == item:
            return unchanged(item)
        fact = facts.ActionItemUpdated(item.incident_id, after.title, after.state, after.owner_id, after.due_at, reason)
        return Decision(replace(after, updated_at=now, version=item.version + 1), (fact,))

    return decide
