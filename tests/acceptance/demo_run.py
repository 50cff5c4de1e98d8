"""One run of the demo as a tree of real processes, watched and disturbed from outside."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from examples.demo.arguments import EVENTS_FILE
from scheduler_project.data_folder import CHECKOUT
from scheduler_project.launch.leftovers import MARK
from tests.support.waiting import wait_until

EVENTS = 200
START_SECONDS = 180.0
END_SECONDS = 240.0
_OURS = ("DATABASE_URL", "BROKER_URL", "BELLRINGER_KEY_PREFIX", "PYTEST_XDIST_WORKER")
_DELIVERED = "SELECT count(*) FROM notifications_notification WHERE state = 'sent'"
_UNFINISHED = (
    "SELECT count(*) FROM notifications_notification WHERE state IN ('accepted', 'in_progress') "
    "AND (held_until IS NULL OR held_until <= now())"
)


class DemoRun:
    """`make demo ARGS="--exit --events 200"` on servers of its own, whose data is in `folder`."""

    def __init__(self, folder: Path, *, events: int = EVENTS) -> None:
        self.folder = folder
        self._report = folder / "report.json"
        self._output = folder / "output.txt"
        self._arguments = [
            "--exit", "--events", str(events), "--file", str(EVENTS_FILE), "--report", str(self._report)
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "DemoRun":
        self._report.unlink(missing_ok=True)
        environment = {name: value for name, value in os.environ.items() if name not in _OURS}
        environment |= {"BELLRINGER_DATA_DIR": str(self.folder), "DEBUG": "true"}
        embedded = [sys.executable, "-m", "scheduler_project.embedded", "run", "--"]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*embedded, sys.executable, "-m", "examples.demo", *self._arguments],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self.interrupt()
            self._process.wait(END_SECONDS)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text("utf-8")

    def interrupt(self) -> None:
        """Stop it as a supervisor would; Ctrl-C comes to the same."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = END_SECONDS) -> int:
        """Wait for its end; return the exit status."""
        assert self._process is not None
        return self._process.wait(seconds)

    def finish(self) -> dict[str, Any]:
        """Wait until it has ended with all numbers adding up; return them."""
        status = self.wait()
        assert status == 0, self.output
        report: dict[str, Any] = json.loads(self._report.read_text("utf-8"))
        assert all(check["holds"] for check in report["checks"])
        return report

    def platform(self, program: str) -> psutil.Process:
        """Return a process of the platform by what it runs: `worker`, `beat`, ..."""

        def found() -> psutil.Process | None:
            self._is_under_way()
            return self._find(program)

        return wait_until(found, seconds=START_SECONDS, what=f"{program} runs")

    def wait_delivered(self, count: int) -> None:
        """Wait until so many more messages are delivered than before this run began."""
        before = self._number(_DELIVERED)

        def enough() -> bool:
            self._is_under_way()
            return self._number(_DELIVERED) >= before + count

        wait_until(enough, seconds=END_SECONDS, what=f"{count} messages are delivered")
        assert self._number(_UNFINISHED) > 0, "the run was over before it was disturbed"

    def flush_broker(self) -> None:
        """Remove everything from the broker."""
        with redis.Redis.from_url(self._variable("BROKER_URL"), socket_timeout=5) as client:
            client.flushall()

    def _is_under_way(self) -> None:
        """Say at once why it has ended, rather than wait for what cannot come any more."""
        assert self._process is not None
        assert self._process.poll() is None, self.output

    def _find(self, program: str) -> psutil.Process | None:
        for process in psutil.process_iter():
            try:
                if self._is_ours(process, program):
                    return process
            except psutil.Error:
                continue
        return None

    def _is_ours(self, process: psutil.Process, program: str) -> bool:
        if program not in process.cmdline() or process.environ().get(MARK) != str(self.folder):
            return False
        # Workers' children have the same command line.
        parent = process.parent()
        return parent is not None and program not in parent.cmdline()

    def _number(self, statement: str) -> int:
        try:
            with psycopg.connect(self._variable("DATABASE_URL"), autocommit=True) as connection:
                row = connection.execute(statement.encode()).fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
        return int(row[0]) if row else 0

    def _variable(self, name: str) -> str:
        return self.platform("beat").environ()[name]


def kill(*processes: psutil.Process) -> None:
    """End processes as a machine does that fails: they cannot do anything about it.

    They are gone when this returns; the signal alone leaves them to be found for a moment.
    """
    for process in processes:
        process.kill()
    _, left = psutil.wait_procs(processes, timeout=START_SECONDS)
    assert not left, f"still there: {left}"
