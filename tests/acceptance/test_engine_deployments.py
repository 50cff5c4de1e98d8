"""Deployments: workers that stop in the middle of their work, other pools, and releases side by side."""

from datetime import timedelta

import pytest
import redis

import tasks_core
from tasks_core import clock
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.models import Task, TaskEvent
from tests.acceptance.processes import Processes, stop
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]


def _all_succeed() -> None:
    wait_until(
        lambda: not Task.objects.unfinished().exists(), seconds=90, what="all tasks are done"
    )
    assert set(Task.objects.values_list("state", flat=True)) == {"SUCCEEDED"}


def test_worker_that_stops_within_its_batches_hands_the_rest_to_the_next_one(
    processes: Processes,
) -> None:
    first = processes.start_worker("first")
    processes.start_beat()
    tasks_core.enqueue_many("project.work", [{"seconds": 0.1}] * 120)
    tasks_core.enqueue_many("project.wait", [{"seconds": 0.5}] * 120)
    wait_until(lambda: len(journal.begun(processes.journal)) > 10, seconds=60, what="work begins")

    assert stop(first) == 0

    assert not Task.objects.filter(state="RUNNING").exists()
    assert not Task.objects.filter(state="RETRYING").exists()
    done = Task.objects.filter(state="SUCCEEDED").count()
    assert 10 < done < 240
    assert (
        not Task.objects.exclude(state="SUCCEEDED")
        .filter(attempts__gt=0)
        .exclude(events__kind="released")
    )
    processes.start_worker("second")
    _all_succeed()
    assert {task.attempts_used for task in Task.objects.all()} == {1}
    assert {len(lines) for lines in journal.begun(processes.journal).values()} == {1}
    assert not TaskEvent.objects.filter(kind="failed").exists()


def test_worker_that_stops_lets_cancelled_handlers_give_back_what_they_hold(
    processes: Processes,
) -> None:
    worker = processes.start_worker(concurrency=1)
    processes.start_beat()
    ids = tasks_core.enqueue_many("project.hold", [{"seconds": 2.5}] * 3)
    wait_until(lambda: len(journal.begun(processes.journal)) == 3, seconds=30, what="they hold")

    assert stop(worker) == 0

    assert journal.given_back(processes.journal) == set(ids)
    tasks = Task.objects.filter(pk__in=ids)
    assert {(task.state, task.attempts_used) for task in tasks} <= {("SCHEDULED", 0), ("QUEUED", 0)}
    assert "ending process" not in processes.log("one")


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_other_pools_do_the_same_work(processes: Processes, pool: str) -> None:
    worker = processes.start_worker("one", "--pool", pool)
    processes.start_beat()
    ids = tasks_core.enqueue_many("project.work", [{"seconds": 0.002}] * 100)
    ids += tasks_core.enqueue_many("project.wait", [{"seconds": 0.05}] * 100)

    _all_succeed()

    assert sorted(journal.begun(processes.journal)) == sorted(ids)
    tasks_core.enqueue_many("project.wait", [{"seconds": 30}] * 3)
    wait_until(lambda: len(journal.begun(processes.journal)) == 203, what="the last ones begin")
    assert stop(worker) == 0
    assert not Task.objects.filter(state="RUNNING").exists()


def test_worker_of_the_last_release_leaves_new_types_to_one_of_the_next(
    processes: Processes, broker: "redis.Redis"
) -> None:
    processes.start_worker()

    @tasks_core.task_type("project.of_the_next_release")
    def new(payload: dict[str, int]) -> None: ...

    ids = tasks_core.enqueue_many("project.of_the_next_release", [{}] * 3)
    Dispatcher().dispatch()

    wait_until(
        lambda: Task.objects.filter(pk__in=ids, state="SCHEDULED").count() == 3,
        what="the worker puts them aside",
    )
    for task in Task.objects.filter(pk__in=ids):
        assert task.attempts == 0
        assert task.run_after > clock.now() + timedelta(seconds=30)
    assert "deploy workers before the code that enqueues" in processes.log("one")
