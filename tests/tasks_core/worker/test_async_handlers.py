"""``async def`` handlers: side by side on one loop, bounded, and no one at the mercy of another."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

import tasks_core
from tasks_core import Fixed, PermanentError, TaskContext, clock
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.signals import worker_process_stopping
from tasks_core.sql.end import cancel
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.life import events_of, queue, state_of, states
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


class Stage:
    """Where handlers wait until the test lets them go on, and what it sees of them."""

    def __init__(self) -> None:
        self.on_stage: set[int] = set()
        self.most_at_once = 0
        self.called: list[tuple[int, int]] = []
        self._open = threading.Event()

    def let_go(self) -> None:
        self._open.set()

    async def wait(self, context: TaskContext) -> None:
        self.called.append((context.task_id, context.attempt))
        self.on_stage.add(context.task_id)
        self.most_at_once = max(self.most_at_once, len(self.on_stage))
        try:
            while not self._open.is_set():  # noqa: ASYNC110 the test opens it from another thread
                await asyncio.sleep(0.002)
        finally:
            self.on_stage.discard(context.task_id)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.let_go()


def _enqueued(count: int, payload: dict[str, Any] | None = None) -> list[int]:
    ids = tasks_core.enqueue_many("wait", [payload or {}] * count)
    queue()
    return ids


def _register(stage: Stage, **options: Any) -> None:
    @tasks_core.task_type("wait", **options)
    async def wait(payload: dict[str, Any], context: TaskContext) -> str:
        match payload.get("do"):
            case "raise":
                raise PermanentError("on purpose")
            case "cancel":
                raise asyncio.CancelledError
            case "interrupt":
                raise KeyboardInterrupt
            case "exit":
                raise SystemExit(3)
            case "return":
                return "at once"
        await stage.wait(context)
        return "waited"


def _finished(ids: list[int]) -> None:
    wait_until(lambda: all(state_of(task_id).name != "RUNNING" for task_id in ids))


def test_message_is_done_before_its_handlers_are(stage: Stage) -> None:
    _register(stage)
    ids = _enqueued(5)

    assert execute("wait", ids, worker="w") == 5

    wait_until(lambda: stage.on_stage == set(ids))
    assert states() == {State.RUNNING: 5}
    stage.let_go()
    _finished(ids)
    assert {t.result for t in Task.objects.all()} == {"waited"}


def test_handlers_of_several_messages_run_side_by_side(stage: Stage) -> None:
    _register(stage)
    first, second = _enqueued(3), _enqueued(4)

    execute("wait", first, worker="w")
    execute("wait", second, worker="w")

    wait_until(lambda: len(stage.on_stage) == 7)


def test_task_that_joins_others_in_their_process_was_not_alone(stage: Stage) -> None:
    _register(stage)
    first, second = _enqueued(2)
    execute("wait", [first], worker="w1")
    wait_until(lambda: stage.on_stage == {first})
    execute("wait", [second], worker="w1")
    assert Task.objects.get(pk=first).claimed_with == 1
    assert Task.objects.get(pk=second).claimed_with == 2


def test_no_more_run_at_once_than_the_type_allows(stage: Stage) -> None:
    _register(stage, max_concurrency=3)
    ids = _enqueued(10)
    worker = threading.Thread(target=_execute_in_thread, args=(ids,))

    worker.start()
    wait_until(lambda: len(stage.on_stage) == 3)
    stage.let_go()
    worker.join(20)

    _finished(ids)
    assert stage.most_at_once == 3
    assert states() == {State.SUCCEEDED: 10}


def _execute_in_thread(ids: list[int]) -> None:
    from django.db import connection

    execute("wait", ids, worker="w")
    connection.close()


@pytest.mark.parametrize(
    ("deed", "state"),
    [
        ("raise", State.DEAD),
        ("cancel", State.RETRYING),
        ("interrupt", State.RETRYING),
        ("exit", State.RETRYING),
    ],
)
def test_one_that_goes_wrong_does_not_disturb_its_neighbours(
    stage: Stage, deed: str, state: State
) -> None:
    _register(stage, retry=Fixed(initial=60))
    neighbours = _enqueued(3)
    execute("wait", neighbours, worker="w")
    wait_until(lambda: len(stage.on_stage) == 3)

    (wrong,) = _enqueued(1, {"do": deed})
    execute("wait", [wrong], worker="w")
    wait_until(lambda: state_of(wrong) is state)

    assert stage.on_stage == set(neighbours)
    assert Task.objects.get(pk=wrong).attempts_used == 1
    stage.let_go()
    _finished(neighbours)
    assert states() == {state: 1, State.SUCCEEDED: 3}
    (after,) = _enqueued(1, {"do": "return"})
    execute("wait", [after], worker="w")
    wait_until(lambda: state_of(after) is State.SUCCEEDED)


def test_one_that_hangs_costs_one_place_and_ends_at_its_limit(stage: Stage) -> None:
    _register(stage, max_runtime=0.3, retry=Fixed(initial=60), max_concurrency=2)
    (hanging,) = _enqueued(1)
    execute("wait", [hanging], worker="w")
    wait_until(lambda: len(stage.on_stage) == 1)

    others = _enqueued(20, {"do": "return"})
    execute("wait", others, worker="w")
    _finished(others)

    wait_until(lambda: state_of(hanging) is State.RETRYING)
    assert "longer than max_runtime (0.3 s)" in Task.objects.get(pk=hanging).error
    assert events_of(others[0])[-1] == "completed"


def test_outcome_is_written_while_others_still_run(stage: Stage) -> None:
    _register(stage)
    slow = _enqueued(1)
    quick = _enqueued(1, {"do": "return"})

    execute("wait", slow + quick, worker="w")

    wait_until(lambda: state_of(quick[0]) is State.SUCCEEDED)
    assert state_of(slow[0]) is State.RUNNING


def test_leases_are_renewed_while_handlers_wait(stage: Stage, settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LEASE_SECONDS": 3.0}
    _register(stage)
    ids = _enqueued(2)
    execute("wait", ids, worker="w")
    first = Task.objects.get(pk=ids[0]).lease_until
    assert first

    wait_until(lambda: Task.objects.filter(lease_until__gt=first).count() == 2)


def test_cancelled_task_is_told_and_its_result_dropped(stage: Stage) -> None:
    told = threading.Event()

    @tasks_core.task_type("wait")
    async def wait(payload: dict[str, Any], context: TaskContext) -> str:
        while not context.cancelled:  # noqa: ASYNC110 that is how a handler looks
            await asyncio.sleep(0.002)
        told.set()
        return "too late"

    ids = _enqueued(1)
    execute("wait", ids, worker="w")
    cancel(ids, reason="test", now=clock.now())

    assert told.wait(10)
    wait_until(lambda: len(process.current().inflight) == 0)
    assert (state_of(ids[0]), Task.objects.get().result) == (State.CANCELLED, None)


def test_stopping_worker_lets_handlers_finish_within_the_grace(
    stage: Stage, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SHUTDOWN_GRACE_SECONDS": 20.0}
    _register(stage)
    ids = _enqueued(5)
    execute("wait", ids, worker="w")
    wait_until(lambda: len(stage.on_stage) == 5)

    process.ask_to_stop()
    threading.Timer(0.2, stage.let_go).start()
    process.drain()

    assert states() == {State.SUCCEEDED: 5}


def test_stopping_worker_hands_back_what_does_not_finish_and_uses_no_attempt(
    stage: Stage, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SHUTDOWN_GRACE_SECONDS": 0.2}
    _register(stage)
    ids = _enqueued(5)
    execute("wait", ids, worker="w")
    wait_until(lambda: len(stage.on_stage) == 5)

    process.ask_to_stop()
    process.drain()

    assert states() == {State.SCHEDULED: 5}
    assert {task.attempts_used for task in Task.objects.all()} == {0}
    assert events_of(ids[0])[-1] == "released"


def test_stopping_worker_hands_back_what_does_not_heed_its_cancellation(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SHUTDOWN_GRACE_SECONDS": 0.1}
    monkeypatch.setattr(process, "GIVE_BACK_SECONDS", 0.3)
    cancelled, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    @tasks_core.task_type("wait")
    async def wait(payload: dict[str, Any]) -> None:
        while not may_end.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                cancelled.set()
        ended.set()

    def let_it_end(**_: Any) -> None:
        """Too late for its outcome, but in time for the end of the loop."""
        may_end.set()
        assert ended.wait(10)

    worker_process_stopping.connect(let_it_end)
    (task_id,) = _enqueued(1)
    execute("wait", [task_id], worker="w")
    wait_until(lambda: all(entry.has_begun for entry in process.current().inflight.all()))

    process.ask_to_stop()
    process.drain()
    worker_process_stopping.disconnect(let_it_end)

    assert cancelled.is_set()
    assert states() == {State.SCHEDULED: 1}
    assert Task.objects.get().attempts_used == 0
    assert events_of(task_id)[-1] == "released"


def test_grace_of_a_stop_counts_from_the_wish_to_stop(stage: Stage, settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SHUTDOWN_GRACE_SECONDS": 2.0}
    _register(stage)
    ids = _enqueued(1)
    execute("wait", ids, worker="w")
    wait_until(lambda: stage.on_stage == set(ids))

    process.ask_to_stop()
    wait_until(lambda: (process.stopping_for() or 0) > 2.0)
    process.ask_to_stop()
    began = time.monotonic()
    process.drain()

    assert time.monotonic() - began < 1.5
    assert states() == {State.SCHEDULED: 1}


def test_handler_that_gives_back_is_not_cancelled_again(stage: Stage, settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SHUTDOWN_GRACE_SECONDS": 0.1}
    given_back = threading.Event()

    @tasks_core.task_type("wait")
    async def wait(payload: dict[str, Any], context: TaskContext) -> None:
        try:
            await stage.wait(context)
        finally:
            await asyncio.sleep(0.3)
            given_back.set()

    ids = _enqueued(1)
    execute("wait", ids, worker="w")
    wait_until(lambda: stage.on_stage == set(ids))

    assert not process.current().loop.cancel_all(seconds=0.1)
    process.drain()

    assert given_back.is_set()
    assert states() == {State.SCHEDULED: 1}


def test_stopping_worker_begins_nothing(stage: Stage) -> None:
    _register(stage)
    ids = _enqueued(2)
    process.ask_to_stop()

    assert execute("wait", ids, worker="w") == 0
    assert states() == {State.QUEUED: 2}


def test_handlers_keep_their_own_context(stage: Stage) -> None:
    seen: dict[int, str] = {}

    @tasks_core.task_type("child")
    async def child(payload: dict[str, Any]) -> None: ...

    @tasks_core.task_type("wait")
    async def wait(payload: dict[str, Any], context: TaskContext) -> None:
        from tasks_core.context import current_context

        await stage.wait(context)
        current = current_context.get()
        seen[context.task_id] = current.correlation_id if current else ""

    ids = [tasks_core.enqueue("wait", {}, correlation_id=f"c{n}").pk for n in range(5)]
    queue()
    execute("wait", ids, worker="w")
    wait_until(lambda: len(stage.on_stage) == 5)
    stage.let_go()
    _finished(ids)

    assert seen == {task_id: f"c{n}" for n, task_id in enumerate(ids)}
