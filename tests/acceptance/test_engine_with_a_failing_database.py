"""A PostgreSQL that closes all its connections, as a restart or a failover does, under real load."""

import pytest
from django.db import connection

import tasks_core
from tasks_core.models import Task
from tests.acceptance.processes import Processes
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def _cut_all_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(CUT)


def test_workers_and_beat_reconnect_and_no_task_is_lost(processes: Processes) -> None:
    worker = processes.start_worker()
    beat = processes.start_beat()
    ids = tasks_core.enqueue_many("project.work", [{"seconds": 0.005}] * 600)
    ids += tasks_core.enqueue_many("project.wait", [{"seconds": 0.05}] * 300)

    for share in (50, 300, 600):
        wait_until(
            lambda share=share: len(journal.begun(processes.journal)) >= share,  # type: ignore[misc]
            seconds=60,
            what=f"{share} handlers begin",
        )
        _cut_all_connections()
    wait_until(
        lambda: not Task.objects.unfinished().exists(), seconds=90, what="all tasks are done"
    )

    assert set(Task.objects.values_list("state", flat=True)) == {"SUCCEEDED"}
    assert sorted(journal.begun(processes.journal)) == sorted(ids)
    assert journal.overlaps(processes.journal) == []
    assert worker.poll() is beat.poll() is None
