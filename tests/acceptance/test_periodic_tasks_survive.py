"""Rows of django-celery-beat on real beats and a real worker, one beat of which is killed."""

import json
import os
import signal

import pytest
import redis
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tasks_core.broker.redis_client import key
from tasks_core.models import Leadership, Occurrence, Task
from tests.acceptance.processes import Processes
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("transactional_db"),
]

ROWS = 20
QUEUE = "of-another-program"
RAN = {"fired", "caught_up"}


def _ids(broker: "redis.Redis") -> list[str]:
    return [json.loads(raw)["headers"]["id"] for raw in broker.lrange(key(QUEUE), 0, -1)]


def _kill_the_leader() -> None:
    holder = Leadership.objects.get(name="schedules").holder
    os.kill(int(holder.split(":")[1]), signal.SIGKILL)


def test_each_second_is_accounted_for_and_sent_once_though_the_leader_is_killed(
    processes: Processes, broker: "redis.Redis"
) -> None:
    processes.start_worker()
    for name in ("first", "second"):
        processes.start_beat(name)
    every = IntervalSchedule.objects.create(every=1, period="seconds")
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"count {n}", task="shop.count", interval=every, queue=QUEUE)
        for n in range(ROWS)
    )
    wait_until(lambda: len(_ids(broker)) > 3 * ROWS, seconds=30, what="messages are sent")

    _kill_the_leader()
    sent = len(_ids(broker))
    wait_until(
        lambda: len(_ids(broker)) > sent + 3 * ROWS, seconds=40, what="the other beat goes on"
    )
    PeriodicTask.objects.update(enabled=False)
    wait_until(lambda: not Occurrence.objects.upcoming().exists(), what="the rows are switched off")
    wait_until(lambda: not Task.objects.unfinished().exists(), what="all messages are sent")

    ids, ran = _ids(broker), Occurrence.objects.filter(outcome__in=RAN)
    assert len(ids) == len(set(ids)) == ran.count()
    for schedule_id in set(ran.values_list("schedule_id", flat=True)):
        ticks = Occurrence.objects.filter(schedule_id=schedule_id)
        dues = sorted(ticks.values_list("due", flat=True))
        assert len(dues) == (dues[-1] - dues[0]).total_seconds() + 1
        settled = set(ticks.values_list("outcome", flat=True))
        assert settled <= RAN | {"coalesced", "cancelled"}
    wait_until(
        lambda: sum(PeriodicTask.objects.values_list("total_run_count", flat=True)) == len(ids),
        what="the rows have been told of their runs",
    )
