"""Attempts whose worker is gone: found by their lease, given to somebody else, counted against the policy."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.database import row_backoff
from tasks_core.duties import recovery
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine import decision
from tasks_core.engine.states import State
from tasks_core.models import DeadLetter, Task, TaskEvent
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful
from tests.support.life import (
    LEASE,
    bring_to,
    events_of,
    plain_type,
    queue,
    running,
    state_of,
    states,
    take,
    write,
)
from tests.support.messages import waiting

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type(retry=Fixed(initial=10, max_attempts=2))


def _after_lease() -> datetime:
    return clock.now() + LEASE + timedelta(seconds=1)


def _claimed_together(count: int) -> list[int]:
    ids = tasks_core.enqueue_many("plain", [{}] * count)
    queue()
    assert len(take(ids)) == count
    return ids


def test_attempt_with_a_lease_is_left_alone() -> None:
    task = running()

    assert recover_attempts() == 0
    assert state_of(task.id) is State.RUNNING


def test_lost_attempt_counts_and_the_task_is_retried() -> None:
    task = running()

    with clock.frozen(_after_lease()):
        assert recover_attempts() == 1

    row = Task.objects.get(pk=task.id)
    assert (row.state, row.attempts_used, row.lease_until) == (State.RETRYING, 1, None)
    assert events_of(task.id)[-2:] == ["failed", "retrying"]
    assert "worker w1 stopped renewing the lease" in row.error


@pytest.mark.parametrize("attempts", [1, 7])
def test_lost_attempt_counts_against_the_rule_of_the_task_itself(attempts: int) -> None:
    task = running(retry=Fixed(initial=300, max_attempts=attempts))

    lost_at = _after_lease()
    with clock.frozen(lost_at):
        recover_attempts()

    row = Task.objects.get(pk=task.id)
    assert row.state == (State.DEAD if attempts == 1 else State.RETRYING)
    if attempts > 1:
        assert row.run_after == lost_at + timedelta(seconds=300)


def test_task_that_kills_its_worker_ends_as_a_dead_letter_at_its_limit() -> None:
    task = running()
    now = clock.now()
    for _ in range(2):
        now += LEASE + timedelta(seconds=60)
        with clock.frozen(now):
            assert recover_attempts() == 1
        now += timedelta(seconds=10)
        with clock.frozen(now):
            queue()
            take([task.id])

    letter = DeadLetter.objects.get()
    assert state_of(task.id) is State.DEAD
    assert (letter.task_id, letter.attempts, letter.worker) == (task.id, 2, "w1")
    assert letter.error == "tasks_core.WorkerLost"
    assert letter.reason == "all 2 attempts are used up"


def test_tasks_that_were_lost_together_are_not_blamed_but_kept_apart(
    broker: "redis.Redis",
) -> None:
    ids = _claimed_together(5)

    with clock.frozen(_after_lease()):
        assert recover_attempts() == 5
        Dispatcher().dispatch()

    rows = Task.objects.order_by("pk")
    assert {(row.attempts, row.attempts_used, row.isolated) for row in rows} == {(1, 0, True)}
    assert TaskEvent.objects.filter(kind="lost", data={"isolated": True}).count() == 5
    assert [m.ids for m in waiting(broker, "default.normal")] == [[task_id] for task_id in ids]


def test_second_loss_of_a_task_that_was_kept_apart_counts() -> None:
    (first, *_) = _claimed_together(3)
    now = _after_lease()
    with clock.frozen(now):
        recover_attempts()
        queue()
        take([first])

    with clock.frozen(now + LEASE + timedelta(seconds=1)):
        recover_attempts()

    assert Task.objects.get(pk=first).attempts_used == 1
    assert state_of(first) is State.RETRYING


def test_lost_attempt_of_a_task_that_expires_before_the_next_one_ends_expired() -> None:
    task = running(expires_at=clock.now() + LEASE + timedelta(seconds=5))

    with clock.frozen(_after_lease()):
        recover_attempts()

    assert state_of(task.id) is State.EXPIRED


def test_finish_of_a_lost_attempt_changes_nothing() -> None:
    task = running()
    with clock.frozen(_after_lease()):
        recover_attempts()
        before = events_of(task.id)

        assert not write(task, decision.succeeded({"too": "late"}))

    assert (state_of(task.id), events_of(task.id)) == (State.RETRYING, before)


def test_finish_of_a_lost_attempt_does_not_end_the_next_one() -> None:
    first = running()
    now = _after_lease()
    with clock.frozen(now):
        recover_attempts()
    with clock.frozen(now + timedelta(seconds=60)):
        queue()
        (second,) = take([first.id], worker="w2")

        assert not write(first, decision.succeeded({"by": "first"}))
        assert state_of(first.id) is State.RUNNING
        assert write(second, decision.succeeded({"by": "second"}))

    assert Task.objects.get(pk=first.id).result == {"by": "second"}


def test_attempt_of_a_type_that_beat_does_not_know_is_recovered_too() -> None:
    task = running()
    Task.objects.filter(pk=task.id).update(task_type="of.the.next.release")

    with clock.frozen(_after_lease()):
        assert recover_attempts() == 1
    assert state_of(task.id) is State.RETRYING


@pytest.mark.parametrize("state", sorted(set(State) - {State.RUNNING}), ids=str)
def test_only_running_tasks_are_recovered(state: State) -> None:
    task_id = bring_to(state)

    with clock.frozen(datetime(2100, 1, 1, tzinfo=UTC)):
        assert recover_attempts() == 0
    assert state_of(task_id) is state


def test_recovery_of_any_number_costs_seven_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "LOOK_SECONDS", 0.0)
    _claimed_together(100)

    with clock.frozen(_after_lease()), CaptureQueriesContext(connection) as captured:
        assert recover_attempts() == 100
    assert len([q for q in captured.captured_queries if "tasks_core" in q["sql"]]) == 7
    assert states() == {State.SCHEDULED: 100}


@pytest.fixture
def receiver_that_refuses_one() -> Iterator[list[int]]:
    refused: list[int] = []

    def receive(tasks: list[UnsuccessfulTask], **_: object) -> None:
        if any(task.task_id in refused for task in tasks):
            raise RuntimeError("this receiver is broken")

    tasks_unsuccessful.connect(receive)
    yield refused
    tasks_unsuccessful.disconnect(receive)


def test_receiver_that_fails_for_one_task_does_not_hold_up_the_others(
    receiver_that_refuses_one: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_backoff, "FIRST_PAUSE", 0.0)
    plain_type("once", retry=Fixed(max_attempts=1), max_batch=1)
    ids = tasks_core.enqueue_many("once", [{}] * 4)
    queue()
    for task_id in ids:
        take([task_id], task_type="once", worker=f"w{task_id}")
    receiver_that_refuses_one.append(ids[1])

    with clock.frozen(_after_lease()):
        assert recover_attempts() == 3

    assert states() == {State.DEAD: 3, State.RUNNING: 1}
    assert state_of(ids[1]) is State.RUNNING
    assert DeadLetter.objects.count() == 3

    receiver_that_refuses_one.clear()
    with clock.frozen(_after_lease()):
        assert recover_attempts() == 1
    assert states() == {State.DEAD: 4}
