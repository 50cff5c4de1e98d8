"""A stop with a database or a broker that answers nothing: every process ends in the time it is allowed."""

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest

import tasks_core
from tests.acceptance.processes import SETTINGS, Processes, children
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.forwarder import Forwarder, forwarding
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

WORKER_SECONDS = float(SETTINGS["BELLRINGER_SHUTDOWN_GRACE_SECONDS"]) + 15
BEAT_SECONDS = 25.0
LEEWAY = 10.0
"""For a busy machine."""

Ways = dict[str, Forwarder]


@pytest.fixture
def ways() -> Iterator[Ways]:
    """Give the ways to the servers, which can swallow what comes: a frozen server does the same."""
    with _way("DATABASE_URL") as database, _way("BROKER_URL") as broker:
        yield {"database": database, "broker": broker}
        database.swallows.clear()
        broker.swallows.clear()


def _way(variable: str) -> AbstractContextManager[Forwarder]:
    address = urlsplit(os.environ[variable])
    assert address.hostname is not None
    assert address.port is not None
    return forwarding(address.hostname, address.port)


def _by(way: Forwarder, url: str) -> str:
    address = urlsplit(url)
    return urlunsplit(address._replace(netloc=f"{address.netloc.rpartition(':')[0]}:{way.port}"))


@pytest.fixture
def process_environment(process_environment: dict[str, str], ways: Ways) -> dict[str, str]:
    return {
        **process_environment,
        "DATABASE_URL": _by(ways["database"], process_environment["DATABASE_URL"]),
        "BROKER_URL": _by(ways["broker"], process_environment["BROKER_URL"]),
    }


def _load(processes: Processes) -> None:
    """Have handlers under way and outcomes to be written, in every process."""
    tasks_core.enqueue_many("project.work", [{"seconds": 0.05}] * 400)
    tasks_core.enqueue_many("project.wait", [{"seconds": 0.5}] * 100)
    wait_until(lambda: len(journal.begun(processes.journal)) > 20, seconds=60, what="work begins")


@pytest.mark.parametrize("frozen", [("database",), ("broker",), ("database", "broker")])
def test_worker_and_beat_end_in_time_whatever_is_frozen(
    processes: Processes, ways: Ways, frozen: tuple[str, ...]
) -> None:
    worker, beat = processes.start_worker(), processes.start_beat()
    pool = children(worker)
    _load(processes)
    for name in frozen:
        ways[name].swallows.set()

    worker.send_signal(signal.SIGTERM)
    beat.send_signal(signal.SIGTERM)

    worker.wait(WORKER_SECONDS + LEEWAY)
    beat.wait(BEAT_SECONDS + LEEWAY)
    wait_until(lambda: not _alive(pool), seconds=5, what="the pool is gone too")


def test_pool_ends_with_its_worker_although_the_database_is_frozen(
    processes: Processes, ways: Ways
) -> None:
    worker = processes.start_worker()
    processes.start_beat()
    pool = children(worker)
    _load(processes)
    ways["database"].swallows.set()

    worker.kill()

    wait_until(lambda: not _alive(pool), seconds=WORKER_SECONDS + LEEWAY, what="no orphan is left")


def _alive(pids: list[int]) -> list[int]:
    return [
        pid
        for pid in pids
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]
