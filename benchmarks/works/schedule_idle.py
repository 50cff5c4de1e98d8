"""What beat costs with many schedules none of which is due."""

import time

from benchmarks.arena import Arena
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only

SETTLE_SECONDS = 5.0


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Let beat settle, then count its CPU."""
    arena.producer.ask("declare", count=size.idle_schedules, cron="0 0 1 1 *", upcoming=1)
    arena.start("noop", only="beat")
    time.sleep(SETTLE_SECONDS)
    began = arena.gauge.sample()
    time.sleep(size.idle_span)
    ended = arena.gauge.sample()
    span = ended.at - began.at
    return {
        "schedules": size.idle_schedules,
        "cpu_percent": 100 * arena.gauge.cpu_seconds("beat", began.at, ended.at) / span,
        "rss_mb": arena.gauge.peak_resident("beat") / 1e6,
    }


WORK = Work(
    name="schedule-idle",
    title="Beat with 100,000 schedules, none due",
    explanation="Beat alone for 30 s; each schedule is due once a year.",
    columns=(
        Column("schedules", "schedules"),
        Column("cpu_percent", "% of a core", 2),
        Column("rss_mb", "RSS, MB"),
    ),
    run=run,
    suits=ours_only,
)
