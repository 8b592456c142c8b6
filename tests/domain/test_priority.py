"""Priority: the whole matrix, written out, and the words that explain each result."""

from itertools import product

import pytest

from shared.domain.priority import (
    MATRIX,
    Affected,
    Evidence,
    Level,
    Priority,
    Severity,
    assess,
    severity_of,
)

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW

NINE = [
    (HIGH, HIGH, "P1"),
    (HIGH, MEDIUM, "P2"),
    (HIGH, LOW, "P3"),
    (MEDIUM, HIGH, "P2"),
    (MEDIUM, MEDIUM, "P3"),
    (MEDIUM, LOW, "P4"),
    (LOW, HIGH, "P3"),
    (LOW, MEDIUM, "P4"),
    (LOW, LOW, "P5"),
]
"""(impact, urgency, priority): ServiceNow's default table."""

ORDER = (HIGH, MEDIUM, LOW)


@pytest.mark.parametrize(("impact", "urgency", "priority"), NINE)
def test_the_matrix(impact: Level, urgency: Level, priority: str) -> None:
    """Each of the nine pairs has the priority that the default matrix gives it."""
    assert MATRIX[impact, urgency] == priority
    assessment = assess(Evidence(stated_impact=impact, stated_urgency=urgency))
    assert (assessment.priority, assessment.impact, assessment.urgency) == (priority, impact, urgency)


def test_the_matrix_has_nothing_else() -> None:
    """Three levels by three: nine entries."""
    assert len(MATRIX) == 9


def test_more_impact_or_urgency_is_never_less_urgent() -> None:
    """Raising either degree never lowers the priority."""
    for (row, impact), (column, urgency) in product(enumerate(ORDER), enumerate(ORDER)):
        rank = MATRIX[impact, urgency].rank
        assert all(MATRIX[worse, urgency].rank <= rank for worse in ORDER[:row])
        assert all(MATRIX[impact, worse].rank <= rank for worse in ORDER[:column])


def test_the_ranks() -> None:
    """P1 has rank 1, P5 rank 5, in order."""
    assert [priority.rank for priority in Priority] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("evidence", "priority", "explanation"),
    [
        (
            Evidence(severity=Severity.CRITICAL, affected=(Affected("checkout", 1),)),
            "P1",
            "tier 1 x critical",
        ),
        (Evidence(severity=Severity.ERROR, affected=(Affected("checkout", 1),)), "P1", "tier 1 x error"),
        (Evidence(severity=Severity.WARNING, affected=(Affected("search", 2),)), "P3", "tier 2 x warning"),
        (Evidence(severity=Severity.INFO, affected=(Affected("wiki", 3),)), "P5", "tier 3 x info"),
        (Evidence(severity=Severity.CRITICAL), "P2", "impact medium (no service known) x critical"),
        (
            Evidence(affected=(Affected("checkout", 1),)),
            "P2",
            "tier 1 x urgency medium (no severity given)",
        ),
        (Evidence(), "P3", "impact medium (no service known) x urgency medium (no severity given)"),
        (
            Evidence(HIGH, LOW, Severity.CRITICAL, (Affected("wiki", 3),)),
            "P3",
            "stated impact high x stated urgency low",
        ),
        (Evidence(stated_impact=LOW, severity=Severity.CRITICAL), "P3", "stated impact low x critical"),
        (
            Evidence(stated_urgency=HIGH, affected=(Affected("search", 2),)),
            "P2",
            "tier 2 x stated urgency high",
        ),
    ],
)
def test_a_priority_explains_itself(evidence: Evidence, priority: str, explanation: str) -> None:
    """The explanation names which input gave impact and which urgency; what is unknown counts as medium."""
    assessment = assess(evidence)
    assert (assessment.priority, assessment.explanation) == (priority, explanation)


@pytest.mark.parametrize(
    ("affected", "reason"),
    [
        ((Affected("wiki", 3), Affected("checkout", 1)), "tier 1"),
        ((Affected("wiki", 3), Affected("shop", 1, "wiki")), "tier 1 (shop depends on wiki)"),
        ((Affected("shop", 1, "wiki"), Affected("checkout", 1)), "tier 1"),
        ((Affected("checkout", 1), Affected("shop", 3, "checkout")), "tier 1"),
    ],
    ids=["the worst of two", "a dependent", "a direct hit first", "a lesser dependent"],
)
def test_the_worst_that_is_hit_counts(affected: tuple[Affected, ...], reason: str) -> None:
    """Of all that is hit the lowest tier decides, and what depends on an affected service is hit too."""
    assessment = assess(Evidence(severity=Severity.CRITICAL, affected=affected))
    assert assessment.impact is HIGH
    assert assessment.explanation == f"{reason} x critical"


def test_every_evidence_has_a_priority() -> None:
    """No combination of known and unknown inputs is without an answer, or without both its reasons."""
    levels = (None, *Level)
    hits = ((), *((Affected("one", tier),) for tier in (1, 2, 3)))
    for impact, urgency, severity, affected in product(levels, levels, (None, *Severity), hits):
        assessment = assess(Evidence(impact, urgency, severity, affected))
        assert assessment.priority is MATRIX[assessment.impact, assessment.urgency]
        assert all(assessment.explanation.split(" x "))


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("critical", Severity.CRITICAL),
        (" Critical\n", Severity.CRITICAL),
        ("ERROR", Severity.ERROR),
        ("warning", Severity.WARNING),
        ("info", Severity.INFO),
        ("", None),
        (None, None),
        ("sev1", None),
        ("critical!", None),
    ],
)
def test_a_label_names_a_severity(label: str | None, severity: Severity | None) -> None:
    """Case and blanks around it do not matter; any other word is no severity."""
    assert severity_of(label) is severity
