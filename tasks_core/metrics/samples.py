"""The numbers that beat has counted lately."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import Metric

from tasks_core.events.queues import queue_names
from tasks_core.metrics.families import gauge, gauges
from tasks_core.metrics.labels import priority_label, queue_labels, type_labels
from tasks_core.models import MetricSample

Measure = MetricSample.Measure
DEPTH = (Measure.DUE, Measure.QUEUED)
Sums = Counter[tuple[str, ...]]


def collect() -> Iterator[Metric]:
    """Yield them, and when they were counted."""
    samples = list(MetricSample.objects.order_by("id"))
    labels = queue_labels(s.label for s in samples if s.measure != Measure.DEAD_LETTERS)
    depth, pending, running = Sums(), Sums(), Sums()
    for queue in queue_names():
        pending[(queue,)] = running[(queue,)] = 0
    for sample in samples:
        if sample.measure in DEPTH:
            priority = priority_label(sample.priority)
            depth[labels.of(sample.label), priority, sample.measure] += sample.value
        elif sample.measure == Measure.PENDING:
            pending[(labels.of(sample.label),)] += sample.value
        elif sample.measure == Measure.RUNNING:
            running[(labels.of(sample.label),)] += sample.value
    yield gauges(
        "task_queue_depth",
        "Tasks that are due and have not started: due in the database, or queued in the broker",
        ("queue", "priority", "state"),
        depth,
    )
    yield gauges("scheduled_tasks_pending", "Tasks that wait for their time", ("queue",), pending)
    yield gauges("tasks_running", "Tasks that run", ("queue",), running)
    yield from _dead_letters(samples)
    yield from _sampling(samples)


def _dead_letters(samples: list[MetricSample]) -> Iterator[Metric]:
    found = [sample for sample in samples if sample.measure == Measure.DEAD_LETTERS]
    labels = type_labels(sample.label for sample in found)
    sums = Sums()
    for sample in found:
        sums[(labels.of(sample.label),)] += sample.value
    yield gauges(
        "dead_letters_unresolved", "Dead letters that wait for a person", ("task_type",), sums
    )


def _sampling(samples: list[MetricSample]) -> Iterator[Metric]:
    for sample in samples:
        if sample.measure == Measure.SAMPLING:
            at = sample.sampled_at.timestamp()
            yield gauge("metrics_sampled_timestamp_seconds", "When tasks were last counted", at)
            yield gauge(
                "metrics_sampling_duration_seconds", "How long that took", sample.value / 1000
            )
