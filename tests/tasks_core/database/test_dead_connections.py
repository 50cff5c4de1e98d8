"""Connections that the server has closed are replaced before somebody uses them."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from celery import shared_task
from django.db import Error, connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper

import tasks_core
from tasks_core import Fixed, TaskContext, celery_signals
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.cutting import cut, cut_own, session_pid
from tests.support.life import plain_type, queue, states
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

ONE_TRY = Fixed(initial=0, max_attempts=1)


@pytest.fixture(autouse=True)
def fresh_session() -> Iterator[None]:
    connection.close()
    yield
    connection.close()


def test_a_cut_in_one_handler_leaves_the_next_ones_alone() -> None:
    @tasks_core.task_type("work", retry=ONE_TRY)
    def work(payload: dict[str, int]) -> int:
        if payload["n"] == 2:
            cut_own()
        return Task.objects.count()

    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(6)])
    queue()

    execute("work", ids, worker="w")

    wait_until(lambda: _states() == {State.SUCCEEDED: 5, State.DEAD: 1})


def test_a_cut_between_two_handlers_is_noticed_before_the_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks_core.database.sessions.TRUSTED_SECONDS", 0)

    @tasks_core.task_type("work", retry=ONE_TRY)
    def work(payload: dict[str, int]) -> int:
        count = Task.objects.count()
        if payload["n"] == 2:
            cut_own()
        return count

    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(6)])
    queue()

    execute("work", ids, worker="w")

    wait_until(lambda: _states() == {State.SUCCEEDED: 6})


def _states() -> dict[str, int]:
    try:
        return states()
    except Error:
        connection.close()
        return {}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_cuts_cost_a_task_of_many_steps_nothing(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_core.context.YIELD_SECONDS", 0)
    seen: list[Any] = []

    def step(context: TaskContext, n: int) -> None:
        cut_own()
        context.progress(n, n)
        cut_own()
        context.checkpoint(n)
        cut_own()
        context.should_yield()

    if how == "sync":

        @tasks_core.task_type("work", retry=ONE_TRY)
        def work(payload: dict[str, int], context: TaskContext) -> None:
            for n in range(1, 9):
                step(context, n)
            seen.append(context.last_checkpoint)

    else:

        @tasks_core.task_type("work", retry=ONE_TRY)
        async def work_async(payload: dict[str, int], context: TaskContext) -> None:
            for n in range(1, 9):
                await sync_to_async(step)(context, n)
            seen.append(context.last_checkpoint)

    task = tasks_core.enqueue("work", {})
    execute("work", queue(), worker="w")

    wait_until(lambda: _states() == {State.SUCCEEDED: 1})
    task.refresh_from_db()
    assert seen == [8]
    assert task.checkpoint == 8
    assert task.progress == {"done": 8, "total": 8, "note": ""}


def test_progress_in_the_handlers_own_transaction_does_not_undo_it() -> None:
    said: list[str] = []

    @tasks_core.task_type("work", retry=ONE_TRY)
    def work(payload: dict[str, int], context: TaskContext) -> None:
        with transaction.atomic():
            plain = tasks_core.enqueue("plain", {})
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL search_path = nowhere")
            context.progress(1, 1)
            context.checkpoint(1)
            said.append(str(plain.pk))

    plain_type()
    tasks_core.enqueue("work", {})
    execute("work", queue(), worker="w")

    wait_until(lambda: _states() == {State.SUCCEEDED: 1, State.SCHEDULED: 1})
    assert len(said) == 1


def test_a_transaction_that_is_lost_fails_the_work() -> None:
    @tasks_core.task_type("work", retry=ONE_TRY)
    def work(payload: dict[str, int], context: TaskContext) -> None:
        with transaction.atomic():
            tasks_core.enqueue("plain", {})
            cut_own()
            context.progress(1, 1)

    plain_type()
    tasks_core.enqueue("work", {})
    execute("work", queue(), worker="w")

    wait_until(lambda: _states() == {State.DEAD: 1})


def test_async_handlers_go_on_after_the_session_of_their_thread_was_cut() -> None:
    pids: list[int] = []
    threads: list[str] = []

    @tasks_core.task_type("work", retry=ONE_TRY)
    async def work(payload: dict[str, int], context: TaskContext) -> int:
        pids.append(await sync_to_async(session_pid)())
        await asyncio.to_thread(session_pid)
        threads.append(threading.current_thread().name)
        await context.acheckpoint(1)
        return await Task.objects.acount()

    for _ in range(3):
        tasks_core.enqueue("work", {})
        execute("work", queue(), worker="w")
        wait_until(lambda: set(_states()) == {State.SUCCEEDED})
        cut(pids[-1])
    assert len(set(pids)) == 3


def test_transaction_that_an_async_handler_left_open_does_not_take_others_with_it() -> None:
    @tasks_core.task_type("work", retry=ONE_TRY)
    async def work(payload: dict[str, int], context: TaskContext) -> None:
        if payload["n"] == 0:
            await sync_to_async(transaction.atomic().__enter__)()
        else:
            await context.acheckpoint(7)

    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(2)])
    queue()
    for task_id in ids:
        execute("work", [task_id], worker="w")
        wait_until(lambda: not process.current().inflight.all())

    wait_until(lambda: _states() == {State.SUCCEEDED: 2})
    assert Task.objects.get(pk=ids[1]).checkpoint == 7


@pytest.fixture
def other_database() -> Iterator[str]:
    """Give the alias of another database; it is the same one, by connections of its own."""
    connections.settings["other"] = connections.settings["default"]
    connections["other"] = DatabaseWrapper(connections.settings["default"], "default")
    yield "other"
    connections["other"].close()
    del connections["other"]
    del connections.settings["other"]


@pytest.mark.parametrize("how", ["transaction", "begin", "autocommit off", "time limit", "cut"])
def test_sessions_of_other_databases_are_at_rest_for_the_next_handler(
    other_database: str, how: str
) -> None:
    seen: list[tuple[bool, int]] = []

    def misuse() -> None:
        other = connections[other_database]
        with other.cursor() as cursor:
            if how == "transaction":
                transaction.atomic(using=other_database).__enter__()
            elif how == "begin":
                cursor.execute("BEGIN")
            elif how == "autocommit off":
                other.set_autocommit(False)
            elif how == "time limit":
                cursor.execute("SELECT pg_sleep(60)")
            else:
                cursor.execute("SELECT pg_backend_pid()")
                cut(cursor.fetchone()[0])
                cursor.execute("SELECT 1")

    @tasks_core.task_type("work", retry=ONE_TRY, max_runtime=0.3 if how == "time limit" else 30)
    def work(payload: dict[str, int]) -> None:
        if payload["n"] == 0:
            misuse()
        other = connections[other_database]
        with other.cursor() as cursor:
            cursor.execute("SELECT 1")
            status = other.connection.info.transaction_status
            seen.append((other.get_autocommit(), int(status)))

    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(2)])
    queue()

    execute("work", ids, worker="w")

    wait_until(lambda: State.RUNNING not in states())
    assert states().get(State.SUCCEEDED), [task.error for task in Task.objects.all()]
    assert seen[-1] == (True, 0)


@shared_task(name="tests.count_tasks")  # type: ignore[untyped-decorator] # celery has no types
def count_tasks() -> int:
    return Task.objects.count()


def _run_as_a_worker_does() -> int:
    count_tasks.push_request(is_eager=False)
    try:
        celery_signals._check_connections(task=count_tasks)
        return int(count_tasks.run())
    finally:
        count_tasks.pop_request()


def test_plain_celery_tasks_find_a_connection_that_lives() -> None:
    for _ in range(3):
        cut_own()
        assert _run_as_a_worker_does() == 0


def test_plain_celery_task_does_not_meet_what_the_last_one_left() -> None:
    transaction.atomic().__enter__()
    plain_type()
    tasks_core.enqueue("plain", {})
    assert _run_as_a_worker_does() == 0
    assert not connection.in_atomic_block


def test_eager_task_runs_in_the_transaction_of_its_caller() -> None:
    plain_type()
    with transaction.atomic():
        tasks_core.enqueue("plain", {})
        assert count_tasks.apply().get() == 1
    assert Task.objects.count() == 1
