"""A schedule in words, even if it is no longer understood."""

from __future__ import annotations

from tasks_core.models import Schedule
from tasks_core.schedules.recurrence import in_words


def when_in_words(schedule: Schedule) -> str:
    """Return when it is due in plain words; of an expression that is no longer understood, itself."""
    try:
        return in_words(schedule)
    except ValueError:
        return f"{schedule.expression} ({schedule.timezone})"
