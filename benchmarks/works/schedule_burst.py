"""Ten thousand schedules that are due at the same instant."""

import datetime
import time

import psycopg

from benchmarks.arena import Arena, StuckError
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only

SETTLED = """
    SELECT count(*) FILTER (WHERE outcome = 'fired'), count(*) FILTER (WHERE outcome <> 'fired'),
        extract(epoch FROM max(decided_at) - min(due))::float8
    FROM tasks_core_occurrence WHERE due <= now() AND kind = 'tick'
"""
ALL_STARTED = """
    SELECT extract(epoch FROM max(started_at) - min(scheduled_for))::float8
    FROM tasks_core_task WHERE scheduled_for IS NOT NULL
"""
WANTED = """
    UPDATE tasks_core_schedule SET refill_at = now()
    WHERE id IN (SELECT id FROM tasks_core_schedule ORDER BY id LIMIT %s)
"""
TICKS = "SELECT count(*) FROM tasks_core_occurrence"
PATIENCE = 240.0
FILLED = 10
MOST_FILLED = 10_000


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Do it with as many as one installation may have."""
    return burst(arena, size.schedules)


def burst(arena: Arena, schedules: int) -> Figures:
    """Let all be due at one instant, then let the ledger of some of them be filled."""
    due = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20 + schedules // 5_000)
    cron = f"{due.second} {due.minute} {due.hour} * * *"
    arena.producer.ask("declare", count=schedules, cron=cron, upcoming=1)
    arena.start("noop")
    with psycopg.connect(arena.database_url, autocommit=True) as session:
        _wait(session, SETTLED, schedules)
        row = session.execute(SETTLED).fetchone()
        assert row is not None
        fired, others, seconds = row
        _wait_for_all_started(session, schedules)
        (started,) = session.execute(ALL_STARTED).fetchone() or (0.0,)
        rate = _generation(session, max(min(schedules, MOST_FILLED) // FILLED, 1))
    return {
        "schedules": schedules,
        "fired_s": seconds,
        "started_s": started,
        "ticks_per_s": rate,
        "expected": schedules,
        "missing": schedules - fired,
        "duplicates": others,
    }


def _generation(session: psycopg.Connection, schedules: int) -> float:
    """Ticks a second while the ledger of `schedules` is filled."""
    (before,) = session.execute(TICKS).fetchone() or (0,)
    session.execute(WANTED, [schedules])
    _wait(session, TICKS, before + 1)  # beat looks every two seconds
    began = time.time()
    (before,) = session.execute(TICKS).fetchone() or (0,)
    _wait(session, TICKS, before + 120 * schedules)
    (after,) = session.execute(TICKS).fetchone() or (0,)
    return float(after - before) / (time.time() - began)


def _wait(session: psycopg.Connection, query: str, count: int) -> None:
    deadline = time.time() + PATIENCE
    while (session.execute(query.encode()).fetchone() or (0,))[0] < count:
        if time.time() > deadline:
            raise StuckError(f"the ledger did not come to {count}")
        time.sleep(0.05)


def _wait_for_all_started(session: psycopg.Connection, count: int) -> None:
    query = "SELECT count(started_at) FROM tasks_core_task WHERE scheduled_for IS NOT NULL"
    _wait(session, query, count)


WORK = Work(
    name="schedule-burst",
    title="10,000 schedules due at the same instant",
    explanation=(
        "From the instant until the last tick is settled and its task stored, and until the last "
        "handler has started. Then the ledger of up to 1,000 of them is filled with 150 ticks each."
    ),
    columns=(
        Column("schedules", "schedules"),
        Column("fired_s", "all fired after, s", 2),
        Column("started_s", "all started after, s", 2),
        Column("ticks_per_s", "ticks generated/s"),
    ),
    run=run,
    suits=ours_only,
)
