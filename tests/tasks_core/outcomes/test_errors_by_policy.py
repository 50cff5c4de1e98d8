"""Which errors are final is said by the type, by the task, or by a policy that operators edit."""

from typing import Any

import pytest

import tasks_core
from tasks_core import Fixed
from tasks_core.engine.retry import RetryRule
from tasks_core.engine.states import State
from tasks_core.models import DeadLetter, RetryPolicy, Task
from tasks_core.worker.executor import execute
from tests.support.life import queue

pytestmark = pytest.mark.usefixtures("transactional_db")


class CardRefused(RuntimeError):
    """What the bank says."""


def _fail(retry: RetryRule | str | None) -> Task:
    @tasks_core.task_type("charge", retry=Fixed(initial=60, max_attempts=5))
    def charge(payload: dict[str, Any]) -> None:
        raise CardRefused("insufficient funds")

    task = tasks_core.enqueue("charge", {}, retry=retry)
    execute("charge", queue(), worker="w1")
    task.refresh_from_db()
    return task


def test_an_error_that_nobody_calls_final_is_retried() -> None:
    assert _fail(None).state == State.RETRYING


def test_a_task_can_name_final_errors() -> None:
    task = _fail(Fixed(initial=60, final_errors=("CardRefused",)))
    assert task.state == State.DEAD
    assert DeadLetter.objects.get(task=task).reason == "the retry policy does not retry this error"


def test_an_operator_can_name_a_base_class() -> None:
    RetryPolicy.objects.create(name="cards", strategy="fixed", final_errors=["RuntimeError"])
    assert _fail("cards").state == State.DEAD


def test_an_operator_can_name_the_only_errors_that_are_retried() -> None:
    RetryPolicy.objects.create(name="cards", strategy="fixed", retried_errors=["ConnectionError"])
    assert _fail("cards").state == State.DEAD
