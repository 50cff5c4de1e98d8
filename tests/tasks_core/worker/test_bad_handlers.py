"""Handlers that misuse their process: each harms its own attempt, and its neighbours notice nothing."""

import asyncio
import ctypes
import inspect
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import close_old_connections, connection, connections

import tasks_core
from tasks_core import BatchItem, Fixed, RetryAfter, Snooze, TaskContext
from tasks_core.engine.states import State
from tasks_core.events.rebuilding import rebuild
from tasks_core.models import Task
from tasks_core.signals import tasks_unsuccessful
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.support.life import queue
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.usefixtures("transactional_db"),
    pytest.mark.timeout(60, method="thread"),  # by a signal it would have a timer of its own
]

Deed = Callable[[], Any]
TABLE: dict[str, tuple[Deed, State]] = {}
FAILS, RETURNS, DIES = State.RETRYING, State.SUCCEEDED, State.DEAD


def deed(state: State) -> Callable[[Deed], Deed]:
    """Put what a bad handler does into the table, with the state that its own task comes to."""

    def add(work: Deed) -> Deed:
        TABLE[work.__name__] = work, state
        return work

    return add


class RudeText(Exception):
    def __str__(self) -> str:
        raise SystemExit("from __str__")


class RudeClass(Exception):
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise KeyboardInterrupt("from __class__")


class Endless(dict[str, Any]):
    def items(self) -> Any:
        return ((str(n), n) for n in iter(int, 1))


def _raise(make: Callable[[], BaseException]) -> None:
    raise make()


RAISED: tuple[Callable[[], BaseException], ...] = (
    lambda: SystemExit(3),
    lambda: SystemExit(None),
    KeyboardInterrupt,
    GeneratorExit,
    lambda: StopIteration("early"),
    StopAsyncIteration,
    asyncio.CancelledError,
    MemoryError,
    RecursionError,
    lambda: BaseException("bare"),
    lambda: BaseExceptionGroup("group", [SystemExit(1), KeyboardInterrupt()]),
    lambda: RuntimeError("can't start new thread"),
    lambda: OSError(28, "No space left on device"),
    RudeText,
    RudeClass,
)

for _number, _make in enumerate(RAISED):
    _name = f"raises_{type(_make()).__name__}_{_number}"
    TABLE[_name] = partial(_raise, _make), FAILS


@deed(FAILS)
def asks_for_a_wait_that_is_no_number() -> None:
    error = RetryAfter(1)
    error.seconds = "soon"  # type: ignore[assignment]
    raise error


@deed(FAILS)
def asks_for_a_snooze_that_is_no_number() -> None:
    error = Snooze(1)
    error.seconds = None  # type: ignore[assignment]
    raise error


@deed(FAILS)
def calls_itself_without_end() -> None:
    calls_itself_without_end()


@deed(FAILS)
def leaves_by_sys_exit() -> None:
    sys.exit(0)


@deed(FAILS)
def gets_a_soft_time_limit() -> None:
    def over(*_: Any) -> None:
        raise TimeoutError("soft limit")

    signal.signal(signal.SIGUSR1, over)
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(10)


@deed(FAILS)
def is_interrupted_from_another_thread() -> None:
    me = threading.get_ident()
    set_error = ctypes.pythonapi.PyThreadState_SetAsyncExc
    set_error(ctypes.c_ulong(me), ctypes.py_object(KeyboardInterrupt))
    for _ in range(1_000):
        time.sleep(0.001)


@deed(DIES)
def returns_what_is_no_json() -> object:
    return object()


@deed(DIES)
def returns_a_generator() -> Any:
    yield 1


@deed(DIES)
def returns_itself_nested() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@deed(DIES)
def returns_a_deep_value() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@deed(RETURNS)
def forks_and_returns_in_both() -> None:
    if pid := os.fork():
        assert os.waitpid(pid, 0)[1] == 0


@deed(RETURNS)
def forks_and_raises_in_the_child() -> None:
    if pid := os.fork():
        assert os.waitpid(pid, 0)[1] == 0
    else:
        raise SystemExit(7)


@deed(RETURNS)
def blocks_all_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


@deed(RETURNS)
def ignores_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


@deed(RETURNS)
def sets_an_alarm() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.05)


@deed(RETURNS)
def sets_a_timer_of_processor_time() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0.01, 0.01)


@deed(RETURNS)
def changes_the_folder() -> None:
    os.chdir(tempfile.gettempdir())


@deed(RETURNS)
def changes_to_a_folder_that_goes_away() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)


@deed(RETURNS)
def changes_the_umask() -> None:
    os.umask(0o777)


@deed(RETURNS)
def lowers_the_recursion_limit() -> None:
    sys.setrecursionlimit(len(inspect.stack(0)) + 12)


@deed(RETURNS)
def closes_its_connection() -> None:
    connection.close()


@deed(RETURNS)
def closes_all_connections() -> None:
    connections.close_all()
    close_old_connections()


@deed(RETURNS)
def closes_the_connection_below_django() -> None:
    connection.ensure_connection()
    connection.connection.close()


@deed(RETURNS)
def is_cut_off_by_the_server() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()


@deed(RETURNS)
def changes_its_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1")


@deed(RETURNS)
def leaves_a_thread_behind() -> None:
    threading.Thread(target=time.sleep, args=(0.2,), daemon=True).start()


@deed(RETURNS)
def leaves_a_thread_that_fails() -> None:
    failing = threading.Thread(target=sys.exit, args=(3,), daemon=True)
    failing.start()
    failing.join()


def _around() -> tuple[Any, ...]:
    """Return what a handler relies on in its process."""
    umask = os.umask(0o077)
    os.umask(umask)
    return (
        os.getcwd(),  # noqa: PTH109
        umask,
        sys.getrecursionlimit(),
        signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)],
        [signal.getitimer(which) for which in (signal.ITIMER_REAL, signal.ITIMER_PROF)],
    )


def _behave(work: Deed | None, before: tuple[Any, ...]) -> Any:
    """Do the deed, or else look whether the process is as it was."""
    if work is not None:
        try:
            return work()
        finally:
            time.sleep(
                0.002
            )  # what it leaves behind after less than a millisecond may be seen for one
    assert _around() == before
    return "well"


def _judge(ids: list[int], wrong: int, state: State) -> None:
    process = worker_process.current()
    wait_until(
        lambda: process.outcomes.flush() and not len(process.inflight), what="all are written"
    )
    connection.close()  # what the handler has set in this session must not judge
    rows = Task.objects.in_bulk()
    assert (State(rows[wrong].state), rows[wrong].attempts_used) == (state, 1), rows[wrong].error
    innocent = [rows[i] for i in ids if i != wrong]
    assert {(r.state, r.attempts, r.result) for r in innocent} == {("SUCCEEDED", 1, "well")}, [
        (row.error, row.state) for row in innocent
    ]
    assert not [found for chunk in rebuild() for found in chunk.differences]


@pytest.fixture
def as_before() -> Iterator[tuple[Any, ...]]:
    before = _around()
    yield before
    assert _around() == before


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:.*fork")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bad_handler_harms_itself_alone(name: str, as_before: tuple[Any, ...]) -> None:
    work, state = TABLE[name]

    @tasks_core.task_type("work", retry=Fixed(initial=60))
    def handler(payload: dict[str, Any], context: TaskContext) -> Any:
        return _behave(work if payload.get("is_bad") else None, as_before)

    payloads: list[dict[str, Any]] = [{}, {"is_bad": True}, {}, {}]
    ids = tasks_core.enqueue_many("work", payloads)
    queue()

    assert execute("work", ids, worker="w") == 4
    _judge(ids, ids[1], state)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:.*fork")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bad_batch_handler_that_is_alone_harms_itself_alone(
    name: str, as_before: tuple[Any, ...]
) -> None:
    work, state = TABLE[name]

    @tasks_core.task_type("work", retry=Fixed(initial=60), batch=True, max_batch=1)
    def handler(items: list[BatchItem[dict[str, Any]]]) -> Iterator[Any]:
        for item in items:
            yield _behave(work if item.payload.get("is_bad") else None, as_before)

    payloads: list[dict[str, Any]] = [{}, {"is_bad": True}, {}, {}]
    ids = tasks_core.enqueue_many("work", payloads)
    queue()

    for task_id in ids:
        assert execute("work", [task_id], worker="w") == 1
    _judge(ids, ids[1], state)


ASYNC: dict[str, tuple[Callable[[], Any], State]] = {}


def on_the_loop(state: State) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Put what a bad ``async def`` handler does into the table."""

    def add(work: Callable[[], Any]) -> Callable[[], Any]:
        ASYNC[work.__name__] = work, state
        return work

    return add


@on_the_loop(FAILS)
async def cancels_itself() -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()
    await asyncio.sleep(10)


@on_the_loop(RETURNS)
async def cancels_itself_and_returns() -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()


@on_the_loop(FAILS)
async def cancels_everything() -> None:
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.sleep(10)


@on_the_loop(RETURNS)
async def stops_the_loop() -> None:
    asyncio.get_running_loop().stop()


@on_the_loop(FAILS)
async def closes_the_loop() -> None:
    asyncio.get_running_loop().close()


@on_the_loop(FAILS)
async def waits_for_a_child_that_exits() -> None:
    async def leave() -> None:
        sys.exit(3)

    await asyncio.create_task(leave())


@on_the_loop(RETURNS)
async def leaves_a_callback_that_interrupts() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    asyncio.get_running_loop().call_soon(interrupt)


@on_the_loop(RETURNS)
async def leaves_a_callback_that_fails() -> None:
    asyncio.get_running_loop().call_soon(sys.exit, 1)


@on_the_loop(RETURNS)
async def holds_the_loop_up() -> None:
    time.sleep(0.3)  # noqa: ASYNC251 that is what it does wrong


@on_the_loop(RETURNS)
async def forks_and_returns_in_both_on_the_loop() -> None:
    if pid := os.fork():
        assert os.waitpid(pid, 0)[1] == 0  # noqa: ASYNC222


@on_the_loop(RETURNS)
async def forks_and_waits_in_the_child() -> None:
    if pid := os.fork():
        assert os.waitpid(pid, 0)[1] == 0  # noqa: ASYNC222
    else:
        await asyncio.sleep(10)


@on_the_loop(DIES)
async def returns_a_coroutine() -> object:
    return asyncio.sleep


for _make in RAISED:

    async def _raises(make: Callable[[], BaseException] = _make) -> None:
        raise make()

    ASYNC[f"raises_{type(_make()).__name__}_{len(ASYNC)}"] = _raises, FAILS


@pytest.mark.parametrize("name", ASYNC)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:.*fork")
def test_a_bad_handler_on_the_loop_harms_itself_alone(name: str) -> None:
    work, state = ASYNC[name]

    @tasks_core.task_type("work", retry=Fixed(initial=60))
    async def handler(payload: dict[str, Any], context: TaskContext) -> Any:
        if payload.get("is_bad"):
            return await work()
        await asyncio.sleep(payload["seconds"])
        return "well"

    payloads = [{"seconds": 0.5}, {"is_bad": True}, {"seconds": 0.05}, {"seconds": 0.0}]
    ids = tasks_core.enqueue_many("work", payloads)
    queue()

    assert execute("work", ids, worker="w") == 4
    _judge(ids, ids[1], state)


def test_a_receiver_that_exits_does_not_end_the_keeper() -> None:
    heard: list[str] = []

    def leave(**_: Any) -> None:
        heard.append(threading.current_thread().name)
        raise SystemExit(3)

    @tasks_core.task_type("work", retry=Fixed(max_attempts=1))
    async def handler(payload: dict[str, Any]) -> None:
        if payload.get("is_bad"):
            raise ValueError("bad")

    ids = tasks_core.enqueue_many("work", [{"is_bad": True}])
    queue()
    keeper = worker_process.current().keeper
    tasks_unsuccessful.connect(leave)
    try:
        execute("work", ids, worker="w")
        wait_until(lambda: len(heard) > 1, what="the keeper has met it and comes again")
    finally:
        tasks_unsuccessful.disconnect(leave)
    wait_until(lambda: not len(worker_process.current().inflight), what="it is written")
    assert keeper.is_alive()
