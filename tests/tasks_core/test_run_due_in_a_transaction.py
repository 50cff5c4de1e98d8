"""``run_due`` inside a test's transaction, which the worker's other threads do not see."""

import threading
from typing import Any

import pytest
from django.db import connections

import tasks_core
from tasks_core import TaskContext, worker_process
from tasks_core.models import Task
from tasks_core.testing import run_due

pytestmark = pytest.mark.django_db


def test_a_slow_handler_is_not_taken_for_lost() -> None:
    cancelled: list[bool] = []

    @tasks_core.task_type("slow")
    def slow(payload: dict[str, Any], context: TaskContext) -> None:
        keeper = worker_process.current().keeper
        keeper._checked_at = float("-inf")

        def tend() -> None:
            keeper._tend()
            connections.close_all()

        turn = threading.Thread(target=tend)
        turn.start()
        turn.join()
        cancelled.append(context.cancelled)

    task = tasks_core.enqueue("slow", {})
    assert run_due() == 1
    assert cancelled == [False]
    assert Task.objects.get(pk=task.pk).state == "SUCCEEDED"
