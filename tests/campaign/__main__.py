"""Conduct the campaign."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from tests.campaign.faults import Fault
    from tests.campaign.stage import Stage
    from tests.campaign.verdict import Verdict

SETTLE_SECONDS = 30.0
"""So soon after a fault is over everything has to be finished, what the load itself takes included."""

BEFORE, AFTER = 3.0, 3.0
"""Seconds of load before the fault and after it."""

console = Console()


def main() -> int:
    """Run the faults that were asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this fault (may be repeated)"
    )
    parser.add_argument("--list", action="store_true", help="show the faults and end")
    parser.add_argument("--rounds", type=int, default=1, help="how often the whole is done")
    parser.add_argument("--folder", type=Path, help="where logs, journals and servers' data stay")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="campaign-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    os.environ["DEBUG"] = "true"
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.project.settings"
    from tests.campaign.stage import Stage

    with Stage(folder).open() as stage:
        _set_up(stage)
        from tests.campaign.faults import FAULTS

        if arguments.list:
            for name, function in FAULTS.items():
                console.print(f"{name:30} {function.__doc__}")
            return 0
        unknown = set(arguments.only) - FAULTS.keys()
        if unknown:
            parser.error(f"there is no fault {', '.join(sorted(unknown))}; see --list")
        chosen = {
            name: f for name, f in FAULTS.items() if not arguments.only or name in arguments.only
        }
        console.print(f"Logs and journals are in {folder}.")
        verdicts = [
            _conduct(stage, name, function, folder)
            for _ in range(arguments.rounds)
            for name, function in chosen.items()
        ]
    return _report(verdicts)


def _set_up(stage: "Stage") -> None:
    os.environ["DATABASE_URL"] = stage.database_urls["caller"]
    os.environ["BROKER_URL"] = stage.broker_urls["caller"]
    os.environ["BELLRINGER_KEY_PREFIX"] = "campaign:"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _conduct(stage: "Stage", name: str, function: "Fault", folder: Path) -> "Verdict":
    from django.db import connections

    from tests.campaign.load import Load
    from tests.campaign.verdict import Verdict, judge

    stage.start_all()
    journal = stage.processes.journal
    journal.unlink(missing_ok=True)
    verdict = Verdict(name)
    load = Load(seed=hash(name) % 1000)
    load.start()
    time.sleep(BEFORE)
    began = time.monotonic()
    try:
        function(stage)
    except Exception as error:  # noqa: BLE001 the campaign goes on, and says so
        verdict.problems.append(f"the fault itself failed: {error!r}")
    ended = time.monotonic()
    time.sleep(AFTER)
    load.end()
    connections.close_all()
    left = _settle(ended)
    verdict.settled_in = time.monotonic() - ended - AFTER
    verdict.slowest_call = load.slowest
    if left:
        verdict.problems.append(f"{left} tasks are unfinished {SETTLE_SECONDS:g} s after the load")
    if gone := stage.ended():
        verdict.problems.append(f"ended by themselves: {', '.join(gone)}")
    judge(verdict, load, journal, fault_began=began, fault_ended=ended + 1.0)
    (folder / f"journal-{name}").write_bytes(journal.read_bytes() if journal.exists() else b"")
    colour = "red" if verdict.problems else "green"
    console.print(
        f"[{colour}]{name:30}[/] {verdict.tasks:5} tasks, {verdict.doubled:3} doubled, "
        f"{verdict.overlapped:2} overlapped, settled in {verdict.settled_in:4.1f} s, "
        f"slowest call {verdict.slowest_call:4.1f} s"
    )
    for problem in verdict.problems:
        console.print(f"    [red]{problem}[/]", highlight=False)
    _forget()
    return verdict


def _settle(ended: float) -> int:
    from django.db import Error, connections

    from tasks_core.models import Task

    deadline = time.monotonic() + SETTLE_SECONDS
    left = -1
    while time.monotonic() < deadline and left:
        try:
            left = Task.objects.unfinished().count()
        except Error:
            connections.close_all()
        time.sleep(0.2)
    return left


def _forget() -> None:
    """Leave the tables as they were: the next fault has its own tasks."""
    from tasks_core.models import DeadLetter, Task

    DeadLetter.objects.all().delete()
    Task.objects.unfinished().update(state="CANCELLED")
    Task.objects.all().delete()
    from tasks_core.models import TaskEvent

    TaskEvent.objects.all().delete()


def _report(verdicts: list["Verdict"]) -> int:
    table = Table(
        "fault", "tasks", "doubled", "overlapped", "settled in", "slowest call", "problems"
    )
    for verdict in verdicts:
        table.add_row(
            verdict.fault,
            str(verdict.tasks),
            str(verdict.doubled),
            str(verdict.overlapped),
            f"{verdict.settled_in:.1f} s",
            f"{verdict.slowest_call:.1f} s",
            str(len(verdict.problems) or ""),
        )
    console.print(table)
    bad = sum(bool(verdict.problems) for verdict in verdicts)
    console.print(f"{len(verdicts)} faults, {bad} with problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
