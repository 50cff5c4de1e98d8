"""Errors of the server and of the session are not errors of the row: every outcome is written in the end."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection, connections
from django.dispatch import Signal

import tasks_core
from tasks_core.engine.states import State
from tasks_core.models import DeadLetter, Task
from tasks_core.signals import attempts_recorded, dead_letters_written, tasks_unsuccessful
from tasks_core.worker import outcome_buffer, process
from tasks_core.worker.executor import execute
from tests.support.forwarder import Forwarder, forwarding
from tests.support.life import queue, states
from tests.support.refusing import refusing
from tests.support.sessions import sessions_where
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

Deed = Callable[[int], object]

SLEEP = "SELECT pg_sleep(58)"  # a statement that no other test leaves behind


@pytest.fixture(autouse=True)
def fresh_session() -> Iterator[None]:
    connection.close()
    yield
    connection.close()


@pytest.fixture
def forwarder() -> Iterator[Forwarder]:
    """Let new connections go by way of a forwarder."""
    known = connections.settings["default"]
    before = {name: known[name] for name in ("HOST", "PORT")}
    with forwarding(known["HOST"], int(known["PORT"])) as forwarder:
        known.update(HOST="127.0.0.1", PORT=forwarder.port)
        yield forwarder
        process.drain()
        connection.close()
        known.update(before)


def _work(deed: Deed, **options: Any) -> list[int]:
    @tasks_core.task_type("work", **options)
    def work(payload: dict[str, int]) -> object:
        return deed(payload["n"])

    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(6)])
    queue()
    return ids


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _attempts() -> set[int]:
    return set(Task.objects.values_list("attempts", flat=True))


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SET default_transaction_read_only = on", id="read-only"),
        pytest.param("DEALLOCATE ALL", id="prepared statements lost"),
        pytest.param("SET statement_timeout = '1ms'", id="cancelled"),
        pytest.param("SET search_path = nowhere", id="tables not found"),
    ],
)
def test_outcomes_are_written_on_a_new_session(statement: str) -> None:
    ids = _work(lambda n: _sql(statement) if n == 2 else None)

    execute("work", ids, worker="w")

    wait_until(lambda: states() == {State.SUCCEEDED: 6})
    assert _attempts() == {1}
    wait_until(lambda: len(process.current().inflight) == 0)


def test_handler_that_runs_out_of_time_in_a_statement_fails_alone() -> None:
    ids = _work(lambda n: _sql(SLEEP) if n == 2 else None, max_runtime=0.3)

    execute("work", ids, worker="w")

    wait_until(lambda: states() == {State.SUCCEEDED: 5, State.RETRYING: 1})
    assert _attempts() == {1}
    wait_until(lambda: not sessions_where(f"state = 'active' AND query = '{SLEEP}'"))


def test_receiver_that_fails_in_the_database_holds_up_only_its_own_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outcome_buffer, "LONGEST_PAUSE_ALONE", 0.1)
    monkeypatch.setattr(outcome_buffer, "LONGEST_PAUSE", 0.05)
    is_broken = True

    def fail(n: int) -> None:
        if n in (1, 4):
            raise tasks_core.PermanentError("no")

    def receive(tasks: Any, **_: Any) -> None:
        if is_broken and any(task.payload["n"] == 4 for task in tasks):
            _sql("SELECT * FROM a_table_that_is_not_there")

    tasks_unsuccessful.connect(receive)
    try:
        ids = _work(fail)
        execute("work", ids, worker="w")

        wait_until(lambda: states() == {State.SUCCEEDED: 4, State.DEAD: 1, State.RUNNING: 1})
        is_broken = False
        wait_until(lambda: states() == {State.SUCCEEDED: 4, State.DEAD: 2})
    finally:
        tasks_unsuccessful.disconnect(receive)
    assert _attempts() == {1}


def test_outcome_that_fails_again_holds_up_no_other_at_its_later_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outcome_buffer, "LONGEST_PAUSE_ALONE", 0.1)
    monkeypatch.setattr(outcome_buffer, "LONGEST_PAUSE", 0.05)
    box = process.current().outcomes
    seen: list[int] = []

    def fail(n: int) -> None:
        if n == 0:
            raise tasks_core.PermanentError("no")

    def receive(**_: Any) -> None:
        _sql("SELECT * FROM a_table_that_is_not_there")

    def is_tried_again() -> bool:
        seen.append(box._failures)
        return any(tries > 6 for tries in box._tries.values())

    tasks_unsuccessful.connect(receive)
    try:
        execute("work", _work(fail), worker="w")
        wait_until(lambda: states() == {State.SUCCEEDED: 5, State.RUNNING: 1})
        wait_until(lambda: box._failures == 0)
        wait_until(is_tried_again)
        ids = tasks_core.enqueue_many("work", [{"n": 1}] * 6)
        queue()
        execute("work", ids, worker="w")
        wait_until(lambda: states() == {State.SUCCEEDED: 11, State.RUNNING: 1})
    finally:
        tasks_unsuccessful.disconnect(receive)
    assert set(seen) == {0}
    wait_until(lambda: states() == {State.SUCCEEDED: 11, State.DEAD: 1})


def test_nothing_is_pending_when_outcomes_were_written_one_by_one() -> None:
    errors = [RuntimeError("of one of them")]

    def fail_once(execute: Any, sql: str, *args: Any) -> Any:
        if errors and "UPDATE tasks_core_task SET\n        state = outcome.state" in sql:
            raise errors.pop(0)
        return execute(sql, *args)

    ids = _work(str)
    with process.current().keeper.resting(), connection.execute_wrapper(fail_once):
        execute("work", ids, worker="w")
        assert states() == {State.SUCCEEDED: 6}
        assert not process.current().outcomes.has_pending.is_set()


def test_server_whose_disk_is_full_puts_no_outcome_off_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outcome_buffer, "LONGEST_PAUSE", 0.05)
    ids = _work(str)
    box = process.current().outcomes

    with refusing("tasks_core_task", "NEW.state = 'SUCCEEDED'", code="disk_full"):
        execute("work", ids, worker="w")
        wait_until(lambda: box._failures > 2 * outcome_buffer.TRIES_TOGETHER)

    began = time.monotonic()
    wait_until(lambda: states() == {State.SUCCEEDED: 6})
    assert (
        time.monotonic() - began < 1.5
    )  # the pause of one that fails alone begins with two seconds
    assert _attempts() == {1}


@pytest.mark.parametrize("error", [SystemExit(1), RuntimeError("broken"), OperationalError("gone")])
@pytest.mark.parametrize("signal", [tasks_unsuccessful, attempts_recorded, dead_letters_written])
def test_receiver_that_fails_for_one_task_keeps_no_other_outcome(
    signal: Signal, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_buffer, "LONGEST_PAUSE", 0.05)

    def fail(n: int) -> None:
        if n == 1:
            raise tasks_core.PermanentError("no")

    def receive(**_: Any) -> None:
        if connection.in_atomic_block or signal is not tasks_unsuccessful:
            raise error

    signal.connect(receive)
    try:
        ids = _work(fail)
        execute("work", ids, worker="w")
        wait_until(lambda: states().get(State.SUCCEEDED) == 5)
    finally:
        signal.disconnect(receive)
    if signal is not tasks_unsuccessful:
        wait_until(lambda: states() == {State.SUCCEEDED: 5, State.DEAD: 1})
    assert _attempts() == {1}
    process.drain()


def test_listeners_hear_of_an_outcome_whose_writer_was_cut_short_after_the_commit() -> None:
    recorded: list[int] = []
    cuts = [SoftTimeLimitExceeded()]

    def note(attempts: Any, **_: Any) -> None:
        recorded.extend(attempt.task_id for attempt in attempts)

    class Cutting:
        """Interrupts the writer right after its statement, as the signal of a time limit does."""

        def __call__(self, execute: Any, sql: str, *args: Any) -> Any:
            result = execute(sql, *args)
            if cuts and "UPDATE tasks_core_task SET\n        state = outcome.state" in sql:
                raise cuts.pop()
            return result

    attempts_recorded.connect(note)
    try:
        ids = _work(str)
        with process.current().keeper.resting(), connection.execute_wrapper(Cutting()):
            execute("work", ids, worker="w")
    finally:
        attempts_recorded.disconnect(note)

    assert not cuts
    assert states() == {State.SUCCEEDED: 6}
    assert sorted(recorded) == sorted(ids)


def test_outcome_that_is_cut_short_while_it_is_written_alone_is_not_lost() -> None:
    errors = [RuntimeError("of one of them"), SystemExit(1)]

    def cut(execute: Any, sql: str, *args: Any) -> Any:
        if errors and "UPDATE tasks_core_task SET\n        state = outcome.state" in sql:
            raise errors.pop(0)
        return execute(sql, *args)

    ids = _work(str)
    with process.current().keeper.resting(), connection.execute_wrapper(cut):
        with pytest.raises(SystemExit):
            execute("work", ids, worker="w")
        process.current().outcomes.flush()
        assert not process.current().outcomes.has_pending.is_set()
    assert not errors
    assert states() == {State.SUCCEEDED: 6}
    assert _attempts() == {1}


@pytest.mark.parametrize("is_dead", [False, True])
def test_listeners_hear_of_a_commit_whose_answer_was_lost(
    forwarder: Forwarder, is_dead: bool
) -> None:
    recorded: list[int] = []
    letters: list[int] = []

    def work(n: int) -> str:
        if n == 5:
            forwarder.lose_answer_to(b"COMMIT" if is_dead else b"the last result")
        if is_dead:
            raise tasks_core.PermanentError("no")
        return "the last result"

    def note_recorded(attempts: Any, **_: Any) -> None:
        recorded.extend(attempt.task_id for attempt in attempts)

    def note_letters(ids: Any, **_: Any) -> None:
        letters.extend(ids)

    attempts_recorded.connect(note_recorded)
    dead_letters_written.connect(note_letters)
    try:
        ids = _work(work)
        with process.current().keeper.resting():
            execute("work", ids, worker="w")
    finally:
        attempts_recorded.disconnect(note_recorded)
        dead_letters_written.disconnect(note_letters)

    assert not forwarder.is_to_lose_an_answer
    assert states() == {State.DEAD if is_dead else State.SUCCEEDED: 6}
    assert sorted(recorded) == sorted(ids)
    assert sorted(letters) == sorted(DeadLetter.objects.values_list("pk", flat=True))
    assert len(letters) == (6 if is_dead else 0)


def test_claim_whose_answer_was_lost_costs_no_attempt(forwarder: Forwarder) -> None:
    ids = _work(str)
    forwarder.lose_answer_to(b"the worker")

    assert execute("work", ids, worker="the worker") == 6

    assert not forwarder.is_to_lose_an_answer
    wait_until(lambda: states() == {State.SUCCEEDED: 6})
    assert _attempts() == {1}
