"""A rate limit as one instant: when the next attempt would be in time (GCRA, a leaky bucket)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SLACK_SECONDS = 0.05
"""How early an attempt may be: a task does not wake to the millisecond."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a lane has used up its rate.

    Attributes:
        next_at: when the next attempt would be in time.
        promised_at: when the last of those that were told to wait may come.
    """

    next_at: datetime | None = None
    promised_at: datetime | None = None


def admitted(pace: Pace, rate: float, wanted: int, now: datetime) -> tuple[Pace, int]:
    """Return how many of ``wanted`` attempts are in time at ``rate`` a second."""
    interval = timedelta(seconds=1 / rate)
    slack = timedelta(seconds=SLACK_SECONDS)
    next_at = max(pace.next_at or now, now)
    count = 0
    while count < wanted and next_at <= now + slack:
        next_at += interval
        count += 1
    return Pace(next_at, pace.promised_at), count


def waits(pace: Pace, rate: float, count: int, now: datetime) -> tuple[Pace, list[float]]:
    """Return ``count`` attempts that are not in time the seconds to wait: each a place of its own."""
    interval = timedelta(seconds=1 / rate)
    at = max(pace.next_at or now, pace.promised_at or now, now)
    places = []
    for _ in range(count):
        places.append((at - now).total_seconds())
        at += interval
    return Pace(pace.next_at, at), places
