"""Read periodic tasks, each by itself if one of them cannot be read."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django_celery_beat.models import PeriodicTask

from tasks_core import database
from tasks_core.database import readable_rows
from tasks_core.database.readable_rows import what_is_wrong


@dataclass(slots=True)
class Rows:
    """What was read.

    Attributes:
        sound: rows with their times.
        unreadable: what is wrong with the others, each a row that has key, name and ``enabled`` only.
    """

    sound: list[PeriodicTask] = field(default_factory=list)
    unreadable: list[tuple[PeriodicTask, str]] = field(default_factory=list)


def read_rows(ids: Collection[int]) -> Rows:
    """Read these rows in the order of their keys.

    A column may hold what this process cannot read: a time zone that its machine does not know, or an instant
    outside Python's calendar. That fails the reading of all rows, so then each is read alone.

    Raises:
        django.db.Error: the database is to blame.
    """
    wanted = PeriodicTask.objects.using(database.alias()).filter(pk__in=list(ids)).order_by("pk")
    found = readable_rows.read_rows(
        wanted.select_related("interval", "crontab", "solar", "clocked")
    )
    rows = Rows(found.sound)
    for bare in wanted.filter(pk__in=list(found.unreadable)).only("name", "enabled"):
        row = PeriodicTask(pk=bare.pk, name=bare.name, enabled=bare.enabled)
        rows.unreadable.append((row, what_is_wrong(found.unreadable[bare.pk])))
    return rows
