"""Machines whose clocks are off by minutes: everything runs once and in time, and the machine is named."""

import re
import time
from datetime import timedelta

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.health import Level, examine
from tasks_core.models import Task, TaskEvent, Worker
from tests.acceptance.processes import Processes
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]


def _unfinished() -> list[tuple[object, ...]]:
    return list(Task.objects.unfinished().values_list("id", "task_type", "state", "run_after")[:5])


def _all_end(seconds: float) -> None:
    wait_until(lambda: not _unfinished(), seconds=seconds, what=f"the end of {_unfinished()}")


def _times_begun(processes: Processes, ids: list[int]) -> set[int]:
    begun = journal.begun(processes.journal)
    return {len(begun[task_id]) for task_id in ids}


def test_nothing_runs_twice_with_beats_that_are_a_minute_ahead_and_behind(
    processes: Processes,
) -> None:
    processes.start_worker(concurrency=2)
    processes.start_beat("early", clock_ahead=60)
    processes.start_beat("late", clock_ahead=-60)
    ids = tasks_core.enqueue_many("project.work", [{"seconds": 0.01}] * 600)
    ids += tasks_core.enqueue_many("project.work_alone", [{"seconds": 7.0}] * 2)  # over their lease
    later = tasks_core.enqueue("project.work", {}, run_after=clock.now() + timedelta(seconds=20)).pk
    _all_end(90)
    assert _times_begun(processes, [*ids, later]) == {1}
    assert not TaskEvent.objects.filter(kind="lost").exists()
    at = TaskEvent.objects.get(task=later, kind="started").at
    assert 0 <= (at - Task.objects.get(pk=later).run_after).total_seconds() < 10


def test_workers_minutes_ahead_and_behind_keep_time_and_their_tasks(processes: Processes) -> None:
    fast = processes.start_worker("fast", concurrency=1, clock_ahead=300)
    slow = processes.start_worker("slow", concurrency=1, clock_ahead=-31)
    processes.start_beat()
    alone = tasks_core.enqueue_many("project.work_alone", [{"seconds": 7.0}] * 2)
    again = tasks_core.enqueue_many("project.fail_first", [{}] * 20)
    again += tasks_core.enqueue_many("project.snooze", [{}] * 20)
    began = time.monotonic()
    _all_end(90)
    assert time.monotonic() - began < 60
    assert _times_begun(processes, alone) == {1}
    assert _times_begun(processes, again) == {2}
    assert set(Task.objects.values_list("state", flat=True)) == {"SUCCEEDED"}
    wait_until(lambda: Worker.objects.filter(clock_skew__gt=299).exists())
    messages = " ".join(f.message for f in examine(["clocks"]) if f.level is Level.DEGRADED)
    assert re.search(r"fast@test on \S+ is (299|300)\.\d s ahead of", messages)
    assert re.search(r"slow@test on \S+ is 3[01]\.\d s behind", messages)
    assert "beat@" not in messages
    assert re.search(r"clock of this machine is \+(299|300)\.\d s off", processes.log("fast"))
    assert (fast.poll(), slow.poll()) == (None, None)
