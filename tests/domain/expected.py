"""The lifecycle as the design's section 3 tells it, written down a second time so that tests can compare."""

from shared.domain.lifecycle import Action, Status

SAME = "same"
REFUSED = "refused"

_GRID = """
                ACKNOWLEDGE   UNACKNOWLEDGE  INVESTIGATE    MITIGATE   RETRIGGER
TRIGGERED       ACKNOWLEDGED  same           INVESTIGATING  MITIGATED  same
ACKNOWLEDGED    same          TRIGGERED      INVESTIGATING  MITIGATED  refused
INVESTIGATING   same          refused        same           MITIGATED  refused
MITIGATED       refused       refused        INVESTIGATING  same       TRIGGERED
RESOLVED        refused       refused        refused        refused    refused
CLOSED          refused       refused        refused        refused    refused
CANCELED        refused       refused        refused        refused    refused
MERGED          refused       refused        refused        refused    refused

                RESOLVE       REOPEN         CLOSE          CANCEL     MERGE
TRIGGERED       RESOLVED      same           refused        CANCELED   MERGED
ACKNOWLEDGED    RESOLVED      same           refused        CANCELED   MERGED
INVESTIGATING   RESOLVED      same           refused        CANCELED   MERGED
MITIGATED       RESOLVED      same           refused        CANCELED   MERGED
RESOLVED        same          TRIGGERED      CLOSED         CANCELED   MERGED
CLOSED          refused       refused        same           refused    refused
CANCELED        refused       TRIGGERED      refused        same       refused
MERGED          refused       refused        refused        refused    refused
"""


def _parsed() -> dict[tuple[Status, Action], str]:
    table = {}
    for block in _GRID.strip("\n").split("\n\n"):
        head, *lines = (line.split() for line in block.splitlines())
        for status, *outcomes in lines:
            for action, outcome in zip(head, outcomes, strict=True):
                table[Status(status), Action(action)] = outcome
    return table


EXPECTED = _parsed()
"""(status, action) -> the status it leads to, SAME (it is so already, nothing changes) or REFUSED."""

MOVES_BETWEEN = {
    (status, Status(outcome)) for (status, _), outcome in EXPECTED.items() if outcome not in (SAME, REFUSED)
}
"""Every change of status that any action may bring."""


def allowed_from(status: Status) -> set[Action]:
    """The actions that would change an incident in `status`."""
    return {action for (held, action), outcome in EXPECTED.items() if held is status and outcome in set(Status)}
