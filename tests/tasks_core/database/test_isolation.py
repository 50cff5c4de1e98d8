"""Tasks that have to run alone: each waits for an empty process, and nobody is let in before it has ended."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

import tasks_core
from tasks_core import BatchItem, Fixed, TaskContext
from tasks_core.engine.states import State
from tasks_core.models import Task, TaskEvent
from tasks_core.signals import attempts_begun
from tasks_core.worker import isolation, process
from tasks_core.worker.executor import execute
from tests.support.life import queue, state_of, states
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


class Stage:
    """Who is on it at the moment, and who may leave."""

    def __init__(self) -> None:
        self.on_stage: set[int] = set()
        self.company: dict[int, set[int]] = {}
        self.may_leave: set[int] = set()
        self.everybody = False

    def enter(self, task_id: int) -> None:
        self.company[task_id] = set(self.on_stage)
        self.on_stage.add(task_id)

    def may(self, task_id: int) -> bool:
        return self.everybody or task_id in self.may_leave


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.everybody = True


@pytest.fixture
def in_threads(stage: Stage) -> Iterator[Any]:
    """Return a function that executes a message in a thread of its own, as the pool of threads does."""
    running: list[threading.Thread] = []

    def run(name: str, ids: list[int]) -> None:
        execute(name, ids, worker="w:1")
        connection.close()

    def start(name: str, ids: list[int]) -> threading.Thread:
        thread = threading.Thread(target=run, args=(name, ids))
        thread.start()
        running.append(thread)
        return thread

    yield start
    stage.everybody = True
    for thread in running:
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def types(stage: Stage) -> None:
    @tasks_core.task_type("loop", retry=Fixed(initial=60))
    async def loop(payload: dict[str, Any], context: TaskContext) -> None:
        stage.enter(context.task_id)
        while not stage.may(context.task_id):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        stage.on_stage.discard(context.task_id)

    @tasks_core.task_type("plain", retry=Fixed(initial=60))
    def plain(payload: dict[str, Any], context: TaskContext) -> None:
        stage.enter(context.task_id)
        wait_until(lambda: stage.may(context.task_id))
        stage.on_stage.discard(context.task_id)

    @tasks_core.task_type("batch", retry=Fixed(initial=60), batch=True)
    def batch(items: list[BatchItem[dict[str, Any]]]) -> Iterator[None]:
        for item in items:
            stage.enter(item.context.task_id)
            wait_until(lambda: stage.may(item.context.task_id))  # noqa: B023
            stage.on_stage.discard(item.context.task_id)
            yield None


def _queued(name: str, count: int = 1, *, isolated: bool = False) -> list[int]:
    ids = tasks_core.enqueue_many(name, [{}] * count)
    Task.objects.filter(pk__in=ids).update(isolated=isolated)
    queue()
    return ids


@pytest.mark.usefixtures("types")
@pytest.mark.parametrize("name", ["loop", "plain", "batch"])
@pytest.mark.parametrize("other", ["loop", "plain"])
def test_it_waits_for_an_empty_process_and_lets_nobody_in(
    name: str, other: str, stage: Stage, in_threads: Any
) -> None:
    first = _queued(other, 2)
    in_threads(other, first)
    wait_until(lambda: bool(stage.on_stage), what="the first are there")
    [alone] = _queued(name, isolated=True)
    in_threads(name, [alone])
    wait_until(lambda: process.current().room._is_reserved, what="it waits")
    [late] = _queued(other)
    in_threads(other, [late])

    stage.may_leave.update(first)
    wait_until(lambda: alone in stage.on_stage, what="it begins")
    assert stage.company[alone] == set()
    assert state_of(late) is State.QUEUED
    stage.everybody = True
    wait_until(lambda: states() == {State.SUCCEEDED: 4})
    assert alone not in stage.company[late]
    assert set(Task.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.usefixtures("types")
def test_of_two_that_come_in_at_once_one_is_given_back(stage: Stage, in_threads: Any) -> None:
    both_are_in = threading.Barrier(2)

    def meet(**_: Any) -> None:
        both_are_in.wait(20)

    one, two = _queued("plain", 2, isolated=True)
    attempts_begun.connect(meet)
    for task_id in (one, two):
        in_threads("plain", [task_id])
    wait_until(lambda: bool(stage.on_stage), what="one runs")
    attempts_begun.disconnect(meet)

    wait_until(lambda: states() == {State.RUNNING: 1, State.SCHEDULED: 1})
    released = TaskEvent.objects.get(kind="released")
    assert released.data == {"reason": "its process is not empty", "returned": True}
    assert len(stage.company) == 1
    stage.everybody = True


@pytest.mark.usefixtures("types")
def test_in_a_message_with_others_it_is_given_back(stage: Stage) -> None:
    stage.everybody = True
    [alone] = _queued("plain", isolated=True)
    others = _queued("plain", 2)
    assert execute("plain", [alone, *others], worker="w:1") == 3
    assert state_of(alone) is State.SCHEDULED
    assert Task.objects.get(pk=alone).attempts_used == 0
    assert {state_of(i) for i in others} == {State.SUCCEEDED}
    released = TaskEvent.objects.get(task_id=alone, kind="released")
    assert released.data == {"reason": "it runs alone", "returned": True}
    queue()
    execute("plain", [alone], worker="w:1")
    assert state_of(alone) is State.SUCCEEDED


@pytest.mark.usefixtures("types")
def test_one_that_waits_is_given_back_when_the_worker_stops(stage: Stage, in_threads: Any) -> None:
    [first] = _queued("plain")
    in_threads("plain", [first])
    wait_until(lambda: first in stage.on_stage)
    [alone] = _queued("loop", isolated=True)
    waiting = in_threads("loop", [alone])
    wait_until(lambda: state_of(alone) is State.RUNNING)
    process.ask_to_stop()
    waiting.join(10)
    process.current().outcomes.flush()
    assert (state_of(alone), Task.objects.get(pk=alone).attempts_used) == (State.SCHEDULED, 0)


@pytest.mark.usefixtures("types")
@pytest.mark.parametrize("name", ["loop", "plain"])
def test_it_holds_nobody_up_for_long(
    name: str, stage: Stage, in_threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler on the event loop may go on for hours."""
    monkeypatch.setattr(isolation, "SHORTEST_WAIT", 0.3)
    [endless] = _queued("loop")
    execute("loop", [endless], worker="w:1")
    wait_until(lambda: endless in stage.on_stage)
    [alone] = _queued(name, isolated=True)
    in_threads(name, [alone])
    wait_until(lambda: process.current().room._is_reserved, what="it waits")
    [late] = _queued("plain")
    in_threads("plain", [late])
    stage.may_leave.add(late)

    wait_until(lambda: state_of(late) is State.SUCCEEDED)
    wait_until(lambda: state_of(alone) is State.SCHEDULED)
    assert Task.objects.get(pk=alone).attempts_used == 0
    released = TaskEvent.objects.get(task_id=alone, kind="released")
    assert released.data == {"reason": "its process is not empty", "returned": True}


@pytest.mark.usefixtures("types")
def test_one_that_is_cancelled_while_it_waits_lets_the_others_in(
    stage: Stage, in_threads: Any
) -> None:
    [first] = _queued("loop")
    execute("loop", [first], worker="w:1")
    wait_until(lambda: first in stage.on_stage)
    [alone] = _queued("plain", isolated=True)
    in_threads("plain", [alone])
    wait_until(lambda: process.current().room._is_reserved, what="it waits")
    tasks_core.cancel(alone, reason="not needed")
    [late] = _queued("plain")
    in_threads("plain", [late])
    stage.may_leave.add(late)

    wait_until(lambda: state_of(late) is State.SUCCEEDED, seconds=5)
    assert alone not in stage.company
    assert first in stage.on_stage
