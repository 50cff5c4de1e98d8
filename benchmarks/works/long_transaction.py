"""Drain of no-op tasks beside a transaction that has been open for long, such as a report."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks.arena import Arena
from benchmarks.works.draining import drain, enqueue_half_and_half
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only

#: What dispatching, running and finishing leave behind in every index, without the time that they take.
TRANSITIONS = (
    "UPDATE tasks_core_task SET state = 'QUEUED', queued_at = now()",
    "UPDATE tasks_core_task SET state = 'RUNNING', attempts = 1, lease_until = now()",
    "UPDATE tasks_core_task SET state = 'SUCCEEDED', finished_at = now()",
)


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Take a snapshot, let as many tasks pass as in an hour on scaled time, and drain the next."""
    with _snapshot(arena.database_url):
        arena.producer.ask("bulk", handler="noop", first=count, count=size.tasks_before)
        with psycopg.connect(arena.database_url) as session:
            for statement in TRANSITIONS:
                session.execute(statement)
                session.commit()
            session.execute("ANALYZE tasks_core_task")
        figures = enqueue_half_and_half(arena, "noop", count)
        return {**figures, **drain(arena, "noop", count)}


@contextmanager
def _snapshot(url: str) -> Iterator[None]:
    """Keep PostgreSQL from removing anything that is there now, or will be."""
    with psycopg.connect(url) as session:
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        session.execute("SELECT count(*) FROM tasks_core_task")
        yield


WORK = Work(
    name="long-transaction",
    title="Drain of no-op tasks beside a long transaction",
    explanation=(
        "As the first work, while a transaction is open that began 300,000 tasks ago, so that PostgreSQL "
        "has to keep every version of their rows: an hour's report at 80 tasks/s."
    ),
    columns=(
        Column("per_s", "tasks/s"),
        Column("cpu_postgres", "CPU s per 1,000: PostgreSQL", 3),
        Column("cpu_total", "workers and servers", 3),
        Column("span_s", "span, s", 1),
    ),
    run=run,
    suits=ours_only,
)
