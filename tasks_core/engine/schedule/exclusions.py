"""An exclusion calendar: when a schedule is due, but does not run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tasks_core.engine.instants import InvalidInstant, checked_instant, read_instant
from tasks_core.engine.schedule.errors import InvalidExclusions
from tasks_core.engine.schedule.expression import CronExpression
from tasks_core.engine.schedule.outcome import TickOutcome
from tasks_core.engine.schedule.tick import Recurrence, Tick


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Days and times on which nothing runs, all of them in the schedule's time zone.

    Attributes:
        dates: whole days.
        date_ranges: whole days, first and last, both excluded.
        periods: from a time on, up to another and not at it. Naive times are what clocks show in the
            schedule's zone; aware ones are instants.
        crons: a tick in a second that one of these matches is excluded; if it has five fields, in a
            minute. ``* * * * sat,sun`` excludes weekends.
    """

    dates: frozenset[date] = frozenset()
    date_ranges: tuple[tuple[date, date], ...] = ()
    periods: tuple[tuple[datetime, datetime], ...] = ()
    crons: tuple[CronExpression, ...] = ()

    def __post_init__(self) -> None:
        for name, ranges in (("date_ranges", self.date_ranges), ("periods", self.periods)):
            for start, end in ranges:
                _check_range(name, start, end)

    def __bool__(self) -> bool:
        return bool(self.dates or self.date_ranges or self.periods or self.crons)

    def excludes(self, tick: Tick) -> bool:
        """Tell whether a tick is not to be run."""
        day, clock = tick.local.date(), tick.local.replace(tzinfo=None)
        return (
            day in self.dates
            or any(first <= day <= last for first, last in self.date_ranges)
            or any(_within(tick, clock, *period) for period in self.periods)
            or any(cron.covers(clock) for cron in self.crons)
        )

    def mark(self, ticks: Iterable[Tick]) -> Iterator[Tick]:
        """Yield all ticks; those that are excluded, and would have been run, say so."""
        for tick in ticks:
            if tick.withheld is None and self.excludes(tick):
                yield tick._replace(withheld=TickOutcome.EXCLUDED)
            else:
                yield tick

    def to_json(self) -> dict[str, list[Any]]:
        """Return the calendar as plain data, for storing on a schedule."""
        return {
            "dates": [day.isoformat() for day in sorted(self.dates)],
            "date_ranges": [[a.isoformat(), b.isoformat()] for a, b in self.date_ranges],
            "periods": [[a.isoformat(), b.isoformat()] for a, b in self.periods],
            "crons": [cron.text for cron in self.crons],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Exclusions":
        """Rebuild a calendar from ``to_json``; lists that are missing are empty.

        Raises:
            InvalidExclusions: an unknown name, or an entry that cannot be understood.
            InvalidCron: an expression that cannot be understood.
        """
        if not isinstance(data, Mapping):
            raise InvalidExclusions(
                "exclusions", type(data).__name__, f"must be an object with {', '.join(KINDS)}"
            )
        unknown = sorted(set(data) - set(KINDS), key=str)
        if unknown:
            raise InvalidExclusions(
                "exclusions", str(unknown[0]), f"is not known, there are {', '.join(KINDS)}"
            )
        lists = {name: _entries(name, data.get(name, [])) for name in KINDS}
        return cls(
            dates=frozenset(_date("dates", text) for text in lists["dates"]),
            date_ranges=tuple(_pair("date_ranges", pair, _date) for pair in lists["date_ranges"]),
            periods=tuple(_pair("periods", pair, _time) for pair in lists["periods"]),
            crons=tuple(CronExpression.parse(_text("crons", text)) for text in lists["crons"]),
        )


KINDS = ("dates", "date_ranges", "periods", "crons")


@dataclass(frozen=True, slots=True)
class Excluding:
    """The ticks of a recurrence, those that an exclusion calendar excludes being marked."""

    recurrence: Recurrence
    exclusions: Exclusions

    def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
        """See ``Recurrence.ticks``."""
        ticks = self.recurrence.ticks(after, until)
        return self.exclusions.mark(ticks) if self.exclusions else ticks


def _within(tick: Tick, clock: datetime, start: datetime, end: datetime) -> bool:
    return start <= (clock if start.tzinfo is None else tick.due) < end


def _check_range(name: str, start: date, end: date) -> None:
    text = f"{start} to {end}"
    if _is_aware(start) != _is_aware(end):
        raise InvalidExclusions(name, text, "must have a time zone on both sides or on neither")
    if end < start or (name == "periods" and end == start):
        raise InvalidExclusions(name, text, "must end after it starts")


def _is_aware(moment: date) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is not None


def _entries(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidExclusions(name, str(value), "must be a list")
    return list(value)


def _pair(name: str, value: Any, read: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidExclusions(name, str(value), "must be a list of two, where it starts and ends")
    return read(name, value[0]), read(name, value[1])


def _date(name: str, value: Any) -> date:
    text = _text(name, value)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidExclusions(name, text, "is no date, write it as 2026-12-24") from None


def _time(name: str, value: Any) -> datetime:
    text = _text(name, value)
    try:
        at = read_instant(text)
    except ValueError:
        raise InvalidExclusions(name, text, "is no time, write 2026-12-24T18:00") from None
    try:
        checked_instant(at if _is_aware(at) else at.replace(tzinfo=UTC))
    except InvalidInstant as problem:
        raise InvalidExclusions(name, text, str(problem)) from None
    return at


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidExclusions(name, str(value), "must be a text")
    return value
