"""Let schedules follow the periodic tasks of django-celery-beat, however those are changed."""

import logging
import zlib
from collections.abc import Collection, Mapping
from datetime import datetime

from celery import current_app
from django_celery_beat.models import PeriodicTask

from tasks_core import clock
from tasks_core.broker.nudge import About, nudge_on_commit
from tasks_core.database.brief_transaction import brief_transaction
from tasks_core.database.errors import is_servers_fault
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.exceptions import TasksCoreError
from tasks_core.models import PeriodicTaskMirror, Schedule
from tasks_core.registry import task_types
from tasks_core.schedules.generator import fill
from tasks_core.schedules.periodic_tasks.beginning import beginning
from tasks_core.schedules.periodic_tasks.definition import set_as_defined
from tasks_core.schedules.periodic_tasks.names import name_apart
from tasks_core.schedules.periodic_tasks.rows import read_rows
from tasks_core.schedules.periodic_tasks.source import source_of
from tasks_core.schedules.periodic_tasks.writing import Change, switch_off, write
from tasks_core.sql import periodic_tasks as statements

logger = logging.getLogger(__name__)

BATCH = 200
"""Most periodic tasks that are read anew in one transaction."""

RUNS = 2_000
"""Most periodic tasks that are told of their runs in one transaction."""

_failing = RowBackoff(
    "periodic task {} cannot be followed",
    "Mend the row, or switch it off; other rows are followed.",
)

FORM = 1
"""To be raised when the same row makes another schedule than in the release before."""


def follow() -> bool:
    """Bring schedules in line with periodic tasks that have changed, and those with what has run.

    It returns whether there may be more to do at once.
    """
    now = clock.now()
    with brief_transaction():
        if not statements.lock(wait=False):
            return False
        statements.expire(now=now)
        counted = statements.count_runs(limit=RUNS, now=now)
        found = statements.changed(seed=_seed(), limit=BATCH, apart_from=_failing.ids())
        _failing.serve(
            list(found),
            lambda ids: _follow({pk: found[pk] for pk in ids}, now),
            key=lambda pk: pk,
        )
    return counted == RUNS or len(found) == BATCH


def follow_these(ids: Collection[int]) -> None:
    """Bring the mirrors of these periodic tasks in line, within the caller's transaction."""
    statements.lock(wait=True)
    now = clock.now()
    _follow(statements.changed(seed=_seed(), limit=len(ids), ids=list(ids)), now)


def _seed() -> int:
    """What is no part of a row, and yet decides what it makes: a deployment may change it."""
    deadline = current_app.conf.beat_cron_starting_deadline
    return zlib.crc32("\n".join([f"{FORM} {deadline}", *sorted(task_types())]).encode())


def _follow(digests: Mapping[int, int | None], now: datetime) -> int:
    if not digests:
        return 0
    schedules = _schedules(digests)
    _catch_up(list(schedules.values()), now)
    gone = [pk for pk, digest in digests.items() if digest is None]
    switch_off([schedules[pk] for pk in gone if pk in schedules], now=now, delete=True)
    PeriodicTaskMirror.objects.filter(pk__in=gone).delete()
    rows = read_rows(list(digests))
    mirrors = PeriodicTaskMirror.objects.in_bulk(list(digests))

    def mirror_of(row: PeriodicTask) -> PeriodicTaskMirror:
        return mirrors.get(row.pk) or PeriodicTaskMirror(periodic_task_id=row.pk)

    changes = [_change(row, schedules.get(row.pk), mirror_of(row), now) for row in rows.sound]
    for row, problem in rows.unreadable:
        change = Change(row, mirror_of(row), schedules.get(row.pk))
        if row.enabled:
            _tell(row, change.mirror, problem)
        change.mirror.problem = problem if row.enabled else ""
        changes.append(change)
    name_apart(changes)
    write(changes, digests, now=now)
    nudge_on_commit(About.SCHEDULES)
    return len(digests)


def _schedules(ids: Collection[int]) -> dict[int, Schedule]:
    """Lock and return the mirrors that exist, by their periodic tasks."""
    by_source = {source_of(pk): pk for pk in ids}
    found = Schedule.objects.existing().filter(source__in=list(by_source)).order_by("pk")
    return {by_source[schedule.source]: schedule for schedule in found.select_for_update()}


def _catch_up(schedules: list[Schedule], now: datetime) -> None:
    """Let the ledgers hold every tick up to now, as the schedules have been until now."""

    def lagging() -> list[Schedule]:
        ticking = [s for s in schedules if s.is_enabled and s.refill_at is not None]
        return [schedule for schedule in ticking if schedule.generated_until < now]

    while behind := lagging():
        fill(behind, now=now)


def _change(
    row: PeriodicTask, schedule: Schedule | None, mirror: PeriodicTaskMirror, now: datetime
) -> Change:
    """Return what is to become of one mirror; a row that cannot be understood is to have none."""
    change = Change(row, mirror, schedule)
    problem = ""
    if row.enabled:
        wanted = schedule or Schedule(
            name=row.name, anchor=now, generated_until=now, created_at=now, updated_at=now
        )
        before = change.times_of(wanted)
        try:
            set_as_defined(wanted, row, counted_runs=mirror.counted_runs, now=now)
            if schedule is None or before != change.times_of(wanted):
                change.since = beginning(wanted, row, is_new=schedule is None, now=now)
            change.wanted = wanted
        except (TasksCoreError, ValueError) as error:
            problem = str(error)
            _tell(row, mirror, problem)
        except Exception as error:
            if is_servers_fault(error):
                raise
            problem = f"{type(error).__name__}: {error}"
            _tell(row, mirror, problem)
    mirror.problem = problem
    return change


def _tell(row: PeriodicTask, mirror: PeriodicTaskMirror, problem: str) -> None:
    if problem != mirror.problem:
        logger.error("periodic task %s (%s) does not run: %s", row.name, row.pk, problem)
