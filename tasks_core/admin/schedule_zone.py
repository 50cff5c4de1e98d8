"""By which clocks a page asks about schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from tasks_core.engine.schedule import InvalidZone, zone_named
from tasks_core.models import Schedule


def zone_of(schedules: Sequence[Schedule]) -> tzinfo:
    """Return the zone that they all have; UTC if they have several, or one that nobody knows."""
    names = {schedule.timezone for schedule in schedules}
    if len(names) != 1:
        return UTC
    try:
        return zone_named(names.pop())
    except InvalidZone:
        return UTC
