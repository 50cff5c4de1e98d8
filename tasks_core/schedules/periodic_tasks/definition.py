"""From a row of django-celery-beat to what its schedule should be."""

from datetime import datetime
from typing import Any

from tasks_core.models import Schedule
from tasks_core.schedules import definition
from tasks_core.schedules.periodic_tasks import plain_message
from tasks_core.schedules.periodic_tasks.source import source_of
from tasks_core.schedules.periodic_tasks.target import target
from tasks_core.schedules.periodic_tasks.timing import timing

MAX_DESCRIPTION = 5_000
TAG = "periodic-task"
PHASE = ("kind", "expression", "start_at")


def set_as_defined(schedule: Schedule, row: Any, *, counted_runs: int, now: datetime) -> None:
    """Set on an unsaved or locked schedule what the ``PeriodicTask`` ``row`` says, but for its name.

    Raises:
        InvalidSchedule, InvalidOption, InvalidPayload, UnknownTaskType: the row cannot be understood.
    """
    phase = [getattr(schedule, field) for field in PHASE]
    wanted = {
        "name": schedule.name or row.name,
        "description": row.description[:MAX_DESCRIPTION],
        "tags": [TAG],
        "retry": None,
        # The row is switched off after its run; that it is on again means that it may run once more.
        "max_runs": counted_runs + 1 if row.one_off else None,
        "is_enabled": True,
        **target(row),
        **timing(row),
    }
    definition.apply(schedule, wanted, now=now, inner=wanted["task_type"] == plain_message.TYPE)
    schedule.source = source_of(row.pk)
    if row.interval is not None and phase != [getattr(schedule, field) for field in PHASE]:
        # Celery counts from the last run. So does the first tick; those that follow do not drift.
        schedule.anchor = row.start_time or last_touched(row, now)


def last_touched(row: Any, now: datetime) -> datetime:
    """Return what Celery counts from: the last run, or else the last change of the row."""
    touched: datetime = row.last_run_at or row.date_changed or now
    return min(touched, now)
