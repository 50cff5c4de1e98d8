"""Is the platform well? One answer for ``check_platform`` and for readiness probes over HTTP."""

from tasks_core.platform_health.examination import examine
from tasks_core.platform_health.finding import Finding, Level, worst
from tasks_core.platform_health.in_time import examine_in_time
from tasks_core.platform_health.probe import Probe, Reporter
from tasks_core.platform_health.probes import PROBES, add_probe

__all__ = [
    "PROBES",
    "Finding",
    "Level",
    "Probe",
    "Reporter",
    "add_probe",
    "examine",
    "examine_in_time",
    "worst",
]
