"""What the tests of periodic tasks share: rows of django-celery-beat, and a leading beat's look at them."""

import json
from datetime import datetime
from typing import Any

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from tasks_core import clock
from tasks_core.models import PeriodicTaskMirror, Schedule
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tasks_core.schedules.periodic_tasks.source import source_of
from tests.tasks_core.schedules import ticking

PLAIN_TASK = "shop.tasks.count_stock"


def crontab(minute: str = "*", hour: str = "*", **options: Any) -> CrontabSchedule:
    return CrontabSchedule.objects.create(minute=minute, hour=hour, **options)


def interval(every: int, period: str = "seconds") -> IntervalSchedule:
    return IntervalSchedule.objects.create(every=every, period=period)


def periodic(at: datetime, name: str = "stock", **options: Any) -> PeriodicTask:
    """Save a periodic task as it would have been at that time; every minute, if nothing else is said."""
    timed = {"interval", "crontab", "clocked", "solar"} & set(options)
    options = {**({} if timed else {"crontab": crontab()}), "task": PLAIN_TASK, **options}
    for field in ("args", "kwargs", "headers"):
        if not isinstance(options.get(field, ""), str):
            options[field] = json.dumps(options[field])
    row = PeriodicTask(name=name, **options)
    row.save()
    PeriodicTask.objects.filter(pk=row.pk).update(date_changed=at)
    row.refresh_from_db()
    return row


def look(at: datetime) -> None:
    """Do what the duty of a leading beat does, at this time, until nothing is left to do."""
    with clock.frozen(at):
        while follow():
            pass


def beat(at: datetime) -> None:
    """Let a leading beat look, and fire what is due."""
    look(at)
    ticking.beat(at)
    look(at)


def mirror_of(row: PeriodicTask) -> Schedule:
    return Schedule.objects.existing().get(source=source_of(row.pk))


def has_mirror(row: PeriodicTask) -> bool:
    return Schedule.objects.ticking().filter(source=source_of(row.pk)).exists()


def problem_of(row: PeriodicTask) -> str:
    return PeriodicTaskMirror.objects.get(pk=row.pk).problem


def upcoming(row: PeriodicTask) -> list[datetime]:
    """Return when it is due, as far as the ledger knows."""
    ticks = mirror_of(row).occurrences.upcoming().order_by("due")
    return list(ticks.values_list("due", flat=True))
