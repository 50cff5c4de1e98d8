"""Are the processes that should live alive? Standard library only."""

from dataclasses import dataclass
from pathlib import Path

from tasks_core.liveness.report import Report, read_all
from tasks_core.worker.pid import pid_exists


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all is well, and a sentence on it."""

    is_alive: bool
    message: str


def verdict_on(role: str, name: str, folder: Path) -> Verdict:
    """Judge the process ``name``; without a name all of that role on this machine, at least one."""
    reports = read_all(folder, role, name)
    if not name:
        reports = [report for report in reports if pid_exists(report.pid)]
    if not reports:
        who = f"the {role} {name}" if name else f"no {role}"
        what = "has not reported" if name else "reports"
        return Verdict(is_alive=False, message=f"{who} {what} in {folder}")
    verdicts = [_judge(report) for report in reports]
    return next((verdict for verdict in verdicts if not verdict.is_alive), verdicts[0])


def _judge(report: Report) -> Verdict:
    who = f"{report.role} {report.name} (process {report.pid})"
    if not pid_exists(report.pid):
        return Verdict(is_alive=False, message=f"{who} is gone")
    if not 0 <= report.age <= report.fresh_for:
        said = f"{report.age:.0f} s ago" if report.age >= 0 else "before the machine started"
        return Verdict(is_alive=False, message=f"{who} stands still: it reported last {said}")
    if report.problem:
        return Verdict(is_alive=False, message=f"{who} does not work: {report.problem}")
    return Verdict(is_alive=True, message=f"{who} works{f': {report.note}' if report.note else ''}")
