"""The platform's clock is that of its database, whatever the clocks of the machines say."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

import tasks_core
from tasks_core import clock
from tasks_core.database import server_clock
from tasks_core.exceptions import Snooze
from tasks_core.models import Task
from tasks_core.worker.executor import execute
from tests.support.life import plain_type, queue
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")

CLOSE = 0.5
FIVE_MINUTES = 300.0


@pytest.fixture(autouse=True)
def knows_nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the clock be as in a process that has just begun."""
    connection.close()
    monkeypatch.setattr(clock, "_ahead", None)
    monkeypatch.setattr(server_clock, "_last", None)
    yield
    connection.close()


@pytest.fixture
def machine() -> Iterator[time_machine.Traveller]:
    """Set the machine's clock; it goes on from there."""
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=FIVE_MINUTES)) as traveller:
        yield traveller


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
        return at


def off_by() -> float:
    """How far the platform's clock is from the database's."""
    return abs((clock.now() - database_time()).total_seconds())


def test_machines_clock_has_to_do_without_a_database(machine: object) -> None:
    assert abs(clock.now().timestamp() - time.time()) < CLOSE
    assert clock.machine_skew() is None


def test_first_connection_tells_what_time_it_is(machine: object) -> None:
    connection.ensure_connection()
    assert off_by() < CLOSE
    assert clock.machine_skew() == pytest.approx(FIVE_MINUTES, abs=CLOSE)


def test_asking_costs_a_request_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        server_clock.follow()
    assert off_by() < CLOSE


def test_machines_clock_may_jump(machine: time_machine.Traveller) -> None:
    connection.ensure_connection()
    machine.shift(-4_000)
    assert off_by() < CLOSE
    server_clock.follow()
    assert clock.machine_skew() == pytest.approx(FIVE_MINUTES - 4_000, abs=CLOSE)


def lessons(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that counts how often the database was asked."""
    found: list[tuple[float, ...]] = []
    monkeypatch.setattr(clock, "follow", lambda *bounds: found.append(bounds))
    return lambda: len(found)


def test_a_connection_for_each_request_asks_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    count = lessons(monkeypatch)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    for _ in range(5):
        connection.ensure_connection()
        server_clock.callers_now()
        connection.close()
    assert count() == 1
    later = clock.steady() + 61
    monkeypatch.setattr(clock, "steady", lambda: later)
    connection.ensure_connection()
    assert count() == 2


def test_a_kept_connection_asks_when_it_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failover another machine answers."""
    count = lessons(monkeypatch)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
    for _ in range(3):
        connection.ensure_connection()
        connection.close()
    assert count() == 3


def test_a_process_that_was_frozen_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    count = lessons(monkeypatch)
    server_clock.follow()
    assert count() == 0
    later = clock.steady() + server_clock.REFRESH_SECONDS
    monkeypatch.setattr(clock, "steady", lambda: later)
    server_clock.follow()
    assert count() == 1


def test_threads_may_ask_at_once(machine: object) -> None:
    at_once(4, lambda _: server_clock.follow())
    assert off_by() < CLOSE


def test_an_answer_that_took_long_does_not_spoil_what_is_known() -> None:
    clock.follow(99.999, 100.001)
    before = clock._ahead
    clock.follow(95.0, 101.0)
    assert clock._ahead == before


def test_a_quick_answer_corrects_one_that_took_long() -> None:
    clock.follow(90.0, 100.0)
    clock.follow(99.0, 99.002)
    assert clock._ahead == pytest.approx(99.001)


def test_another_server_may_have_another_clock() -> None:
    clock.follow(99.999, 100.001)
    clock.follow(-50.001, -49.999)
    assert clock._ahead == pytest.approx(-50.0)


def test_a_failed_transaction_is_left_alone() -> None:
    with pytest.raises(Exception, match="division"), connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT 1/0")
    server_clock._last = None
    server_clock.follow()
    connection.close()


@pytest.mark.parametrize("seconds", [FIVE_MINUTES, -FIVE_MINUTES])
def test_the_first_task_of_a_caller_is_due_at_once(
    machine: time_machine.Traveller, seconds: float
) -> None:
    plain_type()
    machine.shift(seconds - FIVE_MINUTES)
    task = tasks_core.enqueue("plain", {})
    assert abs((task.run_after - database_time()).total_seconds()) < CLOSE


def test_the_first_claim_of_a_worker_that_is_behind_has_its_whole_lease(
    machine: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float] = []

    @tasks_core.task_type("plain")
    def plain(payload: dict[str, object]) -> None:
        lease_until = Task.objects.get().lease_until
        assert lease_until is not None
        left.append((lease_until - database_time()).total_seconds())

    tasks_core.enqueue("plain", {})
    ids = queue()
    machine.shift(-FIVE_MINUTES - 31)
    connection.close()
    monkeypatch.setattr(clock, "_ahead", None)
    monkeypatch.setattr(server_clock, "_last", None)
    execute("plain", ids, worker="w1")
    assert left == [pytest.approx(30, abs=2)]


def test_the_clock_of_a_caller_wakes_nobody() -> None:
    """A task from a caller who is a fifth of a second ahead must not look as if it had been woken."""

    @tasks_core.task_type("sleepy")
    def sleepy(payload: dict[str, object]) -> None:
        raise Snooze(3_600)

    now = database_time()
    with clock.frozen(now + timedelta(milliseconds=200)):
        tasks_core.enqueue("sleepy", {})
        ids = queue()
    with clock.frozen(now):
        execute("sleepy", ids, worker="w1")
    assert Task.objects.get().run_after == now + timedelta(hours=1)
