"""From when on the ledger of a mirror is to account for ticks."""

from datetime import datetime, timedelta
from typing import Any

from tasks_core.engine.schedule.bounds import JUST
from tasks_core.models import Schedule
from tasks_core.schedules.periodic_tasks.definition import last_touched
from tasks_core.schedules.recurrence import recurrence_of

NOTICE = timedelta(seconds=5)
"""A change is seen so long after it was made, at most. A tick in between is not lost."""

WINDOWS = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1), timedelta(days=31))


def beginning(schedule: Schedule, row: Any, *, is_new: bool, now: datetime) -> datetime:
    """Return the instant after which ticks of this rule count.

    A row that was never seen may be overdue, as Celery sees it: it has a tick between its last run and
    now. One that was edited or switched on again does not run for times that are over, unless it is
    clocked, whose only time that is.
    """
    if row.clocked is not None:
        return _before_clock(row, now)
    if not is_new:
        return now - NOTICE
    return _before_missed(schedule, last_touched(row, now), now)


def _before_clock(row: Any, now: datetime) -> datetime:
    at: datetime = row.clocked.clocked_time
    has_run = row.last_run_at is not None and row.last_run_at >= at
    return now if has_run or at > now else at - JUST


def _before_missed(schedule: Schedule, since: datetime, now: datetime) -> datetime:
    """Return ``since``, or what is enough to find the last tick: the ledger need not fill with them all."""
    recurrence = recurrence_of(schedule)
    for window in WINDOWS:
        start = now - window
        if start <= since or next(recurrence.ticks(start, now), None) is not None:
            return max(start, since)
    return since
