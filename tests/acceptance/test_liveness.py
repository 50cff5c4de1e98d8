"""The liveness probes, on real processes: fine, busy, frozen, and one that silently consumes no more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

import tasks_core
from scheduler_project.celery import app
from scheduler_project.data_folder import CHECKOUT
from tasks_core import clock
from tasks_core.broker.redis_client import key
from tasks_core.health import examine
from tasks_core.models import Task, Worker
from tests.acceptance.processes import Processes, children, stop
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.forwarder import Forwarder, forwarding
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

PATIENCE = 4.0
NAME = "one@test"
Probe = Callable[..., tuple[int, str]]


@pytest.fixture
def way_to_the_broker() -> Iterator[Forwarder]:
    address = urlsplit(os.environ["BROKER_URL"])
    assert address.hostname is not None
    assert address.port is not None
    with forwarding(address.hostname, address.port) as forwarder:
        yield forwarder


@pytest.fixture
def process_environment(
    process_environment: dict[str, str], way_to_the_broker: Forwarder
) -> dict[str, str]:
    address = urlsplit(os.environ["BROKER_URL"])
    place = f"{address.netloc.rpartition(':')[0]}:{way_to_the_broker.port}"
    return {
        **process_environment,
        "BROKER_URL": urlunsplit(address._replace(netloc=place)),
        "BELLRINGER_REDIS_SOCKET_TIMEOUT": "2",
        "BELLRINGER_REDIS_HEALTH_CHECK_INTERVAL": "2",
        "BELLRINGER_LIVENESS_SECONDS": str(PATIENCE),
    }


@pytest.fixture
def probe(processes: Processes) -> Probe:
    """Return a function that asks as an orchestrator does, and gives exit status and answer."""

    def ask(role: str = "worker", *arguments: str) -> tuple[int, str]:
        answer = subprocess.run(
            [sys.executable, "-m", "tasks_core.liveness", role, *arguments],
            cwd=CHECKOUT,
            env={"BELLRINGER_RUNTIME_FOLDER": str(processes.runtime_folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return answer.returncode, answer.stdout + answer.stderr

    return ask


@pytest.fixture
def frozen() -> Iterator[Callable[[int], None]]:
    """Return a function that stops a process; all go on afterwards, so that they can be ended."""
    stopped: list[int] = []

    def freeze(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        stopped.append(pid)

    yield freeze
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)


def row() -> Worker:
    return Worker.objects.get(name=NAME)


def wait_consumed(probe: Probe) -> None:
    wait_until(lambda: "took a message" in probe()[1], what="the worker takes its probe message")


def stays_alive(probe: Probe, seconds: float = 4 * PATIENCE) -> None:
    """Ask again and again for much longer than the worker may be without a message."""
    end = time.monotonic() + seconds

    def is_over() -> bool:
        status, answer = probe()
        assert status == 0, answer
        return time.monotonic() > end

    wait_until(is_over, seconds=2 * seconds)


def wait_failing(probe: Probe, says: str, role: str = "worker", seconds: float = 30.0) -> None:
    def fails() -> bool:
        status, answer = probe(role)
        return status == 1 and says in answer

    wait_until(fails, seconds=seconds, what=f"the probe fails and says {says!r}")


def test_worker_that_consumes_is_alive_until_it_stops(processes: Processes, probe: Probe) -> None:
    assert probe() == (1, f"no worker reports in {processes.runtime_folder}\n")
    worker = processes.start_worker()
    wait_consumed(probe)
    assert probe("worker", "--name", NAME)[0] == 0
    assert probe("worker", "--name", "two@test")[0] == 1
    first = wait_until(lambda: row().consumed_at, what="the row says when it consumed")
    wait_until(lambda: row().consumed_at != first, what="it says so again")
    assert row().stuck_since is None
    assert not [queue for queue in row().queues if "canary" in queue]
    stop(worker)
    assert probe()[0] == 1


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_every_pool_proves_that_it_consumes(processes: Processes, probe: Probe, pool: str) -> None:
    processes.start_worker("one", "--pool", pool)
    wait_consumed(probe)


def test_worker_is_alive_as_long_as_its_busy_slots_renew_their_leases(
    processes: Processes, probe: Probe, frozen: Callable[[int], None]
) -> None:
    worker = processes.start_worker(concurrency=1)
    processes.start_beat()
    wait_consumed(probe)
    task = tasks_core.enqueue("project.work_alone", {"seconds": 600})
    wait_until(lambda: Task.objects.get(pk=task.pk).state == "RUNNING", what="it runs")
    stays_alive(probe)
    assert row().stuck_since is None

    frozen(children(worker)[0])
    wait_failing(probe, "the leases of what its 1 slots run are not renewed")
    wait_until(lambda: row().stuck_since, what="the platform hears of it")


def test_worker_with_a_frozen_pool_fails(
    processes: Processes, probe: Probe, frozen: Callable[[int], None]
) -> None:
    worker = processes.start_worker(concurrency=1)
    wait_consumed(probe)
    frozen(children(worker)[0])
    wait_failing(probe, "although 1 of 1 slots are free")


def test_one_frozen_process_of_a_pool_is_named_and_the_worker_goes_on(
    processes: Processes, probe: Probe, frozen: Callable[[int], None]
) -> None:
    worker = processes.start_worker(concurrency=3)
    processes.start_beat()
    wait_consumed(probe)
    # The others run long, which is no silence.
    task = tasks_core.enqueue("project.work_alone", {"seconds": 600})
    wait_until(lambda: Task.objects.get(pk=task.pk).state == "RUNNING", what="it runs")
    busy = int(Task.objects.get(pk=task.pk).worker.rpartition(":")[2])
    victim = next(pid for pid in children(worker) if pid != busy)

    frozen(victim)

    def is_found() -> bool:
        return any(
            f"process {victim} stands still" in found.message for found in examine(["workers"])
        )

    wait_until(is_found, seconds=30, what="the platform names the process")
    assert row().silent_processes == [victim]
    status, answer = probe()
    assert (status, f"process {victim} of its pool stands still (stopped)" in answer) == (0, True)

    os.kill(victim, signal.SIGCONT)
    wait_until(lambda: not row().silent_processes, what="the process is well again")


def test_pool_of_which_all_processes_are_stopped_fails_soon(
    processes: Processes, probe: Probe, frozen: Callable[[int], None]
) -> None:
    worker = processes.start_worker(concurrency=2)
    wait_consumed(probe)
    for pid in children(worker):
        frozen(pid)
    wait_failing(probe, "all 2 processes of its pool are stopped")


def test_worker_with_a_frozen_main_process_fails(
    processes: Processes, probe: Probe, frozen: Callable[[int], None]
) -> None:
    worker = processes.start_worker()
    wait_consumed(probe)
    frozen(worker.pid)
    wait_failing(probe, "stands still")


def test_worker_that_answers_pings_but_consumes_no_more_fails(
    processes: Processes, probe: Probe
) -> None:
    processes.start_worker()
    wait_consumed(probe)
    for queue in [*row().queues, f"{NAME}.canary"]:
        app.control.cancel_consumer(queue, destination=[NAME], reply=True, timeout=10)

    wait_failing(probe, "its own probe message has not come back")

    assert app.control.ping(destination=[NAME], timeout=5), "a ping proves nothing"
    wait_until(lambda: row().stuck_since, what="the platform hears of it")
    assert row() in Worker.objects.alive(clock.now())
    assert any("does not take messages" in finding.message for finding in examine(["workers"]))
    processes_log = processes.log("one")
    assert processes_log.count("does not work: its own probe message") == 1


def test_worker_is_not_blamed_for_a_broker_that_is_gone(
    processes: Processes, probe: Probe, way_to_the_broker: Forwarder
) -> None:
    processes.start_worker()
    wait_consumed(probe)
    way_to_the_broker.swallows.set()
    seen: list[str] = []

    def is_blamed_for_nothing() -> bool:
        status, answer = probe()
        assert status == 0, answer
        seen.append(answer)
        return "the broker cannot be reached" in answer

    wait_until(is_blamed_for_nothing, seconds=40, what="the worker notices that the broker is gone")
    stays_alive(probe)
    way_to_the_broker.swallows.clear()
    wait_until(lambda: "took a message" in probe()[1], seconds=60, what="it consumes again")


def test_probe_messages_leave_nothing_behind(
    processes: Processes, probe: Probe, broker: "redis.Redis"
) -> None:
    worker = processes.start_worker()
    wait_consumed(probe)
    stop(worker)
    names = [name.decode() for name in broker.scan_iter(f"{key('')}*", count=1000)]
    assert [name for name in names if "canary" in name] == []
    bindings = [name for name in names if "_kombu.binding" in name]
    assert bindings
    for name in bindings:
        assert b"canary" not in (broker.dump(name) or b"")


def test_beat_is_alive_until_it_stands_still(
    processes: Processes, probe: Probe, frozen: Callable[[int], None]
) -> None:
    assert probe("beat")[0] == 1
    beat = processes.start_beat()
    wait_until(lambda: probe("beat")[0] == 0, what="beat is alive")
    frozen(beat.pid)
    wait_failing(probe, "stands still", role="beat")


def test_management_commands_say_the_same(
    process_environment: dict[str, str], processes: Processes, probe: Probe
) -> None:
    processes.start_worker()
    wait_consumed(probe)
    environment = {
        **process_environment,
        "BELLRINGER_RUNTIME_FOLDER": str(processes.runtime_folder),
        # They ask neither.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "BROKER_URL": "redis://127.0.0.1:1/0",
    }

    def manage(command: str) -> int:
        words = [sys.executable, "manage.py", command]
        return subprocess.run(
            words, cwd=CHECKOUT, env=environment, timeout=60, check=False
        ).returncode

    assert (manage("check_worker"), manage("check_beat")) == (0, 1)
