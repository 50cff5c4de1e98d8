"""Everything at once, on the same rows in any order: no statement waits for another's, and none deadlocks."""

import time
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from django.db import connection, transaction

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.duties.ageing import promote
from tasks_core.duties.expiry import expire_tasks
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine import decision
from tasks_core.engine.outcome import Outcome
from tasks_core.models import Task
from tasks_core.outcomes.record import record
from tasks_core.sql.claim import ClaimedTask, claim
from tasks_core.sql.dispatch import give_back, hold, postpone
from tasks_core.sql.lease import renew
from tasks_core.sql.progress import note_progress, set_checkpoint
from tests.support.life import LEASE, PLAIN, ended, failed, plain_type, queue
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")

SECONDS = 6.0
TASKS = 60
AGAIN_AT_ONCE = Fixed(initial=0, max_attempts=1_000)


class Anybody:
    """Worker, beat, recovery and caller in one, with a connection and a random mind of its own."""

    def __init__(self, number: int, ids: list[int]) -> None:
        self._random = Random(number)
        self._ids = ids
        self._owned: list[ClaimedTask] = []
        self.done = 0

    def work(self) -> "Anybody":
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            self._random.choice(self._steps())()
            self.done += 1
        return self

    def _steps(self) -> list[Callable[[], object]]:
        now = clock.now()
        return [
            queue,
            self._claim,
            self._claim,
            self._finish,
            self._renew,
            self._note,
            self._recover,
            lambda: hold(self._some(), queued_at=now, reason="test", now=now),
            lambda: postpone(self._some(5), seconds=0, reason="test", now=now),
            lambda: give_back(self._some(), task_type=PLAIN, queued_by=now, now=now),
            lambda: tasks_core.cancel_many(self._some(1), reason="test"),
            lambda: tasks_core.wake(self._some(3)),
            expire_tasks,
            promote,
        ]

    def _some(self, most: int = 30) -> list[int]:
        return self._random.sample(self._ids, self._random.randint(1, most))

    def _claim(self) -> None:
        now = clock.now()
        # Some leases end at once, so that recovery has work.
        lease = self._random.choice([LEASE, -LEASE])
        self._owned += claim(
            self._some(), task_type=PLAIN, worker="w", lease_until=now + lease, now=now
        )

    def _mine(self) -> list[ClaimedTask]:
        self._random.shuffle(self._owned)
        return self._owned[: self._random.randint(0, 30)]

    def _renew(self) -> None:
        keys = [(task.id, task.attempt) for task in self._mine()]
        renew(keys, lease_until=clock.now() + self._random.choice([LEASE, -LEASE]))

    def _note(self) -> None:
        for task in self._mine()[:3]:
            key = task.id, task.attempt
            note_progress(key, {"done": 1}, lease=LEASE, now=clock.now())
            set_checkpoint(key, [1], lease=LEASE, now=clock.now())

    def _finish(self) -> None:
        attempts = self._mine()
        self._owned = [task for task in self._owned if task not in attempts]
        record([(PLAIN, ended(task, self._outcome(task))) for task in attempts])

    def _outcome(self, task: ClaimedTask) -> Outcome:
        if self._random.random() < 0.5:
            return decision.released(now=clock.now(), reason="test")
        return failed(task, AGAIN_AT_ONCE)

    def _recover(self) -> None:
        recover_attempts()


def test_nothing_waits_and_nothing_deadlocks() -> None:
    plain_type(retry=AGAIN_AT_ONCE)
    ids = tasks_core.enqueue_many(PLAIN, [{}] * TASKS)
    Task.objects.filter(pk__in=ids[:5]).update(expires_at=clock.now() + timedelta(seconds=3))
    before = deadlocks()

    somebody = at_once(
        6, lambda number: Anybody(number, ids).work() if number else caller_with_a_long_breath(ids)
    )

    assert deadlocks() == before
    assert sum(one.done for one in somebody if one) > 100


def caller_with_a_long_breath(ids: list[int]) -> None:
    """Touch tasks one after the other in one transaction, in any order, as an application may."""
    random = Random(0)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with transaction.atomic():
            for task_id in random.sample(ids, 10):
                Task.objects.filter(pk=task_id).update(tags=["touched"])


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        count: int = cursor.fetchone()[0]
        return count
