"""The form of a probe."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from tasks_core.health.finding import Finding, Level


class Strand(StrEnum):
    """What a probe waits for: those of one strand are asked one after the other, the strands at once."""

    PROCESS = "process"
    DATABASE = "database"
    BROKER = "broker"


@dataclass(frozen=True, slots=True)
class Probe:
    """A look at one part of the platform.

    Attributes:
        name: how people choose it.
        look: yields what it finds; nothing is as good as healthy.
        needs: probes that must not have found UNHEALTHY before this one makes sense.
        strand: what keeps it waiting if that does not answer.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    strand: Strand = Strand.DATABASE


class Reporter:
    """Makes the findings of one probe."""

    def __init__(self, probe: str) -> None:
        self._probe = probe

    def healthy(self, message: str) -> Finding:
        """All is well."""
        return Finding(probe=self._probe, level=Level.HEALTHY, message=message)

    def unknown(self, message: str) -> Finding:
        """It could not be looked at."""
        return Finding(probe=self._probe, level=Level.UNKNOWN, message=message)

    def degraded(self, message: str, remedy: str) -> Finding:
        """Tasks run, but slowly or not for long."""
        return Finding(probe=self._probe, level=Level.DEGRADED, message=message, remedy=remedy)

    def unhealthy(self, message: str, remedy: str) -> Finding:
        """Some tasks do not run."""
        return Finding(probe=self._probe, level=Level.UNHEALTHY, message=message, remedy=remedy)
