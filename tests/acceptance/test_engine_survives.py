"""The engine with real workers and beats that are killed, frozen and stopped."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

import tasks_core
from tasks_core import Fixed
from tasks_core.models import DeadLetter, Task, TaskEvent
from tests.acceptance.processes import Processes, children, kill_tree, stop
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

SECONDS = 90.0


def _all_end(seconds: float = SECONDS) -> None:
    wait_until(
        lambda: not Task.objects.unfinished().exists(),
        seconds=seconds,
        what=f"all tasks end; left: {list(Task.objects.unfinished().values('id', 'state')[:5])}",
    )


def _states() -> set[str]:
    return set(Task.objects.values_list("state", flat=True))


def _wait_for_beginnings(processes: Processes, count: int) -> None:
    wait_until(
        lambda: len(journal.begun(processes.journal)) >= count,
        seconds=SECONDS,
        what=f"{count} handlers begin",
    )


def test_every_task_runs_once_where_nothing_fails(processes: Processes) -> None:
    processes.start_worker()
    processes.start_beat()
    ids = tasks_core.enqueue_many("project.work", [{}] * 500)
    ids += tasks_core.enqueue_many("project.wait", [{"seconds": 0.01}] * 200)
    _all_end()
    assert _states() == {"SUCCEEDED"}
    begun = journal.begun(processes.journal)
    assert sorted(begun) == sorted(ids)
    assert {len(lines) for lines in begun.values()} == {1}


def test_a_killed_child_of_the_pool_loses_no_task(processes: Processes) -> None:
    worker = processes.start_worker()
    processes.start_beat()
    tasks_core.enqueue_many("project.work_alone", [{"seconds": 0.5}] * 12)
    _wait_for_beginnings(processes, 2)
    for pid in children(worker):
        os.kill(pid, signal.SIGKILL)
    _all_end()
    assert _states() == {"SUCCEEDED"}
    assert TaskEvent.objects.filter(kind="failed", data__error__startswith="WorkerLost").exists()
    assert journal.overlaps(processes.journal) == []


def test_a_killed_worker_loses_no_task(processes: Processes) -> None:
    worker = processes.start_worker()
    processes.start_beat()
    tasks_core.enqueue_many("project.work", [{"seconds": 0.05}] * 200)
    _wait_for_beginnings(processes, 10)
    kill_tree(worker)
    worker.wait()
    processes.start_worker("two")
    _all_end()
    assert _states() == {"SUCCEEDED"}
    assert journal.overlaps(processes.journal) == []


def test_a_killed_beat_loses_no_task(processes: Processes) -> None:
    processes.start_worker()
    beat = processes.start_beat()
    tasks_core.enqueue_many("project.work", [{"seconds": 0.01}] * 1_000)
    _wait_for_beginnings(processes, 10)
    beat.kill()
    beat.wait()
    tasks_core.enqueue_many("project.work", [{}] * 200)
    processes.start_beat("second-beat")
    _all_end()
    assert _states() == {"SUCCEEDED"}
    assert {len(lines) for lines in journal.begun(processes.journal).values()} == {1}


def test_a_flushed_broker_loses_no_task(processes: Processes, broker: "redis.Redis") -> None:
    processes.start_worker()
    processes.start_beat()
    tasks_core.enqueue_many("project.work", [{"seconds": 0.02}] * 400)
    _wait_for_beginnings(processes, 10)
    for key in list(broker.scan_iter(match=f"{os.environ['BELLRINGER_KEY_PREFIX']}*")):
        broker.delete(key)
    _all_end()
    assert _states() == {"SUCCEEDED"}
    assert {len(lines) for lines in journal.begun(processes.journal).values()} == {1}


def test_a_worker_frozen_past_its_lease_changes_nothing_when_it_thaws(processes: Processes) -> None:
    frozen = processes.start_worker("frozen", concurrency=1)
    processes.start_beat()
    [task_id] = tasks_core.enqueue_many("project.work_alone", [{"seconds": 2.0}])
    _wait_for_beginnings(processes, 1)
    pids = [frozen.pid, *children(frozen)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        processes.start_worker("other", concurrency=1)
        _all_end()
        before = Task.objects.filter(pk=task_id).values().get()
        events = TaskEvent.objects.filter(task=task_id).count()
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_until(
        lambda: sum(line.word == "end" for line in journal.read(processes.journal)) == 2,
        seconds=SECONDS,
        what="the thawed handler ends too",
    )
    assert stop(frozen) == 0
    assert before["state"] == "SUCCEEDED"
    assert before["attempts"] == 2
    assert Task.objects.filter(pk=task_id).values().get() == before
    assert TaskEvent.objects.filter(task=task_id).count() == events


def test_a_task_that_kills_its_process_ends_as_a_dead_letter_at_its_limit(
    processes: Processes,
) -> None:
    processes.start_worker()
    processes.start_beat()
    task = tasks_core.enqueue("project.poison", {})
    innocent = tasks_core.enqueue_many("project.work", [{}] * 20)
    _all_end()
    task.refresh_from_db()
    assert (task.state, task.attempts) == ("DEAD", 2)
    assert len(journal.begun(processes.journal)[task.pk]) == 2
    assert DeadLetter.objects.get().task_id == task.pk
    assert set(Task.objects.filter(pk__in=innocent).values_list("state", flat=True)) == {
        "SUCCEEDED"
    }


def test_a_task_on_the_loop_that_kills_its_process_is_the_only_one_that_dies(
    processes: Processes,
) -> None:
    processes.start_worker(concurrency=1)
    processes.start_beat()
    before = tasks_core.enqueue_many(
        "project.wait", [{"seconds": 2.0}] * 5, retry=Fixed(initial=0.1, max_attempts=1)
    )
    _wait_for_beginnings(processes, 5)
    poison = tasks_core.enqueue("project.poison_on_the_loop", {"seconds": 0.3})
    after = tasks_core.enqueue_many(
        "project.wait", [{"seconds": 0.5}] * 5, retry=Fixed(initial=0.1, max_attempts=1)
    )
    _all_end(150)
    poison.refresh_from_db()
    assert (poison.state, poison.attempts_used) == ("DEAD", 2)
    assert DeadLetter.objects.get().task_id == poison.pk
    innocent = Task.objects.filter(pk__in=before + after)
    assert set(innocent.values_list("state", flat=True)) == {"SUCCEEDED"}


def test_a_machine_that_dies_charges_nobody(processes: Processes) -> None:
    worker = processes.start_worker()
    processes.start_beat()
    ids = tasks_core.enqueue_many("project.once", [{"seconds": 1.0}] * 4)
    _wait_for_beginnings(processes, 2)
    kill_tree(worker)
    worker.wait()
    processes.start_worker("two")
    _all_end()
    assert _states() == {"SUCCEEDED"}
    assert TaskEvent.objects.filter(kind="lost", task_id__in=ids).exists()
    assert not DeadLetter.objects.exists()


def test_a_clean_stop_uses_no_attempt_and_leaves_nothing_behind(processes: Processes) -> None:
    worker = processes.start_worker()
    beat = processes.start_beat()
    tasks_core.enqueue_many("project.work_alone", [{"seconds": 30.0}] * 2)
    tasks_core.enqueue_many("project.wait", [{"seconds": 30.0}] * 5)
    _wait_for_beginnings(processes, 2)
    assert stop(beat) == 0
    assert stop(worker) == 0
    assert not Task.objects.filter(state="RUNNING").exists()
    assert [task.attempts_used for task in Task.objects.all()] == [0] * 7
    assert _states() <= {"SCHEDULED", "QUEUED"}


def test_a_handler_that_ignores_its_cancellation_is_ended(processes: Processes) -> None:
    processes.start_worker(concurrency=1)
    processes.start_beat()
    [stubborn] = tasks_core.enqueue_many("project.work_alone", [{"seconds": 60.0}])
    _wait_for_beginnings(processes, 1)
    assert tasks_core.cancel(stubborn, reason="no longer wanted")
    follower = tasks_core.enqueue("project.work_alone", {"seconds": 0.0})
    assert tasks_core.wait(follower.pk, timeout=45).state == "SUCCEEDED"
    assert tasks_core.get(stubborn).state == "CANCELLED"


@pytest.fixture
def unhurried(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> Iterator[Processes]:
    """Give processes that take no message for lost, however busy the machine is."""
    patience = {"BELLRINGER_LOST_MESSAGE_SECONDS": "300"}
    started = Processes({**process_environment, **patience}, tmp_path)
    yield started
    started.end_all()


def test_two_beats_run_each_task_once(unhurried: Processes) -> None:
    unhurried.start_worker()
    unhurried.start_beat()
    unhurried.start_beat("second-beat")
    tasks_core.enqueue_many("project.work", [{}] * 2_000)
    _all_end()
    assert {len(lines) for lines in journal.begun(unhurried.journal).values()} == {1}
    assert TaskEvent.objects.filter(kind="queued").count() == 2_000


def test_the_broker_stays_small_while_all_workers_are_down(
    processes: Processes, broker: "redis.Redis"
) -> None:
    processes.start_beat()
    tasks_core.enqueue_many("project.work", [{}] * 20_000)
    lane = f"{os.environ['BELLRINGER_KEY_PREFIX']}default.normal"
    wait_until(lambda: broker.llen(lane) >= 40, seconds=SECONDS, what="the window fills")
    queued = Task.objects.filter(state="QUEUED").count()
    rounds = TaskEvent.objects.filter(kind="lost").count
    # Longer than a message may be overtaken: a message that waits is not a lost one.
    tasks_core.schedule_delayed("project.work", {}, delay=6, priority=tasks_core.CRITICAL)
    wait_until(
        lambda: Task.objects.filter(state="QUEUED", priority=0).exists(),
        seconds=SECONDS,
        what="the delayed task is dispatched",
    )
    assert broker.llen(lane) < 200
    assert Task.objects.filter(state="QUEUED", priority=2).count() == queued
    assert rounds() == 0
