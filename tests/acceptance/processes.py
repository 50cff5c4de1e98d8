"""Real workers and beats as processes of a test, on its database and its queues."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from scheduler_project.data_folder import CHECKOUT
from tasks_core import clock
from tasks_core.liveness import folder as runtime
from tasks_core.models import Worker
from tests.project import journal
from tests.support.waiting import wait_until

START_SECONDS = 60.0
STOP_SECONDS = 40.0
SETTINGS = {
    # Short enough to wait for, long enough for a busy machine.
    "BELLRINGER_LEASE_SECONDS": "5",
    "BELLRINGER_LOST_MESSAGE_SECONDS": "2",
    "BELLRINGER_SHUTDOWN_GRACE_SECONDS": "3",
    "BELLRINGER_CANCEL_GRACE_SECONDS": "1",
    "CELERY_SKIP_CHECKS": "1",
}


class Processes:
    """Starts processes, and ends all of them with the test."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.journal = folder / "journal"
        self._logs = folder
        self.runtime_folder = folder / "run"
        self._environment = {
            **SETTINGS,
            **environment,
            journal.VARIABLE: str(self.journal),
            runtime.VARIABLE: str(self.runtime_folder),
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def start_worker(
        self, name: str = "one", *arguments: str, concurrency: int = 2, clock_ahead: float = 0.0
    ) -> subprocess.Popen[bytes]:
        """Start a worker and wait until it consumes."""
        known = f"{name}@test"
        process = self._start(
            name,
            *("worker", "--hostname", known, "--concurrency", str(concurrency)),
            *("--without-gossip", "--without-mingle", *arguments),
            clock_ahead=clock_ahead,
        )
        self._wait_for(known, process)
        return process

    def start_beat(
        self, name: str = "beat", *arguments: str, clock_ahead: float = 0.0
    ) -> subprocess.Popen[bytes]:
        """Start a beat and wait until it has registered."""
        before = set(Worker.objects.filter(role=Worker.Role.BEAT).values_list("pid", flat=True))
        scheduler = "tasks_core.beat:Scheduler"
        process = self._start(name, "beat", "-S", scheduler, *arguments, clock_ahead=clock_ahead)
        wait_until(
            lambda: Worker.objects.filter(role=Worker.Role.BEAT).exclude(pid__in=before).exists(),
            seconds=START_SECONDS,
            what=f"beat is there; its log: {self.log(name)}",
        )
        return process

    def start_flower(self, url: str) -> subprocess.Popen[bytes]:
        """Start Flower at an address; it wants FLOWER_BASIC_AUTH in the environment."""
        host, _, port = url.removeprefix("http://").partition(":")
        settings = "--conf=scheduler_project/flowerconfig.py"
        return self._start("flower", "flower", settings, f"--address={host}", f"--port={port}")

    def inspect(self, command: str) -> str:
        """Return what `celery inspect` prints of all workers."""
        return subprocess.run(
            [
                *(sys.executable, "-m", "celery", "-A", "tests.project.celery_app"),
                *("inspect", command, "--timeout", "20"),
            ],
            cwd=CHECKOUT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=START_SECONDS,
        ).stdout

    def log(self, name: str) -> str:
        """Return what a process has printed."""
        return (self._logs / f"{name}.log").read_text("utf-8")

    def end_all(self) -> None:
        """Kill what still runs, children included."""
        for process in self._running:
            if process.poll() is None:
                kill_tree(process)
                process.wait(STOP_SECONDS)

    def _start(
        self, name: str, *arguments: str, clock_ahead: float = 0.0
    ) -> subprocess.Popen[bytes]:
        """Start a process, on a machine whose clock is so many seconds ahead."""
        environment = {**self._environment, "TEST_CLOCK_AHEAD": str(clock_ahead or "")}
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tests.project.celery_app", *arguments],
                cwd=CHECKOUT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def _wait_for(self, name: str, process: subprocess.Popen[bytes]) -> None:
        wait_until(
            lambda: Worker.objects.alive(clock.now()).filter(name=name, pid=process.pid).exists(),
            seconds=START_SECONDS,
            what=f"worker {name} is there",
        )


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the process ids of a worker's pool."""
    return [child.pid for child in psutil.Process(process.pid).children()]


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children at once, as the loss of a machine would."""
    for pid in [process.pid, *children(process)]:
        os.kill(pid, signal.SIGKILL)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Stop a process as a deployment does, and return its exit status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_SECONDS)
