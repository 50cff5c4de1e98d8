"""What beat costs when nothing is due."""

import time

import psycopg

from benchmarks.arena import Arena
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only

SETTLE_SECONDS = 5.0
STATEMENTS = """
    SELECT coalesce(sum(calls) FILTER (WHERE query NOT IN ('BEGIN', 'COMMIT')), 0),
        coalesce(sum(calls), 0)
    FROM pg_stat_statements
    JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = current_database() AND query NOT LIKE '%pg_stat_statements%'
"""


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Let beat settle, then count its CPU and the statements it sends."""
    with psycopg.connect(arena.database_url, autocommit=True) as session:
        session.execute("CREATE EXTENSION pg_stat_statements")
        arena.start("noop", only="beat")
        time.sleep(SETTLE_SECONDS)
        began, before = arena.gauge.sample(), _statements(session)
        time.sleep(size.idle_span)
        ended, after = arena.gauge.sample(), _statements(session)
    span = ended.at - began.at
    return {
        "cpu_percent": 100 * arena.gauge.cpu_seconds("beat", began.at, ended.at) / span,
        "queries_per_s": (after[0] - before[0]) / span,
        "statements_per_s": (after[1] - before[1]) / span,
        "rss_mb": arena.gauge.peak_resident("beat") / 1e6,
    }


def _statements(session: psycopg.Connection) -> tuple[int, int]:
    """Queries so far, and the same with BEGIN and COMMIT."""
    row = session.execute(STATEMENTS).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


WORK = Work(
    name="idle",
    title="Beat with nothing due",
    explanation=(
        "Beat alone on an empty table for 30 s; statements are counted by pg_stat_statements."
    ),
    columns=(
        Column("cpu_percent", "% of a core", 2),
        Column("queries_per_s", "queries/s", 2),
        Column("statements_per_s", "with BEGIN and COMMIT", 2),
        Column("rss_mb", "RSS, MB"),
    ),
    run=run,
    suits=ours_only,
)
