"""Who is charged for the end of a process: a task that was alone in it, and nobody else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine.states import State
from tasks_core.events.rebuilding import rebuild
from tasks_core.liveness.heartbeat import Heartbeat
from tasks_core.models import DeadLetter, Task, TaskEvent, Worker
from tasks_core.sql.claim import ClaimedTask, claim
from tasks_core.sql.lease import renew
from tests.support.life import LEASE, plain_type, queue, state_of, take

pytestmark = pytest.mark.usefixtures("transactional_db")

CHILD = "one@test:17"


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type(retry=Fixed(initial=1, max_attempts=2))


def _main(*, pid: int = 10, **columns: Any) -> Worker:
    """Register the main process of the worker that CHILD belongs to."""
    now = clock.now()
    facts = {"started_at": now - timedelta(hours=1), "heartbeat_at": now, **columns}
    return Worker.objects.create(name="one@test", role="worker", hostname="test", pid=pid, **facts)


def _claimed(count: int = 1, *, in_hand: int = 0, worker: str = CHILD) -> list[ClaimedTask]:
    ids = tasks_core.enqueue_many("plain", [{}] * count)
    queue()
    return _claim(ids, in_hand=in_hand, worker=worker)


def _claim(ids: list[int], *, in_hand: int = 0, worker: str = CHILD) -> list[ClaimedTask]:
    now = clock.now()
    return claim(
        ids, task_type="plain", worker=worker, lease_until=now + LEASE, now=now, company=in_hand
    )


def _isolated() -> ClaimedTask:
    """Return a task that was lost with another one, and runs again."""
    first, other = _claimed(2)
    now = clock.now() + LEASE + timedelta(seconds=1)
    with clock.frozen(now):
        assert recover_attempts() == 2
        tasks_core.cancel(other.id, reason="not needed")
        queue()
        [again] = take([first.id], worker=CHILD)
    Task.objects.filter(pk=again.id).update(lease_until=clock.now() + LEASE)
    return again


def _after(seconds: float = 1.0) -> datetime:
    return clock.now() + LEASE + timedelta(seconds=seconds)


def _key(task: ClaimedTask) -> tuple[int, int]:
    return task.id, task.attempt


def _used(task: ClaimedTask) -> int:
    return Task.objects.get(pk=task.id).attempts_used


def _agree() -> bool:
    return not [found for chunk in rebuild() for found in chunk.differences]


def test_who_was_claimed_first_is_not_blamed_for_whoever_joined_later() -> None:
    [first] = _claimed()
    [second] = _claimed(in_hand=1)
    with clock.frozen(_after()):
        recover_attempts()
    assert (_used(first), _used(second)) == (0, 0)
    assert set(Task.objects.values_list("isolated", flat=True)) == {True}
    assert _agree()


@pytest.mark.parametrize("later", [0, 1])
def test_the_last_lease_of_a_process_is_not_that_of_one_that_was_alone(later: int) -> None:
    tasks = [*_claimed(), *_claimed(in_hand=1)]
    renew([_key(tasks[later])], lease_until=clock.now() + LEASE * 1.5)
    with clock.frozen(_after()):
        assert recover_attempts() == 1
    assert state_of(tasks[later].id) is State.RUNNING
    with clock.frozen(_after(16)):
        assert recover_attempts() == 1
    assert (_used(tasks[0]), _used(tasks[1])) == (0, 0)


def test_an_isolated_one_that_still_waited_is_not_blamed_either() -> None:
    isolated = _isolated()
    [running] = _claimed(in_hand=1)
    renew([_key(isolated)], lease_until=clock.now() + LEASE * 1.5)
    with clock.frozen(_after()):
        assert recover_attempts() == 1
    with clock.frozen(_after(16)):
        assert recover_attempts() == 1
    assert (_used(isolated), _used(running)) == (0, 0)


def test_an_isolated_one_that_was_alone_is_charged_although_it_had_to_wait_for_that() -> None:
    isolated = _isolated()
    Task.objects.filter(pk=isolated.id).update(claimed_with=7)
    with clock.frozen(_after()):
        assert recover_attempts() == 1
    assert _used(isolated) == 1


def test_one_that_is_left_of_several_is_not_charged_the_first_time() -> None:
    first, *others = _claimed(3)
    Task.objects.filter(pk__in=[t.id for t in others]).update(state="SUCCEEDED")
    with clock.frozen(_after()):
        recover_attempts()
    assert (_used(first), Task.objects.get(pk=first.id).isolated) == (0, True)


def test_tasks_of_another_process_are_no_company() -> None:
    [alone] = _claimed()
    [other] = _claimed(worker="one@test:18")
    renew([_key(other)], lease_until=clock.now() + LEASE * 3)
    with clock.frozen(_after()):
        recover_attempts()
    assert (_used(alone), state_of(other.id)) == (1, State.RUNNING)


def test_a_process_whose_worker_lives_on_is_the_fault_of_its_task() -> None:
    worker = _main()
    [task] = _claimed()
    with clock.frozen(_after()):
        Worker.objects.filter(pk=worker.pk).update(heartbeat_at=clock.now())
        assert recover_attempts() == 1
    assert _used(task) == 1


@pytest.mark.parametrize("what", ["silent", "stopped", "started again"])
def test_a_machine_that_dies_charges_nobody_and_isolates_nobody_at_first(what: str) -> None:
    worker = _main()
    tasks = [*_claimed(), *_claimed(3, worker="one@test:18")]
    with clock.frozen(_after()):
        now = clock.now()
        if what == "stopped":
            Worker.objects.filter(pk=worker.pk).update(stopped_at=now, heartbeat_at=now)
        if what == "started again":
            Worker.objects.filter(pk=worker.pk).update(pid=11, started_at=now, heartbeat_at=now)
        assert recover_attempts() == 4
    rows = Task.objects.filter(pk__in=[t.id for t in tasks])
    assert {(row.state, row.attempts_used, row.isolated) for row in rows} == {
        ("SCHEDULED", 0, False)
    }
    assert TaskEvent.objects.filter(kind="lost", data={"isolated": False}).count() == 4
    assert _agree()


def test_one_that_is_lost_with_its_machine_again_runs_alone() -> None:
    _main()
    [task] = _claimed()
    now = _after()
    with clock.frozen(now):
        recover_attempts()
        queue()
        _claim([task.id])
    with clock.frozen(now + LEASE + timedelta(seconds=1)):
        recover_attempts()
    row = Task.objects.get(pk=task.id)
    assert (row.attempts_used, row.isolated) == (0, True)


def test_whether_the_machine_has_died_is_waited_for(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LEASE_SECONDS": 5.0}
    lease = timedelta(seconds=5)
    worker = _main()
    [task] = _claimed()
    Task.objects.filter(pk=task.id).update(lease_until=clock.now() + lease)
    began = clock.now()
    with clock.frozen(began + timedelta(seconds=5.1)):
        assert recover_attempts() == 0
    with clock.frozen(began + timedelta(seconds=6)):
        Worker.objects.filter(pk=worker.pk).update(heartbeat_at=clock.now())
        assert recover_attempts() == 1
    assert _used(task) == 1


def test_a_worker_of_one_process_says_nothing_of_its_machine() -> None:
    _main(pid=17)
    [task] = _claimed()
    with clock.frozen(_after()):
        assert recover_attempts() == 1
    assert _used(task) == 1


@pytest.mark.parametrize("machine", [True, False])
def test_one_that_is_lost_again_and_again_ends_although_nobody_is_charged(
    machine: bool, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "MAX_LOSSES": 3}
    if machine:
        _main()
    task = _claimed(1 if machine else 2)[0]
    now = clock.now()
    for _ in range(3):
        now += LEASE + timedelta(seconds=1)
        with clock.frozen(now):
            assert recover_attempts()
            queue()
            _claim([task.id])
            if not machine:
                _claimed(in_hand=1)
    row = Task.objects.get(pk=task.id)
    assert (row.state, row.attempts) == (State.DEAD, 3)
    letter = DeadLetter.objects.get(task_id=task.id)
    assert letter.reason == "lost with its worker 3 times, as often as MAX_LOSSES allows"
    assert _agree()


def test_what_nobody_registered_is_judged_by_its_process() -> None:
    [task] = _claimed(worker="local:1")
    with clock.frozen(_after()):
        assert recover_attempts() == 1
    assert _used(task) == 1


def test_a_task_that_began_before_its_worker_had_registered_is_charged() -> None:
    main = Heartbeat("one@test", Worker.Role.WORKER, columns=dict)
    [task] = _claimed()
    for _ in range(2):  # somebody may remove the row
        Worker.objects.all().delete()
        main._register()
    with clock.frozen(_after()):
        Worker.objects.update(heartbeat_at=clock.now())
        assert recover_attempts() == 1
    assert _used(task) == 1
