"""The metrics equal the tables, whatever happened to those who count."""

import random

import pytest
from django.db import connection
from django.db.models import Count, Max, Sum

import tasks_core
from tasks_core.engine.states import State
from tasks_core.models import EventSubscription, MetricRollup, MetricTotal, Task, TaskEvent
from tests.acceptance.processes import Processes, kill_tree
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

TASKS = 8_000
ROUNDS = 6

CUT_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def _delivered() -> int:
    cursor = EventSubscription.objects.filter(name="metrics").first()
    return 0 if cursor is None else cursor.delivered


def _wait_until_more_is_counted() -> None:
    before = _delivered()
    wait_until(lambda: _delivered() > before, seconds=60, what="more is counted")


def _totals() -> dict[str, int]:
    rows = MetricTotal.objects.exclude(measure="retries").values_list("measure")
    return dict(rows.annotate(n=Sum("count")))


def test_after_killed_beats_and_cut_connections_all_is_counted_once(processes: Processes) -> None:
    rng = random.Random(11)
    worker = processes.start_worker()
    beats = [processes.start_beat(f"beat-{n}") for n in range(2)]
    for number in range(ROUNDS):
        tasks_core.enqueue_many("project.work", [{}] * (TASKS // ROUNDS))
        tasks_core.enqueue_many("project.fail", [{}] * 20)
        _wait_until_more_is_counted()
        if number % 2:
            with connection.cursor() as cursor:
                cursor.execute(CUT_CONNECTIONS)
        else:
            kill_tree(beats.pop(rng.randrange(2)))
            beats.append(processes.start_beat(f"beat-{number + 2}"))
    kill_tree(worker)
    processes.start_worker("another")
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=120, what="all is done")
    wait_until(lambda: _delivered() >= TaskEvent.objects.count(), seconds=60, what="all is counted")

    totals = _totals()
    assert totals == dict(TaskEvent.objects.order_by().values_list("kind").annotate(Count("id")))
    assert _delivered() == TaskEvent.objects.count()
    assert totals["scheduled"] == Task.objects.count()
    assert totals["completed"] == Task.objects.filter(state=State.SUCCEEDED).count()
    assert totals["dead_lettered"] == Task.objects.filter(state=State.DEAD).count()
    assert totals["started"] == Task.objects.aggregate(n=Sum("attempts"))["n"]
    rollups = MetricRollup.objects.exclude(measure="retries")
    assert rollups.aggregate(n=Sum("count"))["n"] == sum(totals.values())
    needed = MetricTotal.objects.filter(measure="retries").aggregate(n=Sum("amount"))["n"]
    assert needed == totals["started"] - Task.objects.count()
    assert Task.objects.aggregate(most=Max("attempts"))["most"] >= 3
