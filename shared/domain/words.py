"""The words by which an incident is found: folded, without accents, each once."""

import re
import unicodedata

MOST_WORDS = 400
MOST_OF_DESCRIPTION = 200
LONGEST_WORD = 40
_WORD = re.compile(r"[^\W_]{2,}")


def words_of(*texts: str | None) -> tuple[str, ...]:
    """The distinct words of `texts` in their order: letters and digits, two or more, at most 40 characters of each."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _WORD.findall(_folded(text or "")):
            found[word[:LONGEST_WORD]] = None
    return tuple(found)


def words_of_report(title: str | None, description: str | None, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The words of a new incident, or `known` and those of an edit. A long description leaves room for what people find
    out later.
    """
    return with_words(known, title, " ".join(words_of(description)[:MOST_OF_DESCRIPTION]))


def with_words(known: tuple[str, ...], *texts: str | None) -> tuple[str, ...]:
    """`known` and the new words of `texts`, up to a bound: what was said first is found first."""
    return tuple(dict.fromkeys((*known, *words_of(*texts))))[:MOST_WORDS]


def _folded(text: str) -> str:
    # taken apart first: "№" becomes "No", which still has to be folded
    folded = unicodedata.normalize("NFKD", text).casefold()
    apart = unicodedata.normalize("NFKD", folded)
    return "".join(char for char in apart if not unicodedata.combining(char))
