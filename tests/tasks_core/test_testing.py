"""``run_due`` inside a test's transaction, which the worker's other threads do not see."""

from typing import Any

import pytest

import tasks_core
from tasks_core.models import Task
from tasks_core.testing import run_due
from tasks_core.worker import process

pytestmark = pytest.mark.django_db


def test_the_keeper_rests_meanwhile_and_takes_nothing_for_lost() -> None:
    had_a_turn: list[bool] = []

    @tasks_core.task_type("slow")
    def slow(payload: dict[str, Any]) -> None:
        # It looks after nothing that it has not locked.
        had_a_turn.append(process.current().keeper._tending.acquire(blocking=False))

    task = tasks_core.enqueue("slow", {})
    assert run_due() == 1
    assert had_a_turn == [False]
    assert Task.objects.get(pk=task.pk).state == "SUCCEEDED"
