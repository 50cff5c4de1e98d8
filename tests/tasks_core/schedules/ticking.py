"""What the tests of schedules share: a clock to turn, a beat to call, a ledger to read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import tasks_core
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.models import Occurrence, Schedule, Task
from tasks_core.schedules.firing import fire, release_buffered
from tasks_core.schedules.generator import generate

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def every_minute(**options: Any) -> Schedule:
    """Make a schedule of the type ``plain`` that is due at every minute."""
    return tasks_core.schedule_recurring(
        "plain", **{"payload": {"n": 1}, "name": "minutely", "cron": "* * * * *", **options}
    )


def beat(at: datetime) -> None:
    """Do what a leading beat does, at this time, until nothing is left to do."""
    with clock.frozen(at):
        while generate() + fire():
            pass
        release_buffered()


def outcomes(schedule: Schedule, until: datetime) -> list[str]:
    """Return what became of the ticks up to ``until``, oldest first."""
    rows = Occurrence.objects.filter(schedule=schedule, due__lte=until).order_by("due")
    return list(rows.values_list("outcome", flat=True))


def tasks_of(schedule: Schedule) -> list[Task]:
    """Return its tasks, oldest first."""
    return list(Task.objects.filter(schedule_id=schedule.pk).order_by("id"))


def end(task: Task, state: State = State.SUCCEEDED) -> None:
    """Let a task have ended."""
    Task.objects.filter(pk=task.pk).update(state=state, finished_at=clock.now())
