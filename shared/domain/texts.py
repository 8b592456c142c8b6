"""What every text, address and time of an input must satisfy, whoever it belongs to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from shared.domain.errors import InvalidInput, Issue, is_storable

LONGEST_TITLE = 500
LONGEST_TEXT = 20_000
LONGEST_NAME = 200
LONGEST_URL = 2_000
LONGEST_AGO = timedelta(days=400)


def text_issues(
    field: str, text: str | None, longest: int = LONGEST_TEXT, *, required: bool = False
) -> tuple[Issue, ...]:
    """What is wrong with the text of the input's `field`. None and empty are fine unless it is required."""
    path, said = ("input", *field.split(".")), text or ""
    if required and not said.strip():
        return (Issue(path, "EMPTY", f"The {field} is empty."),)
    if len(said) > longest:
        return (Issue(path, "LENGTH", f"The {field} has more than {longest} characters."),)
    if not is_storable(said):
        return (Issue(path, "INVALID", f"The {field} has a NUL character or half a surrogate pair."),)
    return ()


def url_issues(field: str, url: str) -> tuple[Issue, ...]:
    """What is wrong with an address that people are to follow: only http and https are links."""
    path = ("input", *field.split("."))
    if issues := text_issues(field, url, LONGEST_URL, required=True):
        return issues
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        fits = False
    return () if fits else (Issue(path, "INVALID", f"{url[:60]!r} is not an http or https address."),)


def past_issues(
    field: str, at: datetime | None, now: datetime, known_since: datetime | None = None
) -> tuple[Issue, ...]:
    """What is wrong with the time of something that has happened: it lies neither in the future, nor so long before
    people knew of it (now, unless `known_since` says when) that it must be a slip.
    """
    path = ("input", *field.split("."))
    if at is None:
        return ()
    if at > now:
        return (Issue(path, "IN_THE_FUTURE", f"The {field} lies in the future."),)
    if at < (known_since or now) - LONGEST_AGO:
        return (Issue(path, "TOO_LONG_AGO", f"The {field} lies more than {LONGEST_AGO.days} days back."),)
    return ()


def future_issues(field: str, at: datetime | None, now: datetime) -> tuple[Issue, ...]:
    """What is wrong with the time of something that is to happen."""
    if at is None or at > now:
        return ()
    return (Issue(("input", *field.split(".")), "IN_THE_PAST", f"The {field} lies in the past."),)


def refuse(issues: Sequence[Issue]) -> None:
    """Raise InvalidInput if there are any."""
    if issues:
        raise InvalidInput(*issues)


def refuse_text(field: str, text: str | None, longest: int = LONGEST_TEXT, *, required: bool = False) -> None:
    """Raise InvalidInput unless the text is fit to be kept."""
    refuse(text_issues(field, text, longest, required=required))
