"""Rows that a stranger has locked: nobody of the platform waits for them, and no neighbour suffers.

The stranger is the test's own connection with an open transaction; the platform works on others.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.context import TaskContext
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.database.errors import is_lock_timeout, is_servers_fault
from tasks_core.duties import recovery
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine import decision
from tasks_core.engine.states import State
from tasks_core.events.cursor import claim as claim_cursor
from tasks_core.events.cursor import create as create_cursor
from tasks_core.leadership import Leadership
from tasks_core.models import Task
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful
from tasks_core.sql.lease import renew, still_owned
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.support.cutting import cut_own
from tests.support.life import (
    LEASE,
    PLAIN,
    events_of,
    plain_type,
    queue,
    queued,
    running,
    state_of,
    states,
)
from tests.support.threads import Rival, in_own_connection
from tests.support.waiting import wait_until
from tests.tasks_core.schedules.ticking import (
    MINUTE,
    START,
    beat,
    every_minute,
    outcomes,
    tasks_of,
)

pytestmark = pytest.mark.usefixtures("transactional_db")

PROMPTLY = 5.0
"""Far less than any of these transactions would last."""


@contextmanager
def locked(*task_ids: int) -> Iterator[None]:
    """Keep rows locked, as a caller does who has cancelled them and not committed, and then rolls back."""
    with transaction.atomic():
        list(Task.objects.filter(pk__in=task_ids).select_for_update())
        yield
        transaction.set_rollback(True)


def elsewhere(work: Callable[[], object]) -> object:
    """Return what ``work`` returns on another connection; it must not wait."""
    rival = Rival(work)
    rival.wait_until_held_up_or_done()
    return rival.result()


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def test_renewal_passes_over_what_is_locked() -> None:
    mine, neighbour = running(), running()
    keys = [(mine.id, 1), (neighbour.id, 1)]
    lease_until = clock.now() + LEASE * 2

    with locked(mine.id):
        assert elsewhere(lambda: renew(keys, lease_until=lease_until)) == {(neighbour.id, 1)}
        assert elsewhere(lambda: still_owned(keys)) == set(keys)

    assert Task.objects.get(pk=neighbour.id).lease_until == lease_until


@pytest.fixture
def short_leases(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LEASE_SECONDS": 3.0}
    monkeypatch.setattr(recovery, "LOOK_SECONDS", 0.0)


@pytest.mark.usefixtures("short_leases")
def test_handler_that_locks_its_own_row_for_longer_than_its_lease_is_left_alone() -> None:
    committed = threading.Event()
    seen: list[bool] = []

    @tasks_core.task_type("holder")
    def holder(payload: dict[str, Any], context: TaskContext) -> None:
        with transaction.atomic():
            context.progress(1, 2)
            committed.wait(20)
        wait_until(lambda: _lease_left(context.task_id) > 0)
        seen.append(context.cancelled)

    @tasks_core.task_type("neighbour")
    def neighbour(payload: dict[str, Any], context: TaskContext) -> None:
        committed.wait(20)
        seen.append(context.cancelled)

    ids = [tasks_core.enqueue("holder", {}).pk, tasks_core.enqueue("neighbour", {}).pk]
    queue()
    threads = [
        threading.Thread(
            target=in_own_connection, args=[lambda t=kind, i=pk: execute(t, [i], worker="w")]
        )
        for kind, pk in zip(["holder", "neighbour"], ids, strict=True)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: _lease_left(ids[0]) < -0.5)
    assert _lease_left(ids[1]) > 0  # of the same age, and renewed
    assert recover_attempts() == 0
    committed.set()
    wait_until(lambda: recover_attempts() or not any(t.is_alive() for t in threads))
    for thread in threads:
        thread.join()
    wait_until(lambda: states() == {State.SUCCEEDED: 2})
    assert seen == [False, False]
    assert [Task.objects.get(pk=pk).attempts for pk in ids] == [1, 1]


def _lease_left(task_id: int) -> float:
    lease_until = Task.objects.values_list("lease_until", flat=True).get(pk=task_id)
    return (lease_until - clock.now()).total_seconds() if lease_until else 99.0


def test_attempt_that_was_locked_a_moment_ago_is_not_taken_for_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "LOOK_SECONDS", 0.0)
    holder, dead = running(), running()
    with clock.frozen(clock.now() + LEASE + timedelta(seconds=1)):
        with locked(holder.id):
            assert elsewhere(recover_attempts) == 1
        assert recover_attempts() == 0
        monkeypatch.setattr(recovery, "SPARED_SECONDS", 0.0)
        assert recover_attempts() == 1
    assert State.RUNNING not in {state_of(holder.id), state_of(dead.id)}


def test_claim_passes_over_what_is_locked_and_it_comes_back_soon_without_an_attempt() -> None:
    ids = [queued() for _ in range(5)]

    with locked(ids[2]):
        began = time.monotonic()
        assert elsewhere(lambda: execute(PLAIN, ids, worker="w")) == 4
        assert time.monotonic() - began < PROMPTLY
    wait_until(lambda: state_of(ids[2]) is State.SCHEDULED)

    assert Task.objects.get(pk=ids[2]).attempts == 0
    assert events_of(ids[2])[-1] == "lost"
    assert states() == {State.SUCCEEDED: 4, State.SCHEDULED: 1}


def test_what_was_passed_over_comes_back_although_the_session_was_cut_meanwhile() -> None:
    ids = [queued() for _ in range(3)]
    passed_over = worker_process.current().passed_over
    with worker_process.current().keeper.resting():
        for task_id in ids:
            passed_over.add(PLAIN, [task_id], at=clock.now(), is_all=True)
        cut_own()
        with pytest.raises(OperationalError):
            passed_over.give_back()
        connection.close()
        passed_over.give_back()
    assert states() == {State.SCHEDULED: 3}


def test_what_a_late_or_invented_message_names_is_not_given_back() -> None:
    plain_type("other")
    mine = queued()
    other = tasks_core.enqueue("other", {}).pk
    queue()

    assert execute(PLAIN, [mine, other], worker="w") == 1
    assert execute(PLAIN, [mine, other], worker="w") == 0
    wait_until(lambda: worker_process.current().passed_over.is_empty)

    assert (state_of(mine), state_of(other)) == (State.SUCCEEDED, State.QUEUED)


def test_outcome_of_a_locked_row_waits_and_its_neighbours_do_not() -> None:
    plain_type("once", retry=tasks_core.Fixed(max_attempts=1))
    entered, go_on = threading.Event(), threading.Event()

    @tasks_core.task_type("slow")
    def slow(payload: dict[str, Any]) -> dict[str, Any]:
        entered.set()
        go_on.wait(20)
        return {"done": True}

    ids = tasks_core.enqueue_many("slow", [{}] * 3)
    queue()
    worker = threading.Thread(
        target=in_own_connection, args=[lambda: execute("slow", ids, worker="w")]
    )
    worker.start()
    assert entered.wait(20)
    with locked(ids[1]):
        go_on.set()
        worker.join(PROMPTLY)
        assert not worker.is_alive()
        wait_until(lambda: states() == {State.SUCCEEDED: 2, State.RUNNING: 1})
        assert len(worker_process.current().inflight) == 1

    wait_until(lambda: states() == {State.SUCCEEDED: 3})
    wait_until(lambda: len(worker_process.current().inflight) == 0)
    assert Task.objects.get(pk=ids[1]).result == {"done": True}
    assert Task.objects.get(pk=ids[1]).attempts == 1


def test_outcome_of_a_locked_row_that_is_cancelled_at_last_changes_nothing() -> None:
    task = running()
    kept = decision.succeeded({"too": "late"})
    process = worker_process.current()
    with transaction.atomic():
        tasks_core.cancel(task.id, reason="test")
        elsewhere(lambda: _hand_over(process, task, kept))
    wait_until(process.outcomes.flush)
    assert state_of(task.id) is State.CANCELLED


def _hand_over(process: worker_process.WorkerProcess, task: Any, outcome: Any) -> bool:
    from tasks_core.registry import get_task_type
    from tasks_core.worker.inflight import InFlight
    from tests.support.life import ended

    registered = get_task_type(PLAIN)
    context = TaskContext(task, registered, max_attempts=1)
    entry = InFlight(task, registered, context, clock.now() + LEASE)
    entry.is_decided = True
    process.inflight.add([entry])
    process.outcomes.add((PLAIN, entry, ended(task, outcome)))
    return process.outcomes.flush()


def test_receiver_that_waits_for_a_locked_row_holds_up_its_own_task_only() -> None:
    plain_type("once", retry=tasks_core.Fixed(max_attempts=1))
    wanted = running()

    @tasks_core.task_type("fails", retry=tasks_core.Fixed(max_attempts=1))
    def fails(payload: dict[str, Any]) -> None:
        raise ValueError("on purpose")

    ids = tasks_core.enqueue_many("fails", [{}] * 3)
    queue()

    def receive(tasks: list[UnsuccessfulTask], **_: object) -> None:
        if any(task.task_id == ids[1] for task in tasks):
            list(Task.objects.filter(pk=wanted.id).select_for_update())

    tasks_unsuccessful.connect(receive)
    with locked(wanted.id):
        worker = threading.Thread(
            target=in_own_connection, args=[lambda: execute("fails", ids, worker="w")]
        )
        worker.start()
        wait_until(lambda: states().get(State.DEAD) == 2)
        assert state_of(ids[1]) is State.RUNNING
    wait_until(lambda: states().get(State.DEAD) == 3)
    worker.join(20)
    tasks_unsuccessful.disconnect(receive)


def _context(task: Any) -> TaskContext:
    from tasks_core.registry import get_task_type

    return TaskContext(task, get_task_type(PLAIN), max_attempts=1)


def test_progress_of_a_locked_row_is_left_out() -> None:
    task = running()
    context = _context(task)

    with locked(task.id):
        elsewhere(lambda: context.progress(1, 2))

    assert not context.cancelled
    assert Task.objects.get(pk=task.id).progress is None


def test_checkpoint_waits_a_moment_for_a_locked_row() -> None:
    task = running()
    context = _context(task)
    worker = threading.Thread(
        target=in_own_connection, args=[lambda: context.checkpoint({"row": 7})]
    )

    with locked(task.id):
        worker.start()
        worker.join(0.2)
    worker.join(20)

    assert context.last_checkpoint == {"row": 7}
    assert Task.objects.get(pk=task.id).checkpoint == {"row": 7}


def test_checkpoint_of_a_row_that_stays_locked_does_not_fail_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tasks_core.context.CHECKPOINT_SECONDS", 0.1)
    task = running()
    context = _context(task)

    with locked(task.id):
        elsewhere(lambda: context.checkpoint({"row": 7}))

    assert Task.objects.get(pk=task.id).checkpoint is None
    assert "is not saved: its row is locked" in caplog.text


def test_progress_and_checkpoint_renew_a_lease_that_is_ageing() -> None:
    task = running()
    context = _context(task)
    later = clock.now() + LEASE / 2

    with clock.frozen(later):
        context.checkpoint(1)
        assert Task.objects.get(pk=task.id).lease_until == later + LEASE
    with clock.frozen(later + LEASE / 2):
        context.progress(1, 2)
        assert Task.objects.get(pk=task.id).lease_until == later + LEASE / 2 + LEASE


def test_waking_many_running_tasks_waits_no_longer_than_a_few() -> None:
    ids = [running().id for _ in range(20)]
    with locked(*ids):
        began = time.monotonic()
        assert elsewhere(lambda: tasks_core.wake(ids)) == 0
        assert time.monotonic() - began < PROMPTLY


def test_waking_a_running_task_waits_only_a_moment() -> None:
    task = running()

    with locked(task.id):
        began = time.monotonic()
        thread = Rival(lambda: tasks_core.wake([task.id]))
        assert thread.result() == 0
        assert time.monotonic() - began < PROMPTLY


def test_schedule_that_would_stop_a_locked_task_holds_up_no_other_schedule() -> None:
    with clock.frozen(START):
        stopping = every_minute(name="stopping", overlap="terminate_other")
        other = every_minute(name="other")
    beat(START + MINUTE)
    [first] = tasks_of(stopping)

    with locked(first.pk):
        began = time.monotonic()
        elsewhere(lambda: beat(START + 2 * MINUTE))
        assert time.monotonic() - began < PROMPTLY
        assert outcomes(other, START + 2 * MINUTE) == ["fired"] * 2
        assert outcomes(stopping, START + 2 * MINUTE) == ["fired", "upcoming"]

    def fired() -> bool:
        beat(START + 2 * MINUTE)
        return len(tasks_of(stopping)) == 2

    wait_until(fired)

    assert outcomes(stopping, START + 2 * MINUTE) == ["fired"] * 2
    assert state_of(first.pk) is State.CANCELLED


def test_leader_does_not_wait_for_long_for_its_row() -> None:
    leadership = Leadership("test")
    assert leadership.lead()

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM tasks_core_leadership FOR UPDATE")
        rival = Rival(lambda: Leadership("test").lead())
        assert rival.result() is False


def test_bound_of_waiting_ends_with_the_transaction_and_blames_nobody() -> None:
    task = running()

    def work() -> str:
        with pytest.raises(Exception, match="lock timeout") as caught, bounded_locks(seconds=0.05):
            list(Task.objects.filter(pk=task.id).select_for_update())
        assert is_lock_timeout(caught.value)
        assert not is_servers_fault(caught.value)
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            return str(cursor.fetchone()[0])

    with locked(task.id):
        assert Rival(work).result() == "0"


def test_statement_with_a_bound_asks_for_it_before_it_waits() -> None:
    with locked_subscription() as name:
        rival = Rival(lambda: claim_cursor(name, holder="test", seconds=5))
        with pytest.raises(Exception, match="lock timeout"):
            rival.result()


@contextmanager
def locked_subscription() -> Iterator[str]:
    create_cursor("locked", from_beginning=True, now=clock.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM tasks_core_eventsubscription FOR UPDATE")
        yield "locked"
