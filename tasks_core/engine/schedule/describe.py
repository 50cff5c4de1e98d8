"""A cron expression in plain words."""

from cronsim.explain import Expression

from tasks_core.engine.schedule.expression import CronExpression


def describe(expression: CronExpression | str) -> str:
    """Say in plain words when an expression is due, in the schedule's time zone, by the 24-hour clock.

    Raises:
        InvalidCron: the text is no expression.
    """
    if isinstance(expression, str):
        expression = CronExpression.parse(expression)
    words = str(Expression(list(expression.fields)).explain())
    restricts_both = not any(expression.fields[place].startswith("*") for place in (3, 5))
    if expression.both_days and restricts_both:
        words += ", on days that match both"
    return words
