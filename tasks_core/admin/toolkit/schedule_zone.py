"""By which clocks a page asks about schedules."""

from collections.abc import Sequence
from datetime import UTC, tzinfo

from tasks_core.engine.schedule import InvalidZone, zone_named
from tasks_core.models import Schedule


def zone_of(schedules: Sequence[Schedule]) -> tzinfo:
    """Return the zone that they all have; UTC if they have several, or one that nobody knows."""
    names = {schedule.timezone for schedule in schedules}
    return zone_or_utc(names.pop()) if len(names) == 1 else UTC


def zone_or_utc(name: str) -> tzinfo:
    """Return a zone by its name; UTC if this machine knows none."""
    try:
        return zone_named(name)
    except InvalidZone:
        return UTC
