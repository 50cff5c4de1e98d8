"""Schedules that are due each second."""

import time

import psycopg

from benchmarks.arena import Arena
from benchmarks.quantiles import spread
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only

SCHEDULES = 100
WARM_UP_SECONDS = 5.0
LATENESS = """
    SELECT extract(epoch FROM started_at - scheduled_for)::float8 FROM tasks_core_task
    WHERE scheduled_for > to_timestamp(%s) AND scheduled_for <= to_timestamp(%s)
"""


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Compare when each handler started with when its tick was due."""
    arena.producer.ask("declare", count=SCHEDULES, cron="* * * * * *", upcoming=150)
    arena.start("noop")
    time.sleep(WARM_UP_SECONDS + 3)
    began = arena.gauge.sample()
    time.sleep(size.scheduled_span)
    ended = arena.gauge.sample()
    time.sleep(2)
    with psycopg.connect(arena.database_url) as session:
        rows = session.execute(LATENESS, [began.at, ended.at]).fetchall()
    late = [seconds for (seconds,) in rows if seconds is not None]
    whole_seconds = int(ended.at) - int(began.at)
    return {
        **spread(late),
        "early": sum(seconds < 0 for seconds in late),
        "cpu_beat": 100 * arena.gauge.cpu_seconds("beat", began.at, ended.at) / size.scheduled_span,
        "expected": SCHEDULES * whole_seconds,
        "missing": max(0, SCHEDULES * whole_seconds - len(late)),
        "duplicates": max(0, len(late) - SCHEDULES * whole_seconds),
    }


WORK = Work(
    name="schedule-seconds",
    title="100 schedules due each second",
    explanation="Late: the start of the attempt minus the instant of the tick.",
    columns=(
        Column("p50_ms", "late p50 ms", 1),
        Column("p95_ms", "p95", 1),
        Column("p99_ms", "p99", 1),
        Column("max_ms", "max", 1),
        Column("early", "early"),
        Column("cpu_beat", "beat, % of a core", 1),
    ),
    run=run,
    suits=ours_only,
)
