"""Expected failures, which callers see by name. Anything else that is raised is a defect.

Failure
|-- NotFound            no such thing, or not yours to see
|-- Forbidden           known, but not allowed
|-- InvalidInput        the request itself is wrong; carries its issues
|-- InvalidTransition   the lifecycle has no such move; carries the present value and the allowed actions
|-- Conflict            the expected version is not the present one; carries the present value
|-- KeyReused           an idempotency key came back with other input
`-- Unavailable         nothing was decided; the same call may succeed later
"""

from dataclasses import dataclass


class Failure(Exception):
    """Base of all expected failures; `str(failure)` is a sentence for the caller."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with an input: where (`path`, from the input's root), which kind, and a
    sentence.
    """

    path: tuple[str, ...]
    code: str
    message: str


class NotFound(Failure):
    """No such `kind` ("Incident") under `key`."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"There is no {kind} {key!r}.")
        self.kind = kind
        self.key = key


class Forbidden(Failure):
    """The caller is known but lacks the role."""


class InvalidInput(Failure):
    """The input is refused whole; `issues` is never empty."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__(" ".join(issue.message for issue in issues))
        self.issues = issues


class InvalidTransition(Failure):
    """The lifecycle does not allow `action` from the present status of `value`; `why` is said when that alone does
    not tell.
    """

    def __init__(
        self, value: object, action: str, status: str, allowed: tuple[str, ...], why: str | None = None
    ) -> None:
        options = ", ".join(allowed) or "none"
        reason = f" {why}" if why else ""
        super().__init__(f"Cannot {action} an incident that is {status}.{reason} Allowed now: {options}.")
        self.value = value
        self.action = action
        self.status = status
        self.allowed = allowed


class Conflict(Failure):
    """Somebody else changed `value` since the caller read it."""

    def __init__(self, value: object, expected: int, present: int) -> None:
        super().__init__(f"Version {expected} was expected, but the present version is {present}.")
        self.value = value


class KeyReused(Failure):
    """An idempotency key was used before with other input."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The idempotency key {key!r} was used before with different input.")


class Unavailable(Failure):
    """A server that is needed did not answer in time; nothing is known to have changed."""


def is_storable(text: str) -> bool:
    """Whether `text` has an UTF-8 form without NUL, as the database's keys and everybody's JSON need it."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
