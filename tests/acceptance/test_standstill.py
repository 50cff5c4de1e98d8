"""A worker that takes messages and can begin nothing: the platform names its process and the cause."""

from collections.abc import Iterator

import pytest
from django.db import connection

import tasks_core
from tasks_core.health import Level, examine, worst
from tasks_core.models import Task, Worker
from tests.acceptance.processes import Processes, children
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

FORBID = """
CREATE FUNCTION forbid_claims() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no claims today'; END $$;
CREATE TRIGGER forbid_claims BEFORE UPDATE ON tasks_core_task
FOR EACH ROW WHEN (NEW.state = 'RUNNING') EXECUTE FUNCTION forbid_claims();
"""
ALLOW = """
DROP TRIGGER IF EXISTS forbid_claims ON tasks_core_task;
DROP FUNCTION IF EXISTS forbid_claims();
"""


@pytest.fixture
def no_claims(transactional_db: None) -> Iterator[None]:
    """Let every claim fail, while all else goes well."""
    with connection.cursor() as cursor:
        cursor.execute(FORBID)
    yield
    _allow()


def _allow() -> None:
    with connection.cursor() as cursor:
        cursor.execute(ALLOW)


@pytest.mark.usefixtures("no_claims")
def test_process_whose_claims_fail_is_named_within_30_seconds(processes: Processes) -> None:
    worker = processes.start_worker(concurrency=1)
    processes.start_beat()
    wait_until(lambda: Worker.objects.filter(consumed_at__isnull=False).exists(), seconds=60)
    [pid] = children(worker)
    task = tasks_core.enqueue("project.work", {})

    def is_named() -> bool:
        return any(f"process {pid} took messages" in f.message for f in examine(["progress"]))

    wait_until(is_named, seconds=30, what="the process is named")
    assert any("(RaiseException)" in found.message for found in examine(["progress"]))

    _allow()
    wait_until(lambda: Task.objects.get(pk=task.pk).state == "SUCCEEDED", seconds=30)
    wait_until(lambda: worst(examine(["progress"])) is Level.HEALTHY, seconds=30)
