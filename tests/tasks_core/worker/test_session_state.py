"""What an attempt has changed in its session of the database ends with it."""

import asyncio
from collections.abc import Callable, Iterator

import psycopg
import pytest
from asgiref.sync import sync_to_async
from celery import shared_task
from django.db import connection
from psycopg.rows import dict_row

import tasks_core
from tasks_core import BatchItem, Fixed, celery_signals
from tasks_core.database import session_state
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.cutting import session_pid
from tests.support.life import plain_type, queue, states
from tests.support.session_changes import CHANGES, NOBODY, run
from tests.support.session_changes import session_state as state_now
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db", "fresh_session")

ONE_TRY = Fixed(initial=0, max_attempts=1)
NEIGHBOURS = 3


def _run_by_the_driver(*statements: str) -> None:
    connection.ensure_connection()
    for statement in statements:
        connection.connection.execute(statement)


def _type_that(does: Callable[[], None], *, how: str) -> None:
    """Register a type whose first task does that."""
    if how == "sync":

        @tasks_core.task_type("work", retry=ONE_TRY)
        def work(payload: dict[str, int]) -> int:
            if payload["n"] == 0:
                does()
                return 0
            return Task.objects.count()

    elif how == "batch":

        @tasks_core.task_type("work", retry=ONE_TRY, batch=True)
        def work_together(items: list[BatchItem[dict[str, int]]]) -> Iterator[int]:
            for item in items:
                if item.payload["n"] == 0:
                    does()
                yield 1

    else:

        @tasks_core.task_type("work", retry=ONE_TRY)
        async def work_async(payload: dict[str, int]) -> int:
            if payload["n"] == 0:
                await (sync_to_async(does)() if how == "async" else asyncio.to_thread(does))
                return 0
            return await Task.objects.acount()


@pytest.mark.parametrize("by", [run, _run_by_the_driver])
@pytest.mark.parametrize("how", ["sync", "batch", "async", "thread"])
@pytest.mark.parametrize("change", CHANGES)
def test_neighbours_and_the_next_message_meet_nothing_of_it(
    change: str, how: str, by: Callable[..., None]
) -> None:
    before = state_now()
    connection.close()
    _type_that(lambda: by(*CHANGES[change]), how=how)
    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(NEIGHBOURS + 1)])
    queue()

    execute("work", ids, worker="w")
    wait_until(lambda: not process.current().inflight.all())
    more = tasks_core.enqueue_many("work", [{"n": n} for n in range(1, NEIGHBOURS + 1)])
    queue()
    execute("work", more, worker="w")

    wait_until(lambda: states() == {State.SUCCEEDED: 2 * NEIGHBOURS + 1})
    assert set(Task.objects.values_list("attempts", flat=True)) == {1}
    assert state_now() == before


REPLACED = {"all discarded", "nothing prepared", "left prepared", "short statements"}
"""After these the session may have to be another one."""


@pytest.mark.parametrize("change", [change for change in CHANGES if change not in REPLACED])
def test_the_session_itself_stays(change: str) -> None:
    pids: list[int] = []

    @tasks_core.task_type("work", retry=ONE_TRY)
    def work(payload: dict[str, int]) -> None:
        pids.append(session_pid())
        run(*CHANGES[change])

    ids = tasks_core.enqueue_many("work", [{}] * 3)
    queue()

    execute("work", ids, worker="w")

    assert states() == {State.SUCCEEDED: 3}
    assert len(set(pids)) == 1


def test_a_session_that_was_not_used_is_not_asked() -> None:
    plain_type()
    ids = tasks_core.enqueue_many("plain", [{}] * 3)
    queue()
    run("SET application_name = 'the same'")

    execute("plain", ids, worker="w")

    assert states() == {State.SUCCEEDED: 3}
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('application_name')")
        assert cursor.fetchone() == ("the same",)


def test_what_was_set_when_the_session_began_is_set_again() -> None:
    connection.ensure_connection()
    raw = connection.connection
    raw.__dict__.pop("wait")
    run(f"SET ROLE {NOBODY}", "SET work_mem = '7MB'", "SET search_path = '$user', public")
    began = state_now()
    raw.wait = use = session_state.Use(raw)

    run("RESET ALL", "RESET ROLE", "SET work_mem = '9MB'", "SET app.tenant = 'acme'")
    use.put_back(raw)

    assert state_now() == began
    assert raw.execute("SHOW work_mem").fetchone() == ("7MB",)


def test_what_the_driver_was_told_ends_with_the_attempt() -> None:
    def tell() -> None:
        connection.ensure_connection()
        connection.connection.row_factory = dict_row
        connection.connection.execute("SELECT 1")

    _type_that(tell, how="sync")
    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(3)])
    queue()

    execute("work", ids, worker="w")

    assert states() == {State.SUCCEEDED: 3}


@shared_task(name="tests.change_session")  # type: ignore[untyped-decorator] # celery has no types
def change_session(change: str) -> None:
    run(*CHANGES[change])


@pytest.mark.parametrize("change", CHANGES)
def test_plain_celery_tasks_leave_nothing_to_the_next_message(change: str) -> None:
    before = state_now()
    change_session.push_request(is_eager=False)
    try:
        celery_signals._check_connections(task=change_session)
        change_session.run(change)
        celery_signals._check_connections(task=change_session)
    finally:
        change_session.pop_request()

    assert state_now() == before


def test_a_claim_that_fails_by_it_is_repeated_on_a_new_session() -> None:
    plain_type()
    ids = tasks_core.enqueue_many("plain", [{}] * 3)
    queue()
    run("SET search_path TO pg_catalog")

    execute("plain", ids, worker="w")

    assert states() == {State.SUCCEEDED: 3}
    assert set(Task.objects.values_list("attempts", flat=True)) == {1}


def test_outcomes_that_fail_by_it_are_written_on_a_new_session() -> None:
    def spoil_unseen() -> None:
        run("SET search_path TO pg_catalog")
        connection.connection.__dict__.pop("wait")  # as if nobody had counted

    _type_that(spoil_unseen, how="sync")
    [task_id] = tasks_core.enqueue_many("work", [{"n": 0}])
    queue()

    execute("work", [task_id], worker="w")

    wait_until(lambda: states() == {State.SUCCEEDED: 1})
    assert Task.objects.get().attempts == 1


def test_sessions_that_cannot_be_put_back_are_replaced() -> None:
    connection.ensure_connection()
    use = session_state.use_of(connection)
    assert use is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    raw = connection.connection
    raw.row_factory = dict_row

    with pytest.raises(psycopg.InterfaceError):
        use.put_back(raw)
