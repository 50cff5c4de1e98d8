"""Is the platform well? One answer for ``check_platform`` and for readiness probes over HTTP."""

from tasks_core.health.deadline import examine_in_time
from tasks_core.health.finding import Finding, Level, worst
from tasks_core.health.probe import Probe, Reporter
from tasks_core.health.probes import PROBES, add_probe
from tasks_core.health.run import examine

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
