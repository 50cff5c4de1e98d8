"""A broker that dies, is read-only, full or busy under load: worker and beat wait, and go on."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis
from django.conf import settings

import tasks_core
from tasks_core.lanes import lane_name
from tasks_core.models import Task
from tests.acceptance.failing_broker import FailingBroker
from tests.acceptance.processes import Processes, stop
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]


@pytest.fixture
def failing_broker(tmp_path: Path) -> Iterator[FailingBroker]:
    broker = FailingBroker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def process_environment(
    process_environment: dict[str, str], failing_broker: FailingBroker
) -> dict[str, str]:
    return {
        **process_environment,
        "BROKER_URL": failing_broker.url,
        "BELLRINGER_REDIS_SOCKET_TIMEOUT": "2",
        "BELLRINGER_REDIS_HEALTH_CHECK_INTERVAL": "2",
    }


def _give_work() -> list[int]:
    return tasks_core.enqueue_many("project.work", [{"seconds": 0.01}] * 100)


def _begun(processes: Processes) -> int:
    return len(journal.begun(processes.journal))


def _all_end_well(processes: Processes, ids: list[int]) -> None:
    wait_until(
        lambda: not Task.objects.unfinished().exists(), seconds=90, what="all tasks are done"
    )
    assert set(Task.objects.values_list("state", flat=True)) == {"SUCCEEDED"}
    assert sorted(journal.begun(processes.journal)) == sorted(ids)
    assert journal.overlaps(processes.journal) == []


def test_worker_and_beat_outlast_a_broker_that_dies_again_and_again(
    processes: Processes, failing_broker: FailingBroker
) -> None:
    worker, beat = processes.start_worker(), processes.start_beat()
    ids: list[int] = []
    for _ in range(8):
        ids += _give_work()
        before = _begun(processes)
        wait_until(lambda before=before: _begun(processes) > before, seconds=60)  # type: ignore[misc]
        failing_broker.kill()
        failing_broker.start()
    _all_end_well(processes, ids)
    assert worker.poll() is beat.poll() is None
    assert stop(worker) == 0
    assert stop(beat) == 0


@pytest.mark.parametrize("fault", ["read_only", "full", "busy"])
def test_worker_and_beat_outlast_a_broker_that_refuses(
    processes: Processes, failing_broker: FailingBroker, fault: str
) -> None:
    worker, beat = processes.start_worker(), processes.start_beat()
    ids = _give_work()
    wait_until(lambda: _begun(processes) > 0, seconds=60, what="work begins")
    failing: AbstractContextManager[None] = getattr(failing_broker, fault)()
    with failing:
        ids += _give_work()
        _watch(lambda: worker.poll() is beat.poll() is None, seconds=6)
    ids += _give_work()
    _all_end_well(processes, ids)
    assert worker.poll() is beat.poll() is None


def _watch(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    wait_until(lambda: not holds() or time.monotonic() > end, seconds=2 * seconds)
    assert holds()


def test_junk_in_a_lane_costs_a_line_in_the_log_and_no_connection(
    processes: Processes, failing_broker: FailingBroker
) -> None:
    processes.start_worker()
    processes.start_beat()
    lane = f"{settings.KEY_PREFIX}{lane_name('default', 2)}"
    with redis.Redis.from_url(failing_broker.url) as broker:
        for junk in (b"junk", b"{}", b"[]", b"\xff"):
            broker.lpush(lane, junk)
        _all_end_well(processes, _give_work())
        assert broker.llen(lane) == 0
    log = processes.log("one")
    assert log.count("dropped something from a queue") == 4
    assert "consuming again" not in log
    assert "Connection to broker lost" not in log
