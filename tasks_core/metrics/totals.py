"""Counters and histograms, from the totals in the database: the same whichever process is asked."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from tasks_core.database import fetch
from tasks_core.engine.states import EventKind
from tasks_core.metrics import roll_up
from tasks_core.metrics.buckets import MILLISECONDS, RETRIES, cumulative
from tasks_core.metrics.families import limits
from tasks_core.metrics.labels import type_labels

# Those first that were counted first, so that the types with a label of their own stay the same.
SELECT = """
SELECT task_type, measure, bucket, count, amount FROM (
    SELECT *, min(id) OVER (PARTITION BY task_type) AS first_id FROM tasks_core_metrictotal
) total
ORDER BY first_id, task_type, measure, bucket
"""

COUNTERS: dict[EventKind, tuple[str, str]] = {
    EventKind.SCHEDULED: ("tasks_scheduled", "Tasks made"),
    EventKind.QUEUED: ("tasks_queued", "Times that a task was handed to the broker"),
    EventKind.STARTED: ("tasks_started", "Attempts begun"),
    EventKind.COMPLETED: ("tasks_completed", "Tasks that succeeded"),
    EventKind.FAILED: ("tasks_failed", "Attempts that failed"),
    EventKind.RETRYING: ("tasks_retried", "Failures after which another attempt was to follow"),
    EventKind.SNOOZED: ("tasks_snoozed", "Attempts that asked to be called again"),
    EventKind.YIELDED: ("tasks_yielded", "Attempts that gave way to more urgent work"),
    EventKind.RELEASED: ("tasks_released", "Tasks given back before they were done"),
    EventKind.LOST: ("tasks_lost", "Messages and attempts that were lost and came back"),
    EventKind.CANCELLED: ("tasks_cancelled", "Tasks cancelled"),
    EventKind.EXPIRED: ("tasks_expired", "Tasks whose time was over before they began"),
    EventKind.DEAD_LETTERED: ("tasks_dead_lettered", "Tasks that failed for good"),
    EventKind.REPLAYED: ("tasks_replayed", "Dead letters enqueued again"),
    EventKind.DISCARDED: ("tasks_discarded", "Dead letters discarded"),
}


@dataclass(frozen=True)
class Histogram:
    """A histogram over the values of some measures."""

    name: str
    text: str
    measures: tuple[str, ...]
    bounds: tuple[float, ...]


HISTOGRAMS = (
    Histogram(
        "task_execution_duration_ms",
        "How long attempts ran that succeeded or failed",
        (EventKind.COMPLETED, EventKind.FAILED),
        MILLISECONDS,
    ),
    Histogram(
        "task_queue_wait_time_ms",
        "From when a task was due to the start of its attempt",
        (EventKind.STARTED,),
        MILLISECONDS,
    ),
    Histogram(
        "schedule_lateness_ms",
        "From a tick of a schedule to the making of its task",
        (EventKind.SCHEDULED,),
        MILLISECONDS,
    ),
    Histogram(
        "task_retry_count",
        "Attempts after the first that tasks needed until they ended",
        (roll_up.RETRIES,),
        RETRIES,
    ),
)


class Totals:
    """What all of them come to, by label, measure and bucket."""

    def __init__(self, rows: list[tuple[str, str, int, int, float]]) -> None:
        labels = type_labels(row[0] for row in rows)
        self._counts: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        self._amounts: defaultdict[tuple[str, str], float] = defaultdict(float)
        for task_type, measure, bucket, count, amount in rows:
            key = measure, labels.of(task_type)
            self._counts[key][bucket] += count
            self._amounts[key] += amount

    def by_type(self, measure: str) -> Iterator[tuple[str, Counter[int], float]]:
        """Yield label, counts by bucket, and the sum of the values."""
        for (found, label), counts in self._counts.items():
            if found == measure:
                yield label, counts, self._amounts[found, label]


def collect() -> Iterator[Metric]:
    """Yield every counter and histogram."""
    totals = Totals(fetch(SELECT, {}))
    for kind, (name, text) in COUNTERS.items():
        counter = CounterMetricFamily(name, text, labels=["task_type"])
        for label, counts, _ in totals.by_type(kind):
            counter.add_metric([label], counts.total())
        yield counter
    for histogram in HISTOGRAMS:
        yield _histogram(histogram, totals)


def _histogram(histogram: Histogram, totals: Totals) -> Metric:
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    amounts: defaultdict[str, float] = defaultdict(float)
    for measure in histogram.measures:
        for label, found, amount in totals.by_type(measure):
            counts[label].update({b: n for b, n in found.items() if b != roll_up.UNTIMED})
            amounts[label] += amount
    family = HistogramMetricFamily(histogram.name, histogram.text, labels=["task_type"])
    for label, by_bucket in counts.items():
        buckets = limits(cumulative(by_bucket, histogram.bounds))
        family.add_metric([label], buckets, sum_value=amounts[label])
    return family
