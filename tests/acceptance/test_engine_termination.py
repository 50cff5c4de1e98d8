"""A task that is terminated, as a later tick of its schedule may ask for, gets no grace time."""

import pytest

import tasks_core
from tasks_core.client.control import terminate_many
from tasks_core.engine.states import State
from tasks_core.models import Task
from tests.acceptance.processes import Processes, children
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.life import state_of
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]


@pytest.fixture
def process_environment(process_environment: dict[str, str]) -> dict[str, str]:
    return {**process_environment, "BELLRINGER_CANCEL_GRACE_SECONDS": "600"}


def test_process_of_a_terminated_handler_is_ended_at_once(processes: Processes) -> None:
    worker = processes.start_worker()
    processes.start_beat()
    task = tasks_core.enqueue("project.work_alone", {"seconds": 60.0})
    wait_until(lambda: state_of(task.pk) is State.RUNNING, seconds=30)
    running = Task.objects.get(pk=task.pk)
    pid = int(running.worker.rpartition(":")[2])
    assert pid in children(worker)

    assert terminate_many([task.pk], reason="a later tick took its place") == [task.pk]

    wait_until(lambda: pid not in children(worker), seconds=15, what="its process is gone")
    assert state_of(task.pk) is State.CANCELLED
    following = tasks_core.enqueue("project.work_alone", {})
    wait_until(lambda: state_of(following.pk) is State.SUCCEEDED, seconds=30)
