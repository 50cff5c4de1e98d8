"""Find a schedule by its name."""

from tasks_core.engine.json_text import is_storable
from tasks_core.exceptions import (
    ScheduleNotFound,
)
from tasks_core.models import Schedule
from tasks_core.models.schedule import ScheduleQuerySet


def called(schedules: ScheduleQuerySet, name: object) -> ScheduleQuerySet:
    """Those of this name; none can have one that PostgreSQL cannot be asked for."""
    is_possible = isinstance(name, str) and is_storable(name)
    return schedules.filter(name=name) if is_possible else schedules.none()


def get_schedule(name: str) -> Schedule:
    """Return the schedule of that name.

    Raises:
        ScheduleNotFound: there is none.
    """
    schedule = called(Schedule.objects.existing(), name).first()
    if schedule is None:
        raise ScheduleNotFound(f"there is no schedule {name!r}")
    return schedule


def lock_schedule(name: str) -> Schedule:
    """Return the schedule of that name, locked until the caller's transaction ends.

    Raises:
        ScheduleNotFound: there is none.
    """
    schedule = called(Schedule.objects.existing().select_for_update(), name).first()
    if schedule is None:
        raise ScheduleNotFound(f"there is no schedule {name!r}")
    return schedule
