"""Is the platform well? One answer for ``check_platform`` and for readiness probes over HTTP."""

from tasks_core.platform_health.examination import PROBES, examine
from tasks_core.platform_health.finding import Finding, Level, worst

__all__ = ["PROBES", "Finding", "Level", "examine", "worst"]
