"""Count by MetricsHandler, and again by hand."""

from bisect import bisect_left
from collections import Counter
from random import Random

from django.db import connection
from django.db.models import Sum

import tasks_core
from tasks_core.engine import decision
from tasks_core.metrics.buckets import MILLISECONDS, RETRIES
from tasks_core.metrics.handler import MetricsHandler
from tasks_core.metrics.roll_up import FINAL, TIMED
from tasks_core.models import MetricRollup, MetricTotal, TaskEvent
from tests.support.life import PLAIN, failed, queue, take, write

Key = tuple[str, str, int]


def counted() -> Counter[Key]:
    """Return the totals."""
    rows = MetricTotal.objects.values_list("task_type", "measure", "bucket", "count")
    return Counter({(kind, measure, bucket): count for kind, measure, bucket, count in rows})


def counted_by_minute() -> Counter[Key]:
    """Return the sums of the rollups of all minutes."""
    rows = MetricRollup.objects.values_list("task_type", "measure", "bucket").annotate(
        total=Sum("count")
    )
    return Counter({(kind, measure, bucket): total for kind, measure, bucket, total in rows})


def expected() -> Counter[Key]:
    """Return what the stored events come to."""
    found: Counter[Key] = Counter()
    for event in TaskEvent.objects.all():
        bucket = -1
        if event.duration is not None and event.kind in TIMED:
            bucket = bisect_left(MILLISECONDS, 1000 * event.duration)
        found[event.task_type, event.kind, bucket] += 1
        if event.kind in FINAL:
            retries = max(event.attempt - 1, 0)
            found[event.task_type, "retries", bisect_left(RETRIES, retries)] += 1
    return found


def of(measure: str) -> int:
    """Return the total of one measure over all types."""
    totals = MetricTotal.objects.filter(measure=measure)
    return totals.aggregate(n=Sum("count"))["n"] or 0


def count_all(handler: MetricsHandler | None = None) -> None:
    """Roll up until nothing is left."""
    handler = handler or MetricsHandler()
    handler.create()
    while handler.roll_up():
        pass


def let_lease_end() -> None:
    """Make as if the time of whoever holds the cursor were over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_core_eventsubscription SET lease_until = NULL")


def live(rng: Random, tasks: int = 20) -> None:
    """Let some tasks live for one step: made, cancelled, started, failed, done."""
    tasks_core.enqueue_many(PLAIN, [{}] * rng.randint(1, tasks))
    if rng.random() < 0.5:
        tasks_core.cancel(tasks_core.enqueue(PLAIN, {}).pk, reason="test")
    for task in take(queue(limit=tasks)):
        draw = rng.random()
        if draw < 0.3:
            write(task, failed(task))
        elif draw < 0.9:
            write(task, decision.succeeded(None))
