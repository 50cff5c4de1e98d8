"""The connections that processes hold are those that are documented and counted."""

import pytest
from django.db import connection

import tasks_core
from tasks_core import clock
from tasks_core.health.connections import needed_by
from tasks_core.models import Task, Worker
from tests.acceptance.processes import Processes
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]


def _others() -> int:
    """Return how many sessions others have in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        found: int = cursor.fetchone()[0]
        return found


@pytest.mark.usefixtures("transactional_db")
def test_processes_hold_no_more_connections_than_is_said(processes: Processes) -> None:
    before = _others()
    processes.start_worker(concurrency=2)
    processes.start_beat()
    wait_until(lambda: Worker.objects.alive(clock.now()).count() == 2, seconds=60)
    for _ in range(20):
        tasks_core.enqueue("project.work", {"seconds": 0.05})
        tasks_core.enqueue("project.wait", {"seconds": 0.05})
    most = 0

    def is_done() -> bool:
        nonlocal most
        most = max(most, _others() - before)
        return not Task.objects.unfinished().exists()

    wait_until(is_done, seconds=60)

    needed = needed_by(Worker.objects.alive(clock.now()))
    assert needed / 2 < most <= needed
