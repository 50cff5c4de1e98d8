"""The next ticks of a schedule, stored or not."""

from datetime import datetime
from itertools import islice

from tasks_core import clock
from tasks_core.client import options
from tasks_core.engine.schedule import Tick
from tasks_core.exceptions import (
    InvalidOption,
    InvalidSchedule,
)
from tasks_core.models import Schedule
from tasks_core.schedules.lookup import get_schedule
from tasks_core.schedules.recurrence import recurrence_of

MAX_PREVIEW = 10_000


def preview_schedule(name: str, count: int = 10, *, after: datetime | None = None) -> list[Tick]:
    """Return the next ticks of a schedule, those that are left out included (``Tick.withheld``).

    Raises:
        ScheduleNotFound: there is none of that name.
        InvalidOption: ``count`` is not between 1 and 10,000.
    """
    return preview(get_schedule(name), count, after=after)


def preview(schedule: Schedule, count: int = 10, *, after: datetime | None = None) -> list[Tick]:
    """Return the next ticks of a schedule, stored or not.

    Raises:
        InvalidSchedule: it cannot be understood, or ``after`` is no aware datetime.
        InvalidOption: ``count`` is not between 1 and 10,000.
    """
    start = clock.now() if after is None else options.instant("after", after)
    if not 1 <= count <= MAX_PREVIEW:
        raise InvalidOption(f"count must be between 1 and {MAX_PREVIEW:,}, not {count}")
    try:
        return list(islice(recurrence_of(schedule).ticks(start), count))
    except ValueError as error:
        raise InvalidSchedule(str(error)) from None
