"""Categorization: which rule speaks first, and that each says which it was."""

from dataclasses import astuple

import pytest

from shared.domain.category import UNCATEGORIZED, WORDS, categorize


@pytest.mark.parametrize(
    ("text", "labels", "service_category", "answer"),
    [
        ("MongoDB is slow", {"category": "billing"}, "software", ("billing", None, "its label says so")),
        (
            "MongoDB is slow",
            {"category": "billing", "subcategory": "invoices"},
            None,
            ("billing", "invoices", "its label says so"),
        ),
        ("MongoDB is slow", {"subcategory": "x"}, "software", ("database", None, "it mentions 'mongodb'")),
        ("It hums", {}, "hardware", ("hardware", None, "its service is of that category")),
        ("It hums", {"category": ""}, None, (UNCATEGORIZED, None, "no rule matched")),
        ("", {}, None, (UNCATEGORIZED, None, "no rule matched")),
    ],
    ids=["label", "label with subcategory", "words", "service", "none", "empty"],
)
def test_the_order_of_the_rules(
    text: str,
    labels: dict[str, str],
    service_category: str | None,
    answer: tuple[str, str | None, str],
) -> None:
    """The report's own label, then its words, then its service; otherwise it is said to be uncategorized."""
    assert astuple(categorize(text, labels, service_category)) == answer


@pytest.mark.parametrize(
    ("text", "category", "subcategory"),
    [
        ("Phishing mails arrive", "security", None),
        ("Deadlocks on orders", "database", None),
        ("DNS does not answer", "network", "dns"),
        ("The certificates expire today", "network", "tls"),
        ("Packet loss to Frankfurt", "network", None),
        ("Disks are full", "hardware", "storage"),
        ("The fan of rack 4", "hardware", None),
        ("Nobody can log in: password rejected", "access", None),
        ("Rollback failed", "software", "deployment"),
        ("Checkout is down", "software", "availability"),
        ("NullPointerException: crash", "software", None),
        ("HTTP 500 from checkout", "software", None),
    ],
)
def test_the_words_of_the_text(text: str, category: str, subcategory: str | None) -> None:
    """A word of the list, in any case and also in the plural, decides."""
    found = categorize(text, {}, "other")
    assert (found.category, found.subcategory) == (category, subcategory)
    assert found.rule.startswith("it mentions ")


def test_the_first_line_with_a_hit_decides() -> None:
    """Of two categories that a text suggests, the earlier line wins, wherever its word stands."""
    assert categorize("Outage of the database", {}, None).category == "database"


@pytest.mark.parametrize(
    "text",
    ["Fantastic queue growth", "Downloads stall", "5000 carts are stuck", "Compilation stalls", "Undisked"],
)
def test_a_part_of_a_longer_word_is_no_mention(text: str) -> None:
    """An explanation must be true: "fantastic" does not mention a fan, nor 5000 the status 500."""
    assert categorize(text, {}, None).category == UNCATEGORIZED


def test_each_word_of_the_list_has_an_effect() -> None:
    """No word is hidden behind an earlier line: alone, each leads to its own line's category."""
    for category, subcategory, words in WORDS:
        for word in words:
            found = categorize(f"we see {word} again", {}, None)
            assert (word, found.category, found.subcategory) == (word, category, subcategory)
