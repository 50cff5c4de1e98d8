"""What a batch costs in statements, whatever its size."""

from typing import Any

import pytest

import tasks_core
from tasks_core import Fixed
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful
from tasks_core.worker import outcome_buffer
from tasks_core.worker.executor import execute
from tests.support.counting import statements
from tests.support.life import queue

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine not write outcomes in between, because a batch has taken long."""
    monkeypatch.setattr(outcome_buffer, "FLUSH_SECONDS", 60.0)


@pytest.fixture(autouse=True)
def known_types() -> None:
    @tasks_core.task_type("quick", retry=Fixed(max_attempts=1))
    def quick(payload: dict[str, Any]) -> None:
        if payload.get("fail"):
            raise ValueError("on purpose")


@pytest.mark.parametrize("count", [1, 10, 200])
def test_batch_that_succeeds_costs_one_claim_and_one_finish(count: int) -> None:
    ids = tasks_core.enqueue_many("quick", [{}] * count)
    queue()

    with statements(2):
        assert execute("quick", ids, worker="w") == count


@pytest.mark.parametrize("count", [1, 10, 100])
def test_batch_that_fails_costs_one_claim_and_two_to_finish_whoever_listens(count: int) -> None:
    heard: list[int] = []

    def listen(tasks: list[UnsuccessfulTask], **_: Any) -> None:
        heard.extend(task.task_id for task in tasks)

    tasks_unsuccessful.connect(listen)
    ids = tasks_core.enqueue_many("quick", [{"fail": True}] * count)
    queue()
    with statements(3):
        assert execute("quick", ids, worker="w") == count
    assert sorted(heard) == sorted(ids)


def test_message_that_comes_too_late_costs_one_claim() -> None:
    ids = tasks_core.enqueue_many("quick", [{}] * 10)
    queue()
    execute("quick", ids, worker="w")

    with statements(1):
        assert execute("quick", ids, worker="w") == 0
