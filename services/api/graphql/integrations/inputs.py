"""The settings of an integration as its mutations take them."""

import strawberry

from shared.domain.errors import Issue
from shared.domain.integrations import Format, Mapping
from shared.domain.priority import Severity
from shared.domain.texts import refuse
from shared.formats.generic import check_mapping


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


@strawberry.input
class MappingInput:
    """JMESPath expressions that find an event's parts in a GENERIC message. One that is not given has a default, which
    finds the names that common webhooks use.
    """

    title: str | None = None
    action: str | None = None
    dedup_key: str | None = None
    severity: str | None = None
    source: str | None = None
    description: str | None = None
    at: str | None = None
    labels: str | None = None
    url: str | None = None


def mapping_of(given: MappingInput | None, wanted: Format) -> Mapping:
    """The mapping of an integration of that format. Raises InvalidInput for expressions that can never be used."""
    mapping = Mapping(**vars(given)) if given else Mapping()
    if wanted is not Format.GENERIC and mapping != Mapping():
        text = "Only the format GENERIC has a mapping."
        refuse([Issue(("input", "mapping"), "UNSUPPORTED", text)])
    refuse(check_mapping(mapping))
    return mapping
