"""Drain of no-op tasks in a table that also holds ten million others: history, and tasks for much
later.
"""

from benchmarks.arena import Arena
from benchmarks.crowd import crowded_template
from benchmarks.works.draining import drain, enqueue_half_and_half
from benchmarks.works.interface import Column, Figures, Size, Work, ours_only


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue among the others, then start the workers."""
    return {**enqueue_half_and_half(arena, "noop", count), **drain(arena, "noop", count)}


WORK = Work(
    name="crowded",
    title="Drain of no-op tasks among ten million others",
    explanation=(
        "As the first work, in a table that holds 5,000,000 finished tasks and 5,000,000 that are "
        "due in an hour to a month, "
        "each with an event."
    ),
    columns=(
        Column("per_s", "tasks/s"),
        Column("cpu_total", "CPU s per 1,000, workers and servers", 3),
        Column("rss_mb", "workers' peak RSS, MB"),
        Column("span_s", "span, s", 1),
    ),
    run=run,
    suits=ours_only,
    template=crowded_template,
)
