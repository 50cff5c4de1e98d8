"""A single instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from tasks_core.engine.schedule.tick import Tick, as_utc, tick_at


@dataclass(frozen=True, slots=True)
class Once:
    """Due at ``at``, an aware instant, and never again; ``Tick.local`` is given in ``zone``."""

    at: datetime
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        as_utc("at", self.at)

    def ticks(self, after: datetime, until: datetime | None = None) -> Iterator[Tick]:
        """See ``Recurrence.ticks``."""
        due, after = as_utc("at", self.at), as_utc("after", after)
        is_within = after < due and (until is None or due <= as_utc("until", until))
        return iter([tick_at(due, self.zone)] if is_within else [])
