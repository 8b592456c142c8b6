"""The settings of an integration as its mutations take them."""

import strawberry

from shared.domain.errors import Issue
from shared.domain.priority import Severity
from shared.domain.texts import refuse


@strawberry.input
class SeverityWordInput:
    """A source's own word for a severity; whether it has capitals does not matter."""

    word: str
    severity: Severity


def severities_of(given: list[SeverityWordInput]) -> dict[str, Severity]:
    """The severities by their words in lower case. Raises InvalidInput for a word that is given twice."""
    found: dict[str, Severity] = {}
    issues = []
    for index, one in enumerate(given):
        word = one.word.lower()
        if word in found:
            text = f"The word {word[:60]!r} is given twice."
            issues.append(Issue(("input", "severities", str(index), "word"), "REPEATED", text))
        found[word] = one.severity
    refuse(issues)
    return found
