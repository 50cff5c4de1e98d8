"""A hundred thousand schedules that are due at the same instant."""

from benchmarks.arena import Arena
from benchmarks.works import schedule_burst
from benchmarks.works.interface import Figures, Size, Work, ours_only


def run(arena: Arena, size: Size, count: int) -> Figures:
    """The same with ten times as many."""
    return schedule_burst.burst(arena, size.idle_schedules)


WORK = Work(
    name="schedule-flood",
    title="100,000 schedules due at the same instant",
    explanation="As above, with ten times as many.",
    columns=schedule_burst.WORK.columns,
    run=run,
    suits=ours_only,
)
