"""Words: by which an incident is found, however they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.words import LONGEST_WORD, MOST_OF_DESCRIPTION, MOST_WORDS, with_words, words_of, words_of_report


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Checkout is down", ("checkout", "is", "down")),
        ("DOWN, down and Down!", ("down", "and")),
        ("Zahlung für Straße 7 fällt aus", ("zahlung", "fur", "strasse", "fallt", "aus")),
        ("café CAFÉ cafe\u0301", ("cafe",)),
        ("p99 > 500ms on db-7/replica_2", ("p99", "500ms", "on", "db", "replica")),
        ("Оплата не работает", ("оплата", "не", "работает")),
        ("ﬁle №７７", ("file", "no77")),
        ("a I 1 ...", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_a_text_has_these_words(text: str | None, words: tuple[str, ...]) -> None:
    """Letters and digits, two or more, folded and without accents, each once and in order."""
    assert words_of(text) == words


def test_the_words_of_several_texts_come_in_their_order() -> None:
    """What is said twice is one word, wherever it is said."""
    assert words_of("disk full", None, "the disk") == ("disk", "full", "the")


def test_a_long_word_is_cut() -> None:
    """A search for its beginning still finds it, and nothing that is longer is kept."""
    assert words_of("x" * 1_000) == ("x" * LONGEST_WORD,)


def test_new_words_come_behind_the_known_ones() -> None:
    """What was said first is found first; beyond the bound nothing is added and nothing lost."""
    assert with_words(("disk",), "full Disk", "now") == ("disk", "full", "now")
    full = tuple(f"w{n}" for n in range(MOST_WORDS))
    assert with_words(full, "one more") == full


def test_a_description_gives_at_most_200_words() -> None:
    """The first ones count, each once, behind those of the title; a note's still find their place."""
    told = " ".join(f"w{n} W{n}" for n in range(1_000))
    words = words_of_report("Disk full", told)
    assert words == ("disk", "full", *(f"w{n}" for n in range(200)))
    assert (MOST_OF_DESCRIPTION, MOST_WORDS) == (200, 400)
    assert with_words(words, "squirrel")[-1] == "squirrel"
    assert words_of_report("Disk full", "the disk") == ("disk", "full", "the")
    assert words_of_report("Disk full", None) == ("disk", "full")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_has_storable_words(one: str, two: str) -> None:
    """Whatever is written: distinct words, bounded, that a search for any of them makes again."""
    words = words_of(one, two)
    assert len(set(words)) == len(words)
    assert all(2 <= len(word) <= LONGEST_WORD for word in words)
    for word in words:
        assert words_of(word) == (word,)
    assert set(words_of(one)) <= set(words)
