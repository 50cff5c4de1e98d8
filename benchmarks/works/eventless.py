"""The drain of no-op tasks by an engine that writes no events: what events cost."""

import psycopg

from benchmarks.arena import Arena
from benchmarks.works.draining import drain, enqueue_half_and_half
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue, forget the events of that, and start workers that write none."""
    figures = enqueue_half_and_half(arena, "noop", count)
    with psycopg.connect(arena.database_url) as session:
        session.execute("TRUNCATE tasks_core_taskevent")
    arena.set_variables(BENCH_WITHOUT_EVENTS="1")
    return {**figures, **drain(arena, "noop", count)}


WORK = Work(
    name="eventless",
    title="Drain of no-op tasks without events",
    explanation=(
        "As the first work, but the statements of workers and beat leave out the events. This is "
        "not how Bellringer can be run; it tells what events cost, and the counting of them."
    ),
    columns=(
        Column("per_s", "tasks/s"),
        Column("cpu_workers", "CPU s per 1,000: workers", 3),
        Column("cpu_postgres", "PostgreSQL", 3),
        Column("cpu_total", "together", 3),
        Column("span_s", "span, s", 1),
    ),
    run=run,
    suits=ours_only,
)
