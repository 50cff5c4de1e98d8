"""Each task of a batch is watched by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

import tasks_core
from tasks_core import BatchItem, Fixed, instrumentation
from tasks_core.instrumentation import WatchedAttempt
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.life import queue

pytestmark = pytest.mark.usefixtures("transactional_db")

inside: ContextVar[int] = ContextVar("inside", default=0)
found: list[tuple[int, int]] = []


@pytest.fixture(autouse=True)
def known_type() -> None:
    found.clear()

    @tasks_core.task_type("work_together", retry=Fixed(max_attempts=1), batch=True)
    def work(items: list[BatchItem[dict[str, Any]]]) -> Iterator[object]:
        for item in items:
            with item.active():
                found.append((item.context.task_id, inside.get()))
            if item.payload.get("break"):
                raise RuntimeError("nobody's in particular")
            found.append((0, inside.get()))
            yield ValueError("on purpose") if item.payload.get("fail") else None


@contextmanager
def watched_by(watcher: instrumentation.Watcher) -> Iterator[None]:
    instrumentation.add_watcher(watcher)
    try:
        yield
    finally:
        instrumentation.remove_watcher(watcher)


def run(payloads: list[dict[str, Any]]) -> list[int]:
    ids = tasks_core.enqueue_many("work_together", payloads)
    queue()
    execute("work_together", ids, worker="w")
    process.current().outcomes.flush()
    return ids


def test_watcher_surrounds_each_task_of_a_batch_and_learns_its_own_outcome() -> None:
    ended: dict[int, tuple[str, type | None]] = {}

    @contextmanager
    def watcher(attempt: WatchedAttempt) -> Iterator[None]:
        token = inside.set(attempt.task.id)
        yield
        inside.reset(token)
        assert attempt.outcome is not None
        error = type(attempt.error) if attempt.error else None
        ended[attempt.task.id] = (attempt.outcome.state, error)

    with watched_by(watcher):
        first, second, third = run([{}, {"fail": True}, {}])

    assert found == [(first, first), (0, 0), (second, second), (0, 0), (third, third), (0, 0)]
    assert ended == {
        first: ("SUCCEEDED", None),
        second: ("DEAD", ValueError),
        third: ("SUCCEEDED", None),
    }
    assert inside.get() == 0


def test_watchers_are_left_when_the_handler_fails_half_way() -> None:
    open_ones: set[int] = set()

    @contextmanager
    def watcher(attempt: WatchedAttempt) -> Iterator[None]:
        open_ones.add(attempt.task.id)
        yield
        open_ones.remove(attempt.task.id)

    with watched_by(watcher):
        run([{}, {"break": True}, {}])
    assert open_ones == set()
