"""What a running handler says of itself, and when it gives way."""

from collections.abc import Callable
from typing import Any

import pytest

import tasks_core
from tasks_core import CRITICAL, LOW, Fixed, TaskContext, Yield
from tasks_core.engine.states import State
from tasks_core.exceptions import InvalidOption, PayloadTooLarge, TaskCancelled
from tasks_core.models import Task
from tasks_core.worker.executor import execute
from tests.support.life import events_of, plain_type, queue

pytestmark = pytest.mark.usefixtures("transactional_db")


def _run(work: Callable[[TaskContext], Any], **options: Any) -> Task:
    @tasks_core.task_type("work", retry=Fixed(initial=0, max_attempts=3))
    def handler(payload: dict[str, Any], context: TaskContext) -> Any:
        return work(context)

    task = tasks_core.enqueue("work", {}, **options)
    execute("work", queue(), worker="w1")
    task.refresh_from_db()
    return task


def test_progress_is_stored_and_leaves_an_event() -> None:
    task = _run(lambda context: context.progress(3, 3, "all of them"))
    assert task.progress == {"done": 3, "total": 3, "note": "all of them"}
    assert events_of(task.pk) == ["scheduled", "queued", "started", "progressed", "completed"]


def test_progress_is_written_once_a_second_however_often_it_is_called() -> None:
    def work(context: TaskContext) -> None:
        for done in range(1_000):
            context.progress(done, 1_001)

    assert events_of(_run(work).pk).count("progressed") == 1


@pytest.mark.parametrize(("done", "total"), [(-1, 3), (4, 3)])
def test_impossible_progress_is_refused(done: int, total: int) -> None:
    refused: list[Exception] = []

    def work(context: TaskContext) -> None:
        with pytest.raises(InvalidOption, match="done") as caught:
            context.progress(done, total)
        refused.append(caught.value)

    assert _run(work).progress is None
    assert len(refused) == 1


def test_the_next_attempt_resumes_from_the_last_checkpoint() -> None:
    seen: list[Any] = []

    def work(context: TaskContext) -> None:
        seen.append(context.last_checkpoint)
        if context.attempt == 1:
            context.checkpoint({"page": 7})
            raise ConnectionError("in the middle")

    task = _run(work)
    assert task.state == State.RETRYING
    execute("work", queue(), worker="w2")
    assert seen == [None, {"page": 7}]
    assert tasks_core.get(task.pk).state == State.SUCCEEDED


def test_a_checkpoint_tells_a_handler_that_its_task_was_cancelled() -> None:
    told: list[bool] = []

    def work(context: TaskContext) -> None:
        assert tasks_core.cancel(context.task_id, reason="not wanted")
        with pytest.raises(TaskCancelled):
            context.checkpoint({"page": 1})
        told.append(context.cancelled)

    task = _run(work)
    assert told == [True]
    assert (task.state, task.checkpoint) == (State.CANCELLED, None)


def test_a_checkpoint_that_is_too_large_is_refused() -> None:
    def work(context: TaskContext) -> None:
        with pytest.raises(PayloadTooLarge, match="65,536"):
            context.checkpoint("x" * 70_000)

    assert _run(work).checkpoint is None


def test_a_handler_gives_way_to_critical_work_without_using_an_attempt() -> None:
    plain_type("urgent")
    asked: list[bool] = []

    def work(context: TaskContext) -> None:
        asked.append(context.should_yield())
        if asked[-1]:
            context.checkpoint({"done": 1})
            raise Yield

    @tasks_core.task_type("work")
    def handler(payload: dict[str, Any], context: TaskContext) -> None:
        work(context)

    task = tasks_core.enqueue("work", {}, priority=LOW)
    [mine] = queue()
    tasks_core.enqueue("urgent", {}, priority=CRITICAL)
    urgent = queue()
    execute("work", [mine], worker="w1")
    task.refresh_from_db()
    assert (task.state, task.attempts, task.attempts_used) == (State.SCHEDULED, 1, 0)
    assert "yielded" in events_of(task.pk)

    execute("urgent", urgent, worker="w1")
    execute("work", queue(), worker="w1")
    task.refresh_from_db()
    assert asked == [True, False]
    assert (task.state, task.attempts_used, task.checkpoint) == (State.SUCCEEDED, 1, {"done": 1})
