"""Turn periodic tasks of django-celery-beat into schedules of their own."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db import transaction
from django_celery_beat.models import PeriodicTask

from tasks_core import database
from tasks_core.exceptions import InvalidOption
from tasks_core.models import PeriodicTaskMirror, Schedule
from tasks_core.schedules.periodic_tasks.mirroring import follow_these
from tasks_core.sql import periodic_tasks as statements

SWITCHED_OFF = "it is switched off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one periodic task; ``problem`` says why it stayed as it was, or is empty."""

    periodic_task_id: int
    name: str
    task: str
    schedule: Schedule | None = None
    problem: str = ""


def chosen_rows(names: Collection[str] = ()) -> list[int]:
    """Return the periodic tasks of these names, or all that are switched on.

    Raises:
        InvalidOption: there is none of one of the names.
    """
    rows = PeriodicTask.objects.using(database.alias())
    if not names:
        return list(rows.filter(enabled=True).order_by("name").values_list("pk", flat=True))
    found = dict(rows.filter(name__in=names).values_list("name", "pk"))
    missing = [name for name in names if name not in found]
    if missing:
        raise InvalidOption(f"there is no periodic task {', '.join(map(repr, missing))}")
    return [found[name] for name in dict.fromkeys(names)]


def import_rows(ids: Collection[int], *, dry_run: bool = False) -> Iterator[Imported]:
    """Import periodic tasks one by one, each in a transaction of its own.

    Its mirror becomes a schedule of its own, with its ledger, and the row is switched off in the same
    transaction: no tick is lost between the two, and none runs twice.
    """
    for pk in ids:
        with transaction.atomic(using=database.alias()):
            imported = _import(pk)
            if dry_run:
                transaction.set_rollback(True, using=database.alias())
        if imported is not None:
            yield imported


def _import(pk: int) -> Imported | None:
    statements.lock(wait=True)
    rows = PeriodicTask.objects.using(database.alias()).filter(pk=pk)
    row = rows.select_for_update().first()
    if row is None:  # deleted meanwhile
        return None
    if not row.enabled:
        return _left(row, SWITCHED_OFF)
    follow_these([pk])
    mirror = PeriodicTaskMirror.objects.select_related("schedule").get(pk=pk)
    schedule = mirror.schedule
    if mirror.problem or schedule is None:
        return _left(row, mirror.problem)
    Schedule.objects.filter(pk=schedule.pk).update(source="")
    rows.filter(enabled=True).update(enabled=False)
    mirror.delete()
    return Imported(periodic_task_id=pk, name=schedule.name, task=row.task, schedule=schedule)


def _left(row: PeriodicTask, problem: str) -> Imported:
    return Imported(periodic_task_id=row.pk, name=row.name, task=row.task, problem=problem)
