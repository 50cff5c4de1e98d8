"""Write what Celery understood of a crontab as a cron expression."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from celery import schedules

from tasks_core.exceptions import InvalidSchedule
from tasks_core.models import Schedule

SUNDAY = re.compile(r"(?<![/\d])7(?!\d)")
LONGEST: int = Schedule._meta.get_field("expression").max_length or 200


def cron_expression(row: Any) -> str:
    """Return the five fields of a ``CrontabSchedule`` with exactly the values that Celery reads there.

    The two dialects differ in names, ranges over the end and steps, so Celery's own parser is asked.

    Raises:
        InvalidSchedule: Celery would refuse it, or it is too irregular to be written down.
    """
    try:
        read = schedules.crontab(
            minute=_field(row.minute),
            hour=_field(row.hour),
            day_of_week=_weekdays(_field(row.day_of_week)),
            day_of_month=_field(row.day_of_month),
            month_of_year=_field(row.month_of_year),
        )
    except (ValueError, TypeError, schedules.ParseException) as error:
        raise InvalidSchedule(f"crontab ({row}) is not understood: {error}") from None
    expression = " ".join(
        (
            _listed(read.minute, 0, 59),
            _listed(read.hour, 0, 23),
            _listed(read.day_of_month, 1, 31),
            _listed(read.month_of_year, 1, 12),
            _listed(read.day_of_week, 0, 6),
        )
    )
    if len(expression) > LONGEST:
        raise InvalidSchedule(
            f"crontab ({row}) has more than {LONGEST} characters as {expression[:40]}...; "
            "split it into two periodic tasks"
        )
    return expression


def _field(text: str) -> str:
    return text.replace(" ", "")


def _weekdays(text: str) -> str:
    """Write Sunday as 0: django-celery-beat's form takes 7 as well, which Celery then does not know."""
    return SUNDAY.sub("0", text.replace("0-7", "*"))


def _listed(values: Iterable[int], first: int, last: int) -> str:
    numbers = sorted(values)
    if numbers == list(range(first, last + 1)):
        return "*"
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    if len(numbers) > 2 and len(steps) == 1 and (step := steps.pop()) > 1:
        is_whole = numbers[0] == first and numbers[-1] + step > last
        return f"*/{step}" if is_whole else f"{numbers[0]}-{numbers[-1]}/{step}"
    return ",".join(_ranges(numbers))


def _ranges(numbers: list[int]) -> Iterable[str]:
    start = previous = numbers[0]
    for number in [*numbers[1:], None]:
        if number == previous + 1:
            previous = number
            continue
        yield str(start) if start == previous else f"{start}-{previous}"
        if number is not None:
            start = previous = number
