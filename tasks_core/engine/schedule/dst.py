"""From wall-clock times to instants, across the nights when clocks are changed.

A wall-clock time usually means one instant. When clocks go forward, the times in the *gap* mean none;
when they go back, the times in the *fold* mean two. Both are found by asking the zone for its offset
before and after (PEP 495), whatever the reason, the length or the year of the change.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from tasks_core.engine.schedule.outcome import TickOutcome
from tasks_core.engine.schedule.tick import Tick

SECOND = timedelta(seconds=1)


class GapPolicy(StrEnum):
    """What becomes of a tick whose wall-clock time is left out."""

    SHIFT = "shift"
    """It is due at the first instant after the gap, one run for all that fell into it."""
    SKIP = "skip"
    """It is not run; ``skipped_dst`` is on record at that same instant."""


class FoldPolicy(StrEnum):
    """Which is run of a tick whose wall-clock time comes twice. The other is ``skipped_dst``."""

    FIRST = "first"
    LAST = "last"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class DstPolicy:
    """What a schedule does when clocks are changed."""

    gap: GapPolicy = GapPolicy.SHIFT
    fold: FoldPolicy = FoldPolicy.FIRST


DEFAULT_DST = DstPolicy()


def instants(wall: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Return the instants, in UTC, at which clocks show a naive time: none, one, or two."""
    before, after = _offsets(wall, zone)
    due = (wall - before).replace(tzinfo=UTC)
    if before == after:
        return (due,)
    if before < after:
        return ()
    return due, (wall - after).replace(tzinfo=UTC)


def end_of_gap(wall: datetime, zone: tzinfo) -> datetime:
    """Return the first instant, in UTC, after the gap that ``wall`` lies in."""
    before, after = _offsets(wall, zone)
    early = (wall - after).replace(tzinfo=UTC)
    late = (wall - before).replace(tzinfo=UTC)
    while late - early > SECOND:
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle <= early:
            middle = early + SECOND
        if offset_at(middle, zone) == before:
            early = middle
        else:
            late = middle
    return late


def offset_at(instant: datetime, zone: tzinfo) -> timedelta:
    """Return how far clocks are ahead of UTC at an aware instant."""
    return _known(instant.astimezone(zone).utcoffset())


def _offsets(wall: datetime, zone: tzinfo) -> tuple[timedelta, timedelta]:
    """Return the offsets that a naive time has if a change of clocks is to come, and if it was."""
    return _known(zone.utcoffset(wall)), _known(zone.utcoffset(wall.replace(fold=1)))


def _known(offset: timedelta | None) -> timedelta:
    if offset is None:
        raise ValueError("the time zone does not know its offset from UTC; use a zoneinfo.ZoneInfo")
    return offset


def as_clocks_pass(walls: Iterable[datetime], zone: tzinfo) -> Iterator[Tick]:
    """Yield a tick whenever clocks show one of ``walls``: none in a gap, each twice in a fold."""
    return _ticks(walls, zone, DstPolicy(fold=FoldPolicy.BOTH), owes_gap=False)


def by_policy(walls: Iterable[datetime], zone: tzinfo, policy: DstPolicy) -> Iterator[Tick]:
    """Yield a tick for each of ``walls``, all accounted for, as the policy says."""
    return _ticks(walls, zone, policy, owes_gap=True)


def _ticks(
    walls: Iterable[datetime], zone: tzinfo, policy: DstPolicy, *, owes_gap: bool
) -> Iterator[Tick]:
    second_pass: deque[Tick] = deque()
    stranded: Tick | None = None
    for wall in walls:
        found = instants(wall, zone)
        if not found and not owes_gap:
            continue
        tick = (
            _first(wall, found[0], zone, policy, len(found))
            if found
            else _moved(wall, zone, policy)
        )
        while second_pass and second_pass[0].due < tick.due:
            yield second_pass.popleft()
        if stranded and stranded.due == tick.due:
            tick = (stranded if not found else tick)._replace(merged=stranded.merged + 1)
        elif stranded:
            yield stranded
        stranded = None if found else tick
        if found:
            yield tick
        if len(found) == 2:
            second_pass.append(_second(wall, found[1], zone, policy))
    yield from second_pass
    if stranded:
        yield stranded


def _first(wall: datetime, due: datetime, zone: tzinfo, policy: DstPolicy, times: int) -> Tick:
    withheld = TickOutcome.SKIPPED_DST if times == 2 and policy.fold == FoldPolicy.LAST else None
    return Tick(due, wall.replace(tzinfo=zone), wall, withheld)


def _second(wall: datetime, due: datetime, zone: tzinfo, policy: DstPolicy) -> Tick:
    withheld = TickOutcome.SKIPPED_DST if policy.fold == FoldPolicy.FIRST else None
    return Tick(due, wall.replace(tzinfo=zone, fold=1), wall, withheld)


def _moved(wall: datetime, zone: tzinfo, policy: DstPolicy) -> Tick:
    due = end_of_gap(wall, zone)
    withheld = TickOutcome.SKIPPED_DST if policy.gap == GapPolicy.SKIP else None
    return Tick(due, due.astimezone(zone), wall, withheld)
