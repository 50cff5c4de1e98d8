"""The database goes away while a worker works: nothing is lost, and nothing is stuck afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection

import tasks_core
from tasks_core import clock
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.duty import Duty
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.life import queue, states
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

Deed = Callable[[int], None]

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


class Outage:
    """Refuses connections to the test's database, from a session in another one."""

    def __init__(self) -> None:
        parameters = {**connection.get_connection_params(), "dbname": "postgres"}
        parameters.pop("cursor_factory", None)
        parameters.pop("context", None)
        self._name = connection.settings_dict["NAME"]
        self._session = psycopg.connect(**parameters, autocommit=True)

    def begin(self) -> None:
        self._allow(False)
        self.cut()

    def cut(self) -> None:
        """Close all sessions of the database, as its restart does."""
        self._session.execute(TERMINATE, [self._name])

    def end(self) -> None:
        self._allow(True)

    def _allow(self, is_allowed: bool) -> None:
        name = psycopg.sql.Identifier(self._name)
        statement = psycopg.sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        self._session.execute(statement.format(name, psycopg.sql.SQL(str(is_allowed))))

    def close(self) -> None:
        self.end()
        self._session.close()


@pytest.fixture
def outage() -> Iterator[Outage]:
    outage = Outage()
    yield outage
    outage.close()
    connection.close()


def _work(deed: Deed | None = None) -> list[int]:
    @tasks_core.task_type("work")
    def work(payload: dict[str, int]) -> int:
        if deed is not None:
            deed(payload["n"])
        return payload["n"] * 2

    return tasks_core.enqueue_many("work", [{"n": n} for n in range(5)])


def test_outcomes_wait_for_a_database_that_went_away_during_the_batch(outage: Outage) -> None:
    ids = _work(lambda n: outage.begin() if n == 2 else None)
    queue()

    execute("work", ids, worker="w")
    connection.close()
    outage.end()

    wait_until(lambda: states() == {State.SUCCEEDED: 5})
    assert [task.result for task in Task.objects.order_by("pk")] == [0, 2, 4, 6, 8]
    wait_until(lambda: len(process.current().inflight) == 0)
    assert {task.attempts for task in Task.objects.all()} == {1}


def test_cut_connection_is_replaced_at_once(outage: Outage) -> None:
    ids = _work(lambda n: outage.cut() if n == 2 else None)
    queue()

    execute("work", ids, worker="w")

    wait_until(lambda: _states_reconnecting() == {State.SUCCEEDED: 5})


def test_connection_that_was_closed_between_two_messages_costs_no_time(
    outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    ids = _work()
    queue()
    assert execute("work", ids[:2], worker="w") == 2
    wait_until(lambda: len(process.current().inflight) == 0)
    outage.cut()

    began = time.monotonic()
    assert execute("work", ids[2:], worker="w") == 3
    took = time.monotonic() - began

    assert took < 1  # which it would wait if the database were away
    assert "tasks_core.worker.executor" not in {record.name for record in caplog.records}
    wait_until(lambda: _states_reconnecting() == {State.SUCCEEDED: 5})


def _states_reconnecting() -> dict[str, int]:
    try:
        return states()
    except DatabaseError:
        connection.close()
        return {}


def test_claim_waits_for_the_database(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    ids = _work()
    queue()
    outage.begin()
    claimed: list[int] = []

    def run() -> None:
        claimed.append(execute("work", ids, worker="w"))
        connection.close()

    worker = threading.Thread(target=run)
    worker.start()
    wait_until(lambda: "claiming 5 tasks waits for the database" in caplog.text)
    outage.end()
    worker.join(20)

    connection.close()
    assert claimed == [5]
    wait_until(lambda: states() == {State.SUCCEEDED: 5})


def test_stopping_worker_does_not_wait_for_the_database(outage: Outage) -> None:
    ids = _work()
    queue()
    outage.begin()
    process.ask_to_stop()

    assert execute("work", ids, worker="w") == 0

    outage.end()
    connection.close()
    assert states() == {State.QUEUED: 5}


@contextmanager
def _running(duty: Duty) -> Iterator[Duty]:
    duty.start()
    yield duty
    duty.stop()
    duty.join(20)


def test_dispatching_goes_on_when_the_database_is_back(
    outage: Outage, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_core.duties.duty.FIRST_PAUSE", 0.05)
    dispatcher = Dispatcher()
    rounds: list[int] = []

    def work() -> float:
        rounds.append(dispatcher.dispatch().dispatched)
        return 0.05

    with _running(Duty("dispatch", work)) as duty:
        wait_until(lambda: len(rounds) > 1)
        outage.begin()
        before = len(rounds)
        outage.end()
        connection.close()
        _work()

        wait_until(lambda: sum(rounds) == 5)
        assert duty.is_alive()
        assert len(rounds) > before
    assert states() == {State.QUEUED: 5}


def test_attempt_whose_lease_ran_out_during_the_outage_is_not_recorded_twice(
    outage: Outage,
) -> None:
    ids = _work(lambda n: outage.begin() if n == 4 else None)
    queue()

    execute("work", ids, worker="w")
    outage.end()
    connection.close()
    # Somebody takes the tasks over before the worker has reached the database again.
    taken = Task.objects.filter(state=State.RUNNING).update(
        state=State.SCHEDULED, run_after=clock.now(), lease_until=None
    )

    wait_until(lambda: len(process.current().inflight) == 0)
    assert states().get(State.SCHEDULED, 0) == taken
