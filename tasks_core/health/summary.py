"""The examination as JSON, in the form that ``/ready`` and ``check_platform --json`` share."""

from collections.abc import Collection, Sequence
from typing import Any

from tasks_core.health.finding import Finding, Level, worst
from tasks_core.outcomes.versions import versions

ESSENTIAL = ("keys", "database", "migrations")
"""What a web process cannot do without. A task is stored with these alone; all else lets it wait."""

_STATUS = {Level.UNKNOWN: Level.DEGRADED}
"""A component is healthy, degraded or unhealthy; of one that could not be looked at we promise nothing."""


def summary(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the status of the platform, that of each component with what was found, and our version."""
    names = list(dict.fromkeys(finding.probe for finding in findings))
    components = {
        name: _component([finding for finding in findings if finding.probe == name])
        for name in names
    }
    return {
        "status": status_of(findings),
        "components": components,
        "version": versions().get("bellringer", ""),
    }


def status_of(findings: Collection[Finding]) -> str:
    """Return the worst level among ``findings`` in three words."""
    level = worst(findings)
    return str(_STATUS.get(level, level))


def readiness_of(findings: Collection[Finding]) -> str:
    """Return whether a web process can serve: only what it cannot do without makes it unhealthy."""
    if worst(f for f in findings if f.probe in ESSENTIAL) is Level.UNHEALTHY:
        return str(Level.UNHEALTHY)
    is_healthy = worst(findings) is Level.HEALTHY
    return str(Level.HEALTHY if is_healthy else Level.DEGRADED)


def _component(findings: list[Finding]) -> dict[str, Any]:
    level = worst(findings)
    worst_one = next(finding for finding in findings if finding.level is level)
    return {
        "status": status_of(findings),
        "message": worst_one.message,
        "remedy": worst_one.remedy,
        "findings": [
            {"level": str(f.level), "message": f.message, "remedy": f.remedy} for f in findings
        ],
    }
