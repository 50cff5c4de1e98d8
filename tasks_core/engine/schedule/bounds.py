"""Where a schedule begins and ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks_core.engine.schedule.tick import Recurrence, Tick, as_utc

JUST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Bounded:
    """The ticks of a recurrence from ``start`` to ``end``, both included; None means open.

    Both are included because people say "from 1 March, 09:00, to 31 March, 09:00" and expect both.
    """

    recurrence: Recurrence
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None:
            start, end = as_utc("start", self.start), as_utc("end", self.end)
            if end < start:
                raise ValueError(f"end must not lie before start, {end} is before {start}")

    def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
        """See ``Recurrence.ticks``."""
        after = as_utc("after", after)
        if self.start is not None:
            after = max(after, as_utc("start", self.start) - JUST)
        ends = [as_utc("until", instant) for instant in (until, self.end) if instant is not None]
        last = min(ends, default=None)
        return (
            iter(()) if last is not None and last <= after else self.recurrence.ticks(after, last)
        )
