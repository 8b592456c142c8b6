"""Priority = matrix(impact, urgency), with its explanation.

Impact comes from what is hit (tier of the services and of what depends on them), urgency from how severe the
source says it is. What a person stated in the report comes before what can be derived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """A degree of impact or urgency."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Priority(StrEnum):
    """P1 is worked on first."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"

    @property
    def rank(self) -> int:
        """1 for P1 .. 5 for P5."""
        return int(self.value[1])


class Severity(StrEnum):
    """What a source says of its alert."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_DEGREE = {Level.HIGH: 1, Level.MEDIUM: 2, Level.LOW: 3}

MATRIX: Mapping[tuple[Level, Level], Priority] = {
    (impact, urgency): Priority(f"P{_DEGREE[impact] + _DEGREE[urgency] - 1}") for impact in Level for urgency in Level
}
"""(impact, urgency) -> priority; ServiceNow's default 3x3 table, which is impact + urgency - 1."""

IMPACT_OF_TIER = {1: Level.HIGH, 2: Level.MEDIUM, 3: Level.LOW}
URGENCY_OF_SEVERITY = {
    Severity.CRITICAL: Level.HIGH,
    Severity.ERROR: Level.HIGH,
    Severity.WARNING: Level.MEDIUM,
    Severity.INFO: Level.LOW,
}


@dataclass(frozen=True, slots=True)
class Affected:
    """A service as prioritization sees it: `dependent_of` names the affected service that it depends on, if
    indirect.
    """

    name: str
    tier: int
    dependent_of: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What prioritization looks at. Stated levels are a person's; severity is the source's."""

    stated_impact: Level | None = None
    stated_urgency: Level | None = None
    severity: Severity | None = None
    affected: tuple[Affected, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A priority with what it was made of; `explanation` reads after "because"."""

    priority: Priority
    impact: Level
    urgency: Level
    explanation: str


def assess(evidence: Evidence) -> Assessment:
    """The priority of `evidence`. Total: what is not known counts as MEDIUM and is said so."""
    impact, impact_reason = _impact(evidence)
    urgency, urgency_reason = _urgency(evidence)
    return Assessment(MATRIX[impact, urgency], impact, urgency, f"{impact_reason} x {urgency_reason}")


def severity_of(label: str | None) -> Severity | None:
    """The severity that a label's text names, case ignored; None when it names none."""
    text = (label or "").strip().lower()
    return Severity(text) if text in set(Severity) else None


def _impact(evidence: Evidence) -> tuple[Level, str]:
    if evidence.stated_impact:
        return evidence.stated_impact, f"stated impact {evidence.stated_impact.lower()}"
    if not evidence.affected:
        return Level.MEDIUM, "impact medium (no service known)"
    worst = min(evidence.affected, key=lambda service: (service.tier, service.dependent_of is not None))
    reason = f"tier {worst.tier}"
    if worst.dependent_of:
        reason = f"tier {worst.tier} ({worst.name} depends on {worst.dependent_of})"
    return IMPACT_OF_TIER[worst.tier], reason


def _urgency(evidence: Evidence) -> tuple[Level, str]:
    if evidence.stated_urgency:
        return evidence.stated_urgency, f"stated urgency {evidence.stated_urgency.lower()}"
    if evidence.severity:
        return URGENCY_OF_SEVERITY[evidence.severity], evidence.severity.value
    return Level.MEDIUM, "urgency medium (no severity given)"
