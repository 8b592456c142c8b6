"""The lifecycle as the design's section 3 tells it, written down a second time so that tests can compare."""

from shared.domain.lifecycle import Action, Status

SAME = "same"
REFUSED = "refused"
BEFORE = "before"

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

                RESOLVE       REOPEN         CLOSE          CANCEL     MERGE    UNMERGE
TRIGGERED       RESOLVED      same           refused        CANCELED   MERGED   refused
ACKNOWLEDGED    RESOLVED      same           refused        CANCELED   MERGED   refused
INVESTIGATING   RESOLVED      same           refused        CANCELED   MERGED   refused
MITIGATED       RESOLVED      same           refused        CANCELED   MERGED   refused
RESOLVED        same          TRIGGERED      CLOSED         CANCELED   MERGED   refused
CLOSED          refused       refused        same           refused    refused  refused
CANCELED        refused       TRIGGERED      refused        same       refused  refused
MERGED          refused       refused        refused        refused    refused  before
"""


_ASKS = """
                     TRIGGERED ACKNOWLEDGED INVESTIGATING MITIGATED RESOLVED CLOSED CANCELED MERGED
ADD_NOTE             yes       yes          yes           yes       yes      -      yes      -
EDIT                 yes       yes          yes           yes       yes      -      yes      -
CATEGORIZE           yes       yes          yes           yes       yes      -      yes      -
OVERRIDE_PRIORITY    yes       yes          yes           yes       -        -      -        -
RELEASE_PRIORITY     yes       yes          yes           yes       -        -      -        -
ASSIGN               yes       yes          yes           yes       -        -      -        -
JOIN                 yes       yes          yes           yes       yes      -      -        -
LEAVE                yes       yes          yes           yes       yes      -      -        -
SET_ROLES            yes       yes          yes           yes       yes      -      -        -
REQUEST_RESPONDER    yes       yes          yes           yes       -        -      -        -
ANSWER_REQUEST       yes       yes          yes           yes       -        -      -        -
DIAGNOSE             yes       yes          yes           yes       yes      -      yes      -
RATE_WORKAROUND      yes       yes          yes           yes       yes      -      -        -
RECORD_FIX           yes       yes          yes           yes       yes      -      -        -
UPDATE_STATUS        yes       yes          yes           yes       yes      -      yes      -
HOLD                 -         yes          yes           yes       -        -      -        -
RELEASE_HOLD         yes       yes          yes           yes       -        -      -        -
PROPOSE_MAJOR        yes       yes          yes           yes       -        -      -        -
DECLARE_MAJOR        yes       yes          yes           yes       -        -      -        -
STAND_DOWN_MAJOR     yes       yes          yes           yes       yes      -      -        -
RELATE               yes       yes          yes           yes       yes      -      yes      -
SET_PARENT           yes       yes          yes           yes       yes      -      yes      -
REVIEW               -         -            -             -         yes      -      -        -
COMPLETE_REVIEW      -         -            -             -         yes      -      -        -
CORRECT_TIME         yes       yes          yes           yes       yes      yes    yes      -
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
"""(status, action) -> the status it leads to, BEFORE (the one that it had before), SAME (it is so already, nothing
changes) or REFUSED.
"""


def _allowing() -> dict[Action, set[Status]]:
    head, *lines = (line.split() for line in _ASKS.strip("\n").splitlines())
    return {
        Action(action): {Status(status) for status, cell in zip(head, cells, strict=True) if cell == "yes"}
        for action, *cells in lines
    }


ASKED_IN = _allowing()
"""What keeps the status -> the statuses in which it can be asked for."""


def allowed_from(status: Status) -> set[Action]:
    """The actions that would change an incident in `status`."""
    return {action for (held, action), outcome in EXPECTED.items() if held is status and outcome not in (SAME, REFUSED)}
