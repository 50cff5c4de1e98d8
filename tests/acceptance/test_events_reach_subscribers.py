"""Subscribers get every event and each task's in order, while workers, relay and database crash."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
import redis

from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded.postgres import Postgres
from tests.acceptance.processes import SETTINGS, kill_tree
from tests.project import journal
from tests.project.subscriptions import VARIABLE, received
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400), pytest.mark.endurance]

TASKS = 100_000
DONE = "SELECT count(*) FROM tasks_core_task WHERE finished_at IS NOT NULL"
CRASHES = ["worker", "beat", "database", "worker", "beat", "worker", "database", "beat"]


class Platform:
    """A database of its own, which may crash, with workers, beat and callers on it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.events = folder / "events"
        self.events.mkdir()
        self._folder = folder
        self._server = Postgres(folder / "postgres")
        self.url = self._server.start()
        self._environment = {
            **SETTINGS,
            **environment,
            "DATABASE_URL": self.url,
            journal.VARIABLE: str(folder / "journal"),
            VARIABLE: str(self.events),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a process under a name, in place of the one that had it."""
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=CHECKOUT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._running[name]

    def start(self, name: str) -> None:
        """Start a worker or a beat."""
        app = ("celery", "-A", "tests.project.celery_app")
        if name == "beat":
            self.run(name, *app, "beat", "-S", "tasks_core.beat:Scheduler")
        else:
            options = ("--without-gossip", "--without-mingle", "--concurrency", "2")
            self.run(name, *app, "worker", "--hostname", f"{name}@test", *options)

    def crash(self, what: str) -> None:
        """Kill it as a power cut would; a worker or beat is started again."""
        if what == "database":
            self._crash_database()
            return
        process = self._running[what]
        if process.poll() is None:
            kill_tree(process)
            process.wait(20)
        self.start(what)

    def _crash_database(self) -> None:
        """Kill a session: the server ends all the others and recovers from its log."""
        with psycopg.connect(self.url) as session:
            os.kill(session.info.backend_pid, signal.SIGKILL)

    def value(self, query: LiteralString) -> int:
        """Return what a query counts; -1 while the database is away."""
        try:
            with psycopg.connect(self.url, connect_timeout=5) as session:
                [row] = session.execute(query)
        except psycopg.OperationalError:
            return -1
        return int(row[0])

    def end(self) -> None:
        """Kill everything."""
        for process in self._running.values():
            if process.poll() is None:
                kill_tree(process)
                process.wait(20)
        self._server.stop()


@pytest.fixture
def platform(
    tmp_path: Path, process_environment: dict[str, str], broker: "redis.Redis"
) -> Iterator[Platform]:
    for folder in (tmp_path.parent, tmp_path):
        folder.chmod(0o711)  # the account of the database passes through
    platform = Platform(tmp_path, process_environment)
    migrated = platform.run("migrate", "django", "migrate", "--settings", "tests.project.settings")
    assert migrated.wait(120) == 0
    yield platform
    platform.end()


def test_every_event_comes_and_those_of_a_task_in_order(platform: Platform) -> None:
    for name in ("worker", "beat"):
        platform.start(name)
    slow = [platform.run(f"slow-{n}", "tests.acceptance.producer", "slow", str(n)) for n in (1, 4)]
    bulk = platform.run("bulk", "tests.acceptance.producer", "bulk", str(TASKS))

    for number, crash in enumerate(CRASHES):
        wait_until(
            lambda wanted=number * TASKS // 10 + 1: platform.value(DONE) >= wanted,  # type: ignore[misc]
            seconds=60,
            what=f"tasks are done before crash {number}",
        )
        platform.crash(crash)
    assert bulk.wait(120) == 0
    for process in slow:
        kill_tree(process)

    wait_until(
        lambda: (
            platform.value("SELECT count(*) FROM tasks_core_task WHERE finished_at IS NULL") == 0
        ),
        seconds=180,
        what="all tasks are done",
    )
    events = platform.value("SELECT count(*) FROM tasks_core_taskevent")
    assert platform.value("SELECT count(*) FROM tasks_core_task") >= TASKS
    wait_until(
        lambda: len({event for event, _ in received(platform.events, "all")}) >= events,
        seconds=60,
        what=f"{events} events are delivered",
    )
    _all_came(platform, "all", "true")
    wait_until(lambda: _is_complete(platform, "completed", "kind = 'completed'"), seconds=30)
    _all_came(platform, "completed", "kind = 'completed'")
    _in_order(received(platform.events, "all"))


def _stored(platform: Platform, condition: LiteralString) -> set[int]:
    with psycopg.connect(platform.url) as session:
        query = f"SELECT id FROM tasks_core_taskevent WHERE {condition}"
        return {row[0] for row in session.execute(query)}


def _is_complete(platform: Platform, name: str, condition: LiteralString) -> bool:
    return {event for event, _ in received(platform.events, name)} >= _stored(platform, condition)


def _all_came(platform: Platform, name: str, condition: LiteralString) -> None:
    """Nothing is missing, and nothing came that was not committed."""
    assert {event for event, _ in received(platform.events, name)} == _stored(platform, condition)


def _in_order(lines: list[tuple[int, int]]) -> None:
    """Repeated events aside, the ids of each task rise."""
    first: dict[int, list[int]] = {}
    seen: set[int] = set()
    for event, task in lines:
        if event not in seen:
            seen.add(event)
            first.setdefault(task, []).append(event)
    for ids in first.values():
        assert all(earlier < later for earlier, later in itertools.pairwise(ids))
