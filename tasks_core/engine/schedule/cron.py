"""A cron expression in a time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from tasks_core.engine.schedule.dst import (
    DEFAULT_DST,
    DstPolicy,
    as_clocks_pass,
    by_policy,
    offset_at,
)
from tasks_core.engine.schedule.expression import CronExpression
from tasks_core.engine.schedule.tick import HORIZON, Tick, as_utc

LONGEST_FOLD = timedelta(hours=25)
"""Places that moved over the date line had a whole day twice."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Due whenever clocks in ``zone`` show a time that ``expression`` names; see ``Recurrence``.

    An expression that covers all 24 hours names no hour of the day: it follows the clock around,
    tick by tick as it passes. Any other one names times of the day, and ``dst`` says what becomes of
    those that a change of clocks leaves out or repeats.
    """

    expression: CronExpression
    zone: tzinfo = UTC
    dst: DstPolicy = DEFAULT_DST

    def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
        """See ``Recurrence.ticks``. Ends at ``HORIZON``."""
        after = as_utc("after", after)
        until = HORIZON if until is None else min(as_utc("until", until), HORIZON)
        return self._ticks(after, until) if after < until else iter(())

    def _ticks(self, after: datetime, until: datetime) -> Iterator[Tick]:
        for tick in self._from(after):
            if tick.due > until:
                return
            if tick.due > after:
                yield tick

    def _from(self, after: datetime) -> Iterator[Tick]:
        walls = self.expression.walls(self._earliest_wall(after))
        if self.expression.covers_every_hour:
            return as_clocks_pass(walls, self.zone)
        return by_policy(walls, self.zone, self.dst)

    def _earliest_wall(self, after: datetime) -> datetime:
        """Return what clocks show then, or less, if they are about to show it a second time."""
        offset = min(offset_at(after, self.zone), offset_at(after + LONGEST_FOLD, self.zone))
        return (after + offset).replace(tzinfo=None)
