"""One row that cannot be served, or hundreds of them, hold up no other: tasks."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from django.db import DataError, OperationalError, connection

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.database import row_backoff
from tasks_core.duties import expiry, recovery
from tasks_core.duties.expiry import expire_tasks
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine.states import State
from tasks_core.events.retention import prune_histories
from tasks_core.metrics.retention import prune_rollups
from tasks_core.models import DeadLetter, MetricRollup, Task, TaskHistory
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful
from tests.support.life import LEASE, plain_type, queue, state_of, states, take
from tests.support.refusing import CHECK, RAISED, refusing

pytestmark = pytest.mark.usefixtures("transactional_db")

SOON = timedelta(minutes=10)
POISON = "OLD.payload @> '{\"poison\": true}' AND NEW.state IN ('DEAD', 'RETRYING', 'EXPIRED')"

Receive = Callable[[list[UnsuccessfulTask]], None]


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type(retry=Fixed(initial=10, max_attempts=1))


def _lost(payloads: list[dict[str, bool]]) -> list[int]:
    """Return tasks whose attempts were lost, each with a worker of its own, the last ones last."""
    ids = tasks_core.enqueue_many("plain", payloads)
    queue(limit=len(ids))
    for task_id in ids:
        take([task_id], worker=f"w{task_id}")
    return ids


@pytest.mark.parametrize("code", [CHECK, RAISED])
def test_hundreds_of_attempts_that_cannot_be_recorded_starve_no_other(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LIMIT", 50)
    monkeypatch.setattr(row_backoff, "SERVE_SECONDS", 60.0)
    *_, good = _lost([{"poison": True}] * 120 + [{}])

    with (
        refusing("tasks_core_task", POISON, code=code),
        clock.frozen(clock.now() + 2 * LEASE),
    ):
        assert recover_attempts() == 1
        assert recover_attempts() == 0

    assert state_of(good) is State.DEAD
    assert states() == {State.RUNNING: 120, State.DEAD: 1}


def test_attempt_is_recorded_once_its_obstacle_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_backoff, "FIRST_PAUSE", 0.0)
    _lost([{"poison": True}] * 3)

    with clock.frozen(clock.now() + 2 * LEASE):
        with refusing("tasks_core_task", POISON):
            assert recover_attempts() == 0
        assert recover_attempts() == 3


def test_rows_that_fail_are_named_once_with_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    _lost([{"poison": True}] * 20 + [{}])

    with (
        refusing("tasks_core_task", POISON),
        clock.frozen(clock.now() + 2 * LEASE),
        caplog.at_level(logging.ERROR),
    ):
        recover_attempts()

    (said,) = [
        r.getMessage() for r in caplog.records if r.name == "tasks_core.database.row_backoff"
    ]
    assert "the lost attempt of task" in said
    assert "the others go on" in said
    assert "cancel the task" in said


def test_server_that_fails_puts_no_row_aside(received: Callable[[Receive], None]) -> None:
    ids = _lost([{}] * 3)

    def cut(_: list[UnsuccessfulTask]) -> None:
        with psycopg.connect(**connection.get_connection_params()) as other:
            pid = connection.connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        list(Task.objects.all())

    before = len(recovery._failing)
    received(cut)
    with clock.frozen(clock.now() + 2 * LEASE):
        with pytest.raises(OperationalError):
            recover_attempts()
        connection.close()
        assert len(recovery._failing) == before
        tasks_unsuccessful.receivers.pop()
        tasks_unsuccessful.sender_receivers_cache.clear()
        assert recover_attempts() == 3
    assert DeadLetter.objects.filter(task_id__in=ids).count() == 3


def _raises(_: list[UnsuccessfulTask]) -> None:
    raise RuntimeError("this receiver is broken")


def _exits(_: list[UnsuccessfulTask]) -> None:
    raise SystemExit(1)


def _asks_for_what_is_not_there(_: list[UnsuccessfulTask]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing_of_that_name")


def _leaves_a_failed_statement_behind(_: list[UnsuccessfulTask]) -> None:
    with connection.cursor() as cursor, suppress(DataError):
        cursor.execute("SELECT 1/0")


def _violates_a_key_at_the_end(_: list[UnsuccessfulTask]) -> None:
    DeadLetter.objects.create(
        task_id=-1, task_type="plain", created_at=clock.now(), attempts=1, versions={}
    )


@pytest.mark.parametrize(
    "fault",
    [
        _raises,
        _exits,
        _asks_for_what_is_not_there,
        _leaves_a_failed_statement_behind,
        _violates_a_key_at_the_end,
    ],
)
def test_whatever_a_receiver_does_for_one_task_the_others_expire(
    fault: Receive, received: Callable[[Receive], None]
) -> None:
    expires_at = clock.now() + SOON
    ids = tasks_core.enqueue_many("plain", [{}] * 4, expires_at=expires_at)

    def receive(tasks: list[UnsuccessfulTask]) -> None:
        if any(task.task_id == ids[0] for task in tasks):
            fault(tasks)

    received(receive)
    with clock.frozen(expires_at):
        assert expire_tasks() == 3
    assert states() == {State.EXPIRED: 3, State.SCHEDULED: 1}


def test_hundreds_of_tasks_that_cannot_be_expired_starve_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "LIMIT", 50)
    expires_at = clock.now() + SOON
    tasks_core.enqueue_many("plain", [{"poison": True}] * 120, expires_at=expires_at)
    good = tasks_core.enqueue("plain", {}, expires_at=expires_at + timedelta(seconds=1)).pk

    with (
        refusing("tasks_core_task", POISON),
        clock.frozen(expires_at + timedelta(seconds=2)),
    ):
        assert expire_tasks() == 1
        assert expire_tasks() == 0
    assert state_of(good) is State.EXPIRED


def test_summary_that_the_database_does_not_let_go_keeps_none_behind_it() -> None:
    now = clock.now()
    for task_id in (1, 2, 3, 4):
        TaskHistory.objects.create(
            task_id=task_id, task_type="plain", first_at=now, last_at=now + task_id * SOON
        )
    with (
        refusing("tasks_core_taskhistory", "OLD.task_id < 3", when="DELETE"),
        clock.frozen(now + timedelta(days=100)),
    ):
        assert [prune_histories(limit=1) for _ in range(3)] == [1, 1, 0]
    assert set(TaskHistory.objects.values_list("task_id", flat=True)) == {1, 2}


def test_rollup_that_the_database_does_not_let_go_keeps_none_behind_it() -> None:
    now = clock.now()
    for number in (1, 2, 3, 4):
        MetricRollup.objects.create(
            minute=now + number * SOON,
            task_type="plain",
            measure="ended",
            bucket=0,
            count=number,
            amount=0,
        )
    with (
        refusing("tasks_core_metricrollup", "OLD.count < 3", when="DELETE"),
        clock.frozen(now + timedelta(days=100)),
    ):
        assert [prune_rollups(limit=1) for _ in range(3)] == [1, 1, 0]
    assert set(MetricRollup.objects.values_list("count", flat=True)) == {1, 2}
