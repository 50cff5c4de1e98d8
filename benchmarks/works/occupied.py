"""Handlers that occupy their process for ten milliseconds."""

from benchmarks.arena import Arena
from benchmarks.works.draining import drain, enqueue_half_and_half
from benchmarks.works.interface import Column, Figures, Size, Work, everyone


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue, then start the workers."""
    return {**enqueue_half_and_half(arena, "occupy", count), **drain(arena, "occupy", count)}


WORK = Work(
    name="occupied",
    title="Handlers of 10 ms",
    explanation=(
        "Each handler occupies its process for 10 ms; two processes can do 200/s at best. Rate: "
        "first execution to last."
    ),
    columns=(
        Column("per_s", "tasks/s", 1),
        Column("cpu_total", "CPU s per 1,000, workers and servers", 3),
        Column("rss_mb", "workers' peak RSS, MB"),
    ),
    run=run,
    suits=everyone,
    rate=lambda drain_rate: min(200.0, drain_rate),
)
