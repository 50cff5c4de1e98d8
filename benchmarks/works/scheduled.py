"""Lateness of tasks that were enqueued for a later time."""

import random
import time

from benchmarks.arena import Arena
from benchmarks.quantiles import spread
from benchmarks.works.draining import cpu_per_thousand
from benchmarks.works.interface import Column, Figures, Size, Work, checked, who_schedules

#: The slowest peer inserts about 700 of them a second.
INSERT_PER_SECOND = 500
COLUMNS = (
    Column("p50_ms", "late p50 ms", 1),
    Column("p95_ms", "p95", 1),
    Column("p99_ms", "p99", 1),
    Column("max_ms", "max", 1),
    Column("early", "early"),
    Column("cpu_total", "CPU s per 1,000, workers and servers", 3),
    Column("rss_mb", "workers' peak RSS, MB"),
)


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Start workers, enqueue for random instants of the coming seconds, compare starts with
    these.
    """
    arena.start("noop", scheduling=True)
    arena.warm_up("noop")
    return lateness(arena, size)


def lateness(arena: Arena, size: Size) -> Figures:
    """Measure on running workers."""
    times = instants(size, time.time() + 2 + size.scheduled_tasks / INSERT_PER_SECOND)
    records = arena.ledger.size() + len(times)
    arena.producer.ask("at", handler="noop", first=0, times=times)
    began = time.time()
    arena.wait_for_records(records, quiet_until=times[-1])
    arena.gauge.sample()
    late = [execution.start - times[execution.task] for execution in arena.ledger.executions()]
    return {
        **spread(late),
        "early": sum(1 for seconds in late if seconds < 0),
        **cpu_per_thousand(arena, began, time.time(), len(times)),
        "rss_mb": arena.gauge.peak_resident(*arena.worker_names) / 1e6,
        **checked(arena, range(len(times))),
    }


def instants(size: Size, start: float) -> list[float]:
    """Random, so that no polling interval meets them by its rhythm; the same ones relative to
    `start` every time.
    """
    rng = random.Random(2026)
    return sorted(start + rng.random() * size.scheduled_span for _ in range(size.scheduled_tasks))


WORK = Work(
    name="scheduled",
    title="Lateness of scheduled tasks",
    explanation=(
        "2,000 tasks at random instants of 20 s, enqueued before. Late: start of the handler minus "
        "the asked time."
    ),
    columns=COLUMNS,
    run=run,
    suits=who_schedules,
)
