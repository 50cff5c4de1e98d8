"""Are there attempts that nobody owns and that no beat has ended?"""

from collections.abc import Iterator

from tasks_core import clock
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.health.thresholds import RECOVERY
from tasks_core.models import Task

report = Reporter("leases")


def look() -> Iterator[Finding]:
    """Find leases that were over a while ago."""
    lost = Task.objects.lease_over(clock.now() - RECOVERY).count()
    if lost:
        yield report.degraded(
            f"{lost} running tasks have lost their worker, and nobody has taken them back",
            "beat does that within seconds; look whether one is alive, and at its log",
        )
    else:
        yield report.healthy("every running task has an owner")
