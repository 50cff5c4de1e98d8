"""Which schedules mirror a periodic task, and that those are edited where they come from."""

from tasks_core.exceptions import MirroredSchedule
from tasks_core.models import Schedule

PREFIX = "periodic-task-"


def source_of(periodic_task_id: int) -> str:
    """Return the ``Schedule.source`` of the mirror of a periodic task."""
    return f"{PREFIX}{periodic_task_id}"


def is_mirror(schedule: Schedule) -> bool:
    """Tell whether a schedule mirrors a periodic task."""
    return schedule.source.startswith(PREFIX)


def require_own(schedule: Schedule) -> None:
    """Let pass what is no mirror.

    Raises:
        MirroredSchedule: it follows a periodic task; the message says where to edit that.
    """
    if is_mirror(schedule):
        number = schedule.source.removeprefix(PREFIX)
        raise MirroredSchedule(
            f"schedule {schedule.name!r} mirrors periodic task {number} of django-celery-beat: edit, "
            f"switch off or delete that one (admin, Periodic tasks, number {number}), or make it a "
            "schedule of its own with `python manage.py import_periodic_tasks`"
        )
