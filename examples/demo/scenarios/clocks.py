"""A place where it is a given hour now, whenever the demo runs."""

from datetime import datetime
from zoneinfo import ZoneInfo

NIGHT_HOUR, DAY_HOUR = 2, 14

PLACES = (
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/Chicago",
    "America/Sao_Paulo",
    "Atlantic/Azores",
    "Europe/Berlin",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Tokyo",
    "Pacific/Auckland",
)
"""All around the world, never more than four hours from one to the next."""


def place_where_it_is(hour: int, now: datetime) -> str:
    """Return the time zone whose clocks are nearest to an hour of the day."""
    return min(PLACES, key=lambda zone: _distance(now.astimezone(ZoneInfo(zone)), hour))


def _distance(shown: datetime, hour: int) -> float:
    """Return the hours between a clock and an hour of the day, over midnight if that is shorter."""
    apart = abs(shown.hour + shown.minute / 60 - hour)
    return min(apart, 24 - apart)
