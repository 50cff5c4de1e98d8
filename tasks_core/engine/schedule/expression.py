"""A cron expression: which wall-clock times it names. Time zones come in later, in ``cron``."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, datetime, timedelta

from cronsim import CronSim, CronSimError

from tasks_core.engine.schedule.errors import InvalidCron
from tasks_core.engine.schedule.fields import DAY, FIELDS

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

LONGEST = 1000
"""Most characters that an expression may have."""

CYCLE = range(2000, 2028)
"""Years that hold every kind of year: the fourteen combinations of leap day and weekday of 1 January.

What matches in none of them never matches.
"""


@dataclass(frozen=True, slots=True)
class CronExpression:
    """A cron expression of five fields, or of six with the seconds first.

    Attributes:
        text: the expression as it was written, without superfluous blanks.
        fields: its six fields, normalised: numbers for names, no ranges over the end.
        both_days: a day must match day of month *and* day of week, as in Celery's ``crontab``. In cron,
            if neither field begins with ``*``, it is enough that one of them matches.
    """

    text: str
    fields: tuple[str, ...]
    both_days: bool
    has_seconds: bool = field(compare=False, repr=False)
    seconds: tuple[int, ...] = field(compare=False, repr=False)
    minutes: tuple[int, ...] = field(compare=False, repr=False)
    hours: tuple[int, ...] = field(compare=False, repr=False)
    _calendar: CronSim = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, *, both_days: bool = False) -> "CronExpression":
        """Read an expression.

        Raises:
            InvalidCron: it cannot be understood, or no day would ever match.
        """
        written = _fields(text)
        parts = [kind.normalise(part) for kind, part in zip(FIELDS, written, strict=True)]
        try:
            calendar = CronSim(" ".join(parts), datetime(2000, 1, 1))  # noqa: DTZ001  # a wall clock
        except CronSimError:  # all the library still objects to is a day that no month has
            raise _never(written) from None
        calendar.day_and = calendar.day_and or both_days
        expression = cls(
            text=" ".join(text.split()),
            fields=tuple(parts),
            both_days=both_days,
            has_seconds=len(text.split()) == len(FIELDS),
            seconds=tuple(sorted(calendar.seconds)),
            minutes=tuple(sorted(calendar.minutes)),
            hours=tuple(sorted(calendar.hours)),
            _calendar=calendar,
        )
        if next(expression.days(date(CYCLE.start, 1, 1), last_year=CYCLE[-1]), None) is None:
            raise _never(written)
        return expression

    def __str__(self) -> str:
        return self.text

    @property
    def covers_every_hour(self) -> bool:
        """Whether it names no hour of the day, so that it follows the clock around."""
        return len(self.hours) == 24

    def days(self, first: date, *, last_year: int = MAXYEAR) -> Iterator[date]:
        """Yield the days that match, from ``first`` on.

        Between two of them lie at most forty years: 29 February on a given weekday, across 2100.
        """
        months, matches = self._calendar.months, self._calendar.match_day
        for year in range(first.year, last_year + 1):
            for month in range(first.month if year == first.year else 1, 13):
                if month not in months:
                    continue
                day = date(year, month, 1)
                if (year, month) == (first.year, first.month):
                    day = first
                while day.month == month:
                    if matches(day):
                        yield day
                    if day == date.max:
                        return
                    day += ONE_DAY

    def walls(self, start: datetime) -> Iterator[datetime]:
        """Yield the wall-clock times that match, naive, from ``start`` on."""
        first = start.date()
        for day in self.days(first):
            if day == first:
                yield from self._rest_of_day(start)
            else:
                yield from self._day(day)

    def _day(self, day: date) -> Iterator[datetime]:
        year, month, number = day.year, day.month, day.day
        for hour in self.hours:
            for minute in self.minutes:
                for second in self.seconds:
                    yield datetime(year, month, number, hour, minute, second)  # noqa: DTZ001

    def _rest_of_day(self, start: datetime) -> Iterator[datetime]:
        for hour in self.hours:
            if hour < start.hour:
                continue
            for minute in self.minutes:
                if (hour, minute) < (start.hour, start.minute):
                    continue
                for second in self.seconds:
                    wall = start.replace(hour=hour, minute=minute, second=second, microsecond=0)
                    if wall >= start:
                        yield wall

    def covers(self, wall: datetime) -> bool:
        """Tell whether a wall-clock time lies in a second that matches, or, of five fields, a minute."""
        return (
            wall.minute in self.minutes
            and wall.hour in self.hours
            and (not self.has_seconds or wall.second in self.seconds)
            and wall.month in self._calendar.months
            and self._calendar.match_day(wall.date())
        )


ONE_DAY = timedelta(days=1)


def _fields(text: str) -> list[str]:
    """Return six fields as they were written, for an expression or an alias of one."""
    if len(text) > LONGEST:
        raise InvalidCron("expression", f"{text[:40]}...", f"has more than {LONGEST} characters")
    stripped = text.strip()
    if stripped.startswith("@"):
        stripped = _alias(stripped)
    fields = stripped.split()
    if len(fields) == len(FIELDS) - 1:
        return ["0", *fields]
    if len(fields) == len(FIELDS):
        return fields
    raise InvalidCron(
        "expression",
        text,
        f"has {len(fields)} fields; 5 are needed (minute, hour, day of month, month, day of week) "
        "or 6 with the second in front",
    )


def _alias(text: str) -> str:
    found = ALIASES.get(text.lower())
    if found:
        return found
    if text.lower() == "@reboot":
        problem = (
            "names no time: a schedule belongs to all machines, and none of them starts for all; "
            "enqueue the task where your process starts, with an idempotency key"
        )
    elif text.lower().startswith("@every"):
        problem = 'is an interval, write it as one, such as "every 90 s"'
    else:
        problem = f"is not known, there are {', '.join(ALIASES)}"
    raise InvalidCron("expression", text, problem)


def _never(written: list[str]) -> InvalidCron:
    _, _, _, day, month, weekday = (part.lower() for part in written)
    where = f'in month "{month}"'
    if not weekday.startswith("*"):
        where += f' on day of week "{weekday}"'
    return InvalidCron(DAY.name, day, f"never comes {where}, so this would never run")
