"""What croniter says, in its own dialect; and what clocks show, found by walking through the years.

Nothing here looks at the code under test.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from croniter import croniter

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
MARGIN = timedelta(days=2)


def oracle(expression: str, start: datetime) -> croniter:
    return croniter(expression, start, ret_type=datetime, second_at_beginning=True)


@cache
def walls(expression: str) -> list[datetime]:
    """Return the wall-clock times of the two years that croniter finds, with a margin."""
    last = (END + MARGIN).replace(tzinfo=None)
    found = []
    ticks = oracle(expression, (START - MARGIN).replace(tzinfo=None))
    while (wall := ticks.get_next()) < last:
        found.append(wall)
    return found


@dataclass(frozen=True)
class Spell:
    """A time in which the clocks of a zone are not changed."""

    start: datetime
    end: datetime
    offset: timedelta

    def first_wall(self) -> datetime:
        return (self.start + self.offset).replace(tzinfo=None)

    def last_wall(self) -> datetime:
        return (self.end + self.offset).replace(tzinfo=None)


@cache
def spells(zone: str) -> list[Spell]:
    """Return the spells of the two years, by looking at the clock.

    Four times a day, and every quarter of an hour where it will be another one six hours later.
    """
    place, far, near = ZoneInfo(zone), timedelta(hours=6), timedelta(minutes=15)
    found, start, now = [], START, START
    while now < END:
        stays = _offset(now + far, place) == _offset(now, place)
        now += far if stays else near
        if _offset(now, place) != _offset(start, place):
            found.append(Spell(start, now, _offset(start, place)))
            start = now
    return [*found, Spell(start, END, _offset(start, place))]


def _offset(instant: datetime, place: ZoneInfo) -> timedelta:
    offset = instant.astimezone(place).utcoffset()
    assert offset is not None
    return offset


def between(times: Sequence[datetime], start: datetime, end: datetime) -> Sequence[datetime]:
    return times[bisect_left(times, start) : bisect_left(times, end)]


def expected(
    times: Sequence[datetime], zone: str, *, gap: str, fold: str, every_hour: bool
) -> list[tuple[datetime, bool]]:
    """Return the due instants, and whether each one is run, spell by spell."""
    found: dict[datetime, bool] = {}
    before: Spell | None = None
    for spell in spells(zone):
        is_gap = before and before.offset < spell.offset and not every_hour
        if before and is_gap and between(times, before.last_wall(), spell.first_wall()):
            found[spell.start] = gap == "shift"
        for wall in between(times, spell.first_wall(), spell.last_wall()):
            found[(wall - spell.offset).replace(tzinfo=UTC)] = True
        if before and before.offset > spell.offset and not every_hour:
            for wall in between(times, spell.first_wall(), before.last_wall()):
                first = (wall - before.offset).replace(tzinfo=UTC)
                second = (wall - spell.offset).replace(tzinfo=UTC)
                found |= {first: fold != "last", second: fold != "first"}
        before = spell
    return sorted(found.items())
