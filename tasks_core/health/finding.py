"""What a probe found, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    HEALTHY = "healthy"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


_RANK = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        probe: what looked.
        level: HEALTHY; UNKNOWN if it could not look; DEGRADED if tasks run, but slowly or not for long;
            UNHEALTHY if some tasks do not run.
        message: what was found, in one sentence without secrets.
        remedy: what to do next; empty if nothing.
    """

    probe: str
    level: Level
    message: str
    remedy: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level among ``findings``."""
    return max(
        (finding.level for finding in findings), key=_RANK.__getitem__, default=Level.HEALTHY
    )
