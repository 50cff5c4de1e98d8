"""A tick: one instant at which a schedule is due; and what every kind of schedule can do."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple, Protocol

from tasks_core.engine.schedule.outcome import TickOutcome

HORIZON = datetime(9900, 1, 1, tzinfo=UTC)
"""No schedule ticks later than this. Python's calendar ends soon after."""


class Tick(NamedTuple):
    """One due instant of a schedule.

    A named tuple, because a generator makes them by the hundred thousand.

    Attributes:
        due: the instant, aware, in UTC; unique within a schedule.
        local: the same instant in the schedule's zone, aware.
        wall: the wall-clock time that was asked for, naive. It differs from what ``local`` shows if
            that time did not exist on that day.
        withheld: ``skipped_dst`` or ``excluded`` if the tick is not to be run, else None.
        merged: how many further wall-clock times of a gap fell on this same instant.
    """

    due: datetime
    local: datetime
    wall: datetime
    withheld: TickOutcome | None = None
    merged: int = 0

    @property
    def is_shifted(self) -> bool:
        """Whether the wall-clock time that was asked for did not exist."""
        return self.wall != self.local.replace(tzinfo=None)


class Recurrence(Protocol):
    """A rule that says when something is due. Cron, interval, a single instant, the sun: all are one."""

    def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
        """Yield the ticks later than ``after``, up to and including ``until``, in strict order.

        Lazily: without ``until`` the caller stops taking. The same window always has the same ticks,
        and adjoining windows together have those of the whole.

        Raises:
            ValueError: ``after`` or ``until`` is naive.
        """
        ...


def tick_at(due: datetime, zone: tzinfo) -> Tick:
    """Return the tick of an instant that follows no wall clock."""
    local = due.astimezone(zone)
    return Tick(due.astimezone(UTC), local, local.replace(tzinfo=None, fold=0))


def as_utc(name: str, instant: datetime) -> datetime:
    """Return an aware instant in UTC.

    Raises:
        ValueError: it is naive.
    """
    if instant.utcoffset() is None:
        raise ValueError(f"{name} must be an aware datetime, {instant} has no time zone")
    return instant.astimezone(UTC)
