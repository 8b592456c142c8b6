"""Categorization: rules that say what kind of incident it is, so that patterns and recurring issues show."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Categorization:
    """A category, maybe a subcategory, and the rule that said so (it reads after "because")."""

    category: str
    subcategory: str | None
    rule: str


WORDS: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
    ("security", None, ("breach", "intrusion", "malware", "phishing", "unauthorized", "vulnerability")),
    ("database", None, ("database", "mongodb", "postgres", "mysql", "replica", "deadlock", "slow query")),
    ("network", "dns", ("dns", "resolver")),
    ("network", "tls", ("tls", "ssl", "certificate")),
    ("network", None, ("network", "packet loss", "latency", "vpn", "firewall", "unreachable")),
    ("hardware", "storage", ("disk", "filesystem", "raid", "iops")),
    ("hardware", None, ("hardware", "power", "fan", "temperature", "memory error")),
    ("access", None, ("login", "password", "permission", "account", "mfa", "sso")),
    ("software", "deployment", ("deploy", "release", "rollback", "migration")),
    ("software", "availability", ("down", "outage", "unavailable", "not responding")),
    ("software", None, ("exception", "crash", "bug", "timeout", "error", "5xx", "500", "memory leak")),
)
"""Category, subcategory and the words that suggest it; the first line with a hit decides."""

ENDINGS = r"(?:s|es|ed|ing|ment|ments)?"
UNCATEGORIZED = "uncategorized"


def categorize(text: str, labels: Mapping[str, str], service_category: str | None) -> Categorization:
    """The category by, in this order: the report's own label, the words of its text, its service, none."""
    if label := labels.get("category"):
        return Categorization(label, labels.get("subcategory"), "its label says so")
    lowered = text.lower()
    for category, subcategory, words in WORDS:
        for word in words:
            if re.search(rf"\b{re.escape(word)}{ENDINGS}\b", lowered):
                return Categorization(category, subcategory, f"it mentions {word!r}")
    if service_category:
        return Categorization(service_category, None, "its service is of that category")
    return Categorization(UNCATEGORIZED, None, "no rule matched")
