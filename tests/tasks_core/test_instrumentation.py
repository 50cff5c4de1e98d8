"""Watchers see attempts; the attempts don't notice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import tasks_core
from tasks_core import Fixed, instrumentation
from tasks_core.instrumentation import WatchedAttempt
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.support.life import queue, state_of

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_types() -> None:
    @tasks_core.task_type("work", retry=Fixed(max_attempts=1))
    def work(payload: dict[str, Any]) -> None:
        if payload.get("fail"):
            raise ValueError("on purpose")

    @tasks_core.task_type("work_async", retry=Fixed(max_attempts=1))
    async def work_async(payload: dict[str, Any]) -> None:
        work(payload)


@pytest.fixture
def watch() -> Iterator[Callable[[instrumentation.Watcher], None]]:
    added = []

    def add(watcher: instrumentation.Watcher) -> None:
        added.append(watcher)
        instrumentation.add_watcher(watcher)

    yield add
    for watcher in added:
        instrumentation.remove_watcher(watcher)


def run(name: str, payload: dict[str, Any]) -> str:
    task_id = tasks_core.enqueue(name, payload).pk
    queue()
    execute(name, [task_id], worker="w")
    process = worker_process.current()
    process.loop.wait_until_idle(seconds=10)
    process.outcomes.flush()
    return state_of(task_id)


@pytest.mark.parametrize("name", ["work", "work_async"])
@pytest.mark.parametrize("fails", [False, True])
def test_watcher_sees_beginning_and_end(
    watch: Callable[[instrumentation.Watcher], None], name: str, fails: bool
) -> None:
    seen: list[Any] = []

    @contextmanager
    def watcher(attempt: WatchedAttempt) -> Iterator[None]:
        seen.append((attempt.task.attempt, attempt.outcome, instrumentation.current_attempt.get()))
        yield
        seen.append(attempt)

    watch(watcher)
    run(name, {"fail": fails})

    (number, outcome, current), attempt = seen
    assert (number, outcome) == (1, None)
    assert current is attempt
    assert attempt.outcome.state == ("DEAD" if fails else "SUCCEEDED")
    assert type(attempt.error) is (ValueError if fails else type(None))
    assert instrumentation.current_attempt.get() is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_watcher_that_fails_changes_nothing(
    watch: Callable[[instrumentation.Watcher], None], when: str, caplog: pytest.LogCaptureFixture
) -> None:
    @contextmanager
    def broken(attempt: WatchedAttempt) -> Iterator[None]:
        if when == "before":
            raise RuntimeError("the watcher is broken")
        yield
        raise RuntimeError("the watcher is broken")

    others: list[str] = []

    @contextmanager
    def other(attempt: WatchedAttempt) -> Iterator[None]:
        yield
        others.append(str(attempt.outcome and attempt.outcome.state))

    watch(broken)
    watch(other)

    assert run("work", {}) == "SUCCEEDED"
    assert others == ["SUCCEEDED"]
    assert "the watcher is broken" in caplog.text
