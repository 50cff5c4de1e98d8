"""The same with a million tasks stored that are due much later."""

import time

from benchmarks.arena import Arena
from benchmarks.works.interface import Column, Figures, Size, Work, who_schedules
from benchmarks.works.scheduled import COLUMNS, lateness

LATER_SECONDS = 3600.0
FIRST_LATER_ID = 1 << 32


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Store the later ones, start workers, measure as without them."""
    reply = arena.producer.ask(
        "later",
        handler="noop",
        first=FIRST_LATER_ID,
        count=size.later_tasks,
        start=time.time() + LATER_SECONDS,
        span=LATER_SECONDS,
        seconds=size.later_budget,
    )
    arena.start("noop", scheduling=True)
    arena.warm_up("noop")
    return {"later": reply["count"], **lateness(arena, size)}


WORK = Work(
    name="scheduled-later",
    title="Lateness with many later tasks stored",
    explanation=(
        "As above, with up to 1,000,000 tasks stored that are due in one to two hours: as many as "
        "the peer takes in 30 s "
        "(in bulk where it can)."
    ),
    columns=(Column("later", "later tasks"), *COLUMNS),
    run=run,
    suits=who_schedules,
)
