"""A million tasks due at once while the workers are stopped; then the workers start."""

import time

from benchmarks.arena import Arena
from benchmarks.works.draining import drain
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only

#: For beat to start up, so that its memory before and after the flood can be compared.
SETTLE_SECONDS = 5.0


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Flood with only beat running, hold, then drain; Valkey's memory is watched throughout."""
    arena.start("noop", only="beat")
    time.sleep(SETTLE_SECONDS)
    began = arena.gauge.sample().at
    arena.producer.ask("bulk", handler="noop", first=0, count=size.flood_tasks)
    time.sleep(size.flood_hold)
    arena.gauge.sample()
    beat = arena.gauge.resident("beat", began, time.time())
    return {
        **drain(arena, "noop", size.flood_tasks),
        "broker_mb": arena.gauge.peak_broker_bytes() / 1e6,
        "beat_first_mb": beat[0] / 1e6,
        "beat_last_mb": beat[-1] / 1e6,
    }


WORK = Work(
    name="flood",
    title="A million tasks due at once, workers stopped",
    explanation=(
        "1,000,000 tasks enqueued in bulk while only beat (the dispatcher) runs, 15 s of waiting, "
        "then the workers start. "
        "Valkey's memory is its used_memory at its peak, from the first task to the last."
    ),
    columns=(
        Column("per_s", "tasks/s"),
        Column("broker_mb", "Valkey's peak, MB", 1),
        Column("beat_first_mb", "beat's RSS at first, MB", 1),
        Column("beat_last_mb", "before the workers start", 1),
        Column("cpu_total", "CPU s per 1,000, workers and servers", 3),
        Column("rss_mb", "workers' peak RSS, MB"),
        Column("span_s", "span, s", 1),
    ),
    run=run,
    suits=ours_only,
)
