"""Drain of no-op tasks that were all waiting when the workers started."""

from benchmarks.arena import Arena
from benchmarks.works.draining import drain, enqueue_half_and_half
from benchmarks.works.interface import Column, Figures, Size, Work, everyone


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue, then start the workers."""
    return {**enqueue_half_and_half(arena, "noop", count), **drain(arena, "noop", count)}


WORK = Work(
    name="noop",
    title="Drain of no-op tasks",
    explanation=(
        "Half of the tasks are enqueued one by one, the other half in bulk where the peer has a "
        "bulk call; then the workers "
        "start. Rate: first execution to last. CPU: over the same span and one second more, for "
        "bookkeeping in batches."
    ),
    columns=(
        Column("per_s", "tasks/s"),
        Column("cpu_workers", "CPU s per 1,000: workers", 3),
        Column("cpu_postgres", "PostgreSQL", 3),
        Column("cpu_valkey", "Valkey", 3),
        Column("cpu_total", "together", 3),
        Column("cpu_producer", "producer", 3),
        Column("rss_mb", "workers' peak RSS, MB"),
        Column("span_s", "span, s", 1),
    ),
    run=run,
    suits=everyone,
)
