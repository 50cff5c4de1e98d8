"""A hard limit ends the process of a handler that nothing else ends; a pool that cannot do so says no."""

import os
import subprocess
import sys
from typing import Any

import pytest

import tasks_core
from scheduler_project.data_folder import CHECKOUT
from tasks_core import registry
from tasks_core.engine.states import State
from tasks_core.models import DeadLetter, Task
from tests.acceptance.processes import Processes
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.life import state_of
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]


@pytest.fixture
def process_environment(process_environment: dict[str, str]) -> dict[str, str]:
    return {**process_environment, "TEST_HARD_LIMIT": "yes"}


@pytest.fixture
def _endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process enqueue what the workers know as a type with a hard limit."""
    monkeypatch.setattr(registry, "_types", dict(registry.task_types()))

    @tasks_core.task_type("project.endless")
    def endless(payload: dict[str, Any]) -> None: ...


@pytest.mark.usefixtures("_endless")
def test_handler_past_its_hard_limit_is_ended_and_its_attempts_count(processes: Processes) -> None:
    processes.start_worker()
    processes.start_beat()
    culprit = tasks_core.enqueue("project.endless", {})
    neighbours = tasks_core.enqueue_many("project.wait", [{"seconds": 0.2}] * 40)
    neighbours += tasks_core.enqueue_many("project.work", [{"seconds": 0.05}] * 20)
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60, what="all tasks end")

    culprit.refresh_from_db()
    assert (culprit.state, culprit.attempts_used) == ("DEAD", 2)
    assert "longer than max_runtime_hard" in DeadLetter.objects.get(task=culprit).message
    others = Task.objects.filter(pk__in=neighbours)
    assert {(task.state, task.attempts_used) for task in others} == {("SUCCEEDED", 1)}
    assert journal.overlaps(processes.journal) == []


@pytest.mark.usefixtures("_endless")
def test_its_neighbours_give_back_what_they_hold_before_the_process_ends(
    processes: Processes,
) -> None:
    processes.start_worker(concurrency=1)
    processes.start_beat()
    neighbours = tasks_core.enqueue_many("project.hold", [{"seconds": 0.5}] * 3)
    wait_until(lambda: len(journal.begun(processes.journal)) == 3, seconds=30, what="they hold")

    culprit = tasks_core.enqueue("project.endless", {})
    wait_until(lambda: state_of(culprit.pk) is State.DEAD, seconds=60, what="the culprit is dead")

    assert journal.given_back(processes.journal) == set(neighbours)
    assert {task.attempts_used for task in Task.objects.filter(pk__in=neighbours)} <= {0, 1}
    assert journal.overlaps(processes.journal) == []


def test_pool_that_cannot_keep_a_hard_limit_refuses_to_start(
    process_environment: dict[str, str],
) -> None:
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "celery", "-A", "tests.project.celery_app", "worker"),
            *("--pool", "threads"),
        ],
        cwd=CHECKOUT,
        env=process_environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.returncode == os.EX_CONFIG
    output = answer.stdout + answer.stderr
    assert "max_runtime_hard of project.endless needs the prefork pool" in output
    assert "Traceback" not in output
