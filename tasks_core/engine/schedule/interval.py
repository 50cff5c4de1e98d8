"""A steady distance between instants, whatever clocks on walls show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from tasks_core.engine.schedule.errors import InvalidInterval
from tasks_core.engine.schedule.tick import HORIZON, Tick, as_utc, tick_at

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=3660)
MICROSECOND = timedelta(microseconds=1)

SECOND = 10**6
"""In microseconds, as are the units."""

UNITS = {
    "us": 1,
    "microsecond": 1,
    "s": SECOND,
    "sec": SECOND,
    "second": SECOND,
    "min": 60 * SECOND,
    "minute": 60 * SECOND,
    "h": 3600 * SECOND,
    "hour": 3600 * SECOND,
    "d": 86400 * SECOND,
    "day": 86400 * SECOND,
    "w": 604800 * SECOND,
    "week": 604800 * SECOND,
}
PART = re.compile(r"(\d{1,10})?\s*([a-z]+)")
WHOLE = re.compile(r"(every\s+)?((\d{1,10}\s*)?[a-z]+)(\s*(and\s+|,\s*)?\d{1,10}\s*[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Interval:
    """Due at ``anchor`` and at every whole multiple of ``period`` before and after it.

    The n-th tick is computed from the anchor, never from the one before, so nothing drifts; and it is
    computed on absolute time, so an hour is an hour on the night when clocks are changed too. The
    anchor is a phase and no beginning: where a schedule begins is for its bounds to say.

    Attributes:
        period: at least one second, at most ten years.
        anchor: an aware instant.
        zone: what ``Tick.local`` is given in.
    """

    period: timedelta
    anchor: datetime
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        as_utc("anchor", self.anchor)
        if not SHORTEST <= self.period <= LONGEST:
            raise InvalidInterval(
                "interval", str(self.period), "is out of range, it must last 1 second to 3660 days"
            )

    def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
        """See ``Recurrence.ticks``."""
        after = as_utc("after", after)
        until = HORIZON if until is None else min(as_utc("until", until), HORIZON)
        return self._ticks(after, until) if after < until else iter(())

    def _ticks(self, after: datetime, until: datetime) -> Iterator[Tick]:
        anchor = as_utc("anchor", self.anchor)
        number = (after - anchor) // self.period + 1
        while (due := anchor + number * self.period) <= until:
            yield tick_at(due, self.zone)
            number += 1


def parse_interval(text: str) -> timedelta:
    """Read ``every 90 s``, ``every 15 minutes``, ``every hour``, ``every 1 h 30 min``.

    Raises:
        InvalidInterval: it cannot be understood or is out of range.
    """
    words = text.strip().lower()
    if not WHOLE.fullmatch(words):
        raise InvalidInterval(
            "interval", text, 'is not understood, write it as in "every 90 s" or "every 15 minutes"'
        )
    words = re.sub(r"^every\s+|\band\b", "", words)
    length = sum(_length(text, number, unit) for number, unit in PART.findall(words))
    if not SHORTEST / MICROSECOND <= length <= LONGEST / MICROSECOND:
        raise InvalidInterval(
            "interval", text, "is out of range, it must last 1 second to 3660 days"
        )
    return timedelta(microseconds=length)


def _length(text: str, number: str, unit: str) -> int:
    size = UNITS.get(unit) or UNITS.get(unit.removesuffix("s"))
    if not size:
        raise InvalidInterval(
            "interval", text, f'has an unknown unit "{unit}", there are s, min, h, d and w'
        )
    return int(number or 1) * size
