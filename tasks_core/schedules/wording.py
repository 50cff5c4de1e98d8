"""A schedule in words, even if it is no longer understood."""

from tasks_core.engine.schedule import describe
from tasks_core.models import Schedule


def when_in_words(schedule: Schedule) -> str:
    """Return when it is due in plain words; of an expression that is no longer understood, itself."""
    return f"{_rule_in_words(schedule)} ({schedule.timezone})"


def _rule_in_words(schedule: Schedule) -> str:
    if schedule.kind != Schedule.Kind.CRON:
        return schedule.expression
    try:
        return describe(schedule.expression)
    except ValueError:
        return schedule.expression
