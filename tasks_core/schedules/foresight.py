"""What is to come: the next ticks of a schedule, and those around the next change of clocks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice

from tasks_core.engine.schedule import Recurrence, Tick, TickOutcome, latest_ticks, zone_named
from tasks_core.engine.schedule.bounds import JUST
from tasks_core.exceptions import InvalidSchedule
from tasks_core.models import Schedule
from tasks_core.schedules.recurrence import recurrence_of

FURTHEST = timedelta(days=400)
"""How far ahead a change of clocks is looked for: more than a year."""

BEFORE, AFTER = 2, 4
"""Ticks that are shown on both sides of a change of clocks."""

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """An instant at which a zone's clocks are changed; ``before`` and ``after`` are what they show."""

    at: datetime
    before: datetime
    after: datetime


Line = Tick | ClockChange


@dataclass(frozen=True, slots=True)
class Foresight:
    """The next ticks, with a change of clocks that lies among them; or else those around the next one."""

    soon: list[Line]
    around_change: list[Line]


def foresee(schedule: Schedule, *, count: int, after: datetime) -> Foresight:
    """Return what is to come of a schedule, stored or not.

    Raises:
        InvalidSchedule: it cannot be understood.
    """
    try:
        recurrence, zone = recurrence_of(schedule), zone_named(schedule.timezone)
        soon = list(islice(recurrence.ticks(after), count))
        change = next_clock_change(zone, after)
        if change is None or not soon:
            return Foresight([*soon], [])
        if change.at <= soon[-1].due:
            return Foresight(_with_change(soon, change), [])
        return Foresight([*soon], _around(recurrence, change, after))
    except ValueError as error:
        raise InvalidSchedule(str(error)) from error


def next_clock_change(zone: tzinfo, after: datetime) -> ClockChange | None:
    """Return the first change of clocks later than ``after``, or None if there is none in a year."""
    low = after.astimezone(UTC).replace(microsecond=0)
    end = low + FURTHEST
    while _offset(zone, low) == _offset(zone, low + DAY):
        low += DAY
        if low > end:
            return None
    high = low + DAY
    while high - low > SECOND:
        middle = low + timedelta(seconds=(high - low) // SECOND // 2)
        if _offset(zone, middle) == _offset(zone, low):
            low = middle
        else:
            high = middle
    return ClockChange(high, _shown(zone, low) + SECOND, _shown(zone, high))


def remark(tick: Tick) -> str:
    """Return what is special about a tick, or nothing."""
    if tick.withheld == TickOutcome.EXCLUDED:
        return "excluded by its calendar"
    if tick.withheld == TickOutcome.SKIPPED_DST:
        if tick.is_shifted:
            return f"skipped: clocks leave out {tick.wall:%H:%M:%S}"
        return "skipped: clocks show this time twice"
    if not tick.is_shifted:
        return ""
    others = f" and {tick.merged} more" if tick.merged else ""
    return f"shifted: clocks leave out {tick.wall:%H:%M:%S}{others}"


def remark_on_change(change: ClockChange) -> str:
    """Return what clocks do, for example ``clocks go from 02:00 (UTC+01:00) to 03:00 (UTC+02:00)``."""
    before, after = (f"{at:%H:%M} ({at.tzinfo})" for at in (change.before, change.after))
    return f"clocks go from {before} to {after}"


def _offset(zone: tzinfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def _shown(zone: tzinfo, instant: datetime) -> datetime:
    """Return what clocks show, with a fixed offset, so that one can count on from there."""
    local = instant.astimezone(zone)
    return datetime.fromisoformat(local.isoformat())


def _with_change(ticks: Iterable[Tick], change: ClockChange) -> list[Line]:
    ticks = list(ticks)
    earlier = [tick for tick in ticks if tick.due < change.at]
    return [*earlier, change, *ticks[len(earlier) :]]


def _around(recurrence: Recurrence, change: ClockChange, after: datetime) -> list[Line]:
    just_before = change.at - JUST
    following = list(islice(recurrence.ticks(just_before), AFTER))
    if not following:
        return []
    earlier = latest_ticks(recurrence, after=after, until=just_before, count=BEFORE)
    return [*earlier, change, *following]
