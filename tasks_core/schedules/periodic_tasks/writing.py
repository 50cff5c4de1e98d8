"""Write mirrors: the schedules, and what of their ledgers a change replaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks_core.models import Occurrence, PeriodicTaskMirror, Schedule
from tasks_core.schedules.edit import EDITABLE_FIELDS, TIME_FIELDS
from tasks_core.schedules.ending import cancel_rest
from tasks_core.schedules.upcoming import WITHHELD
from tasks_core.sql import ledger


@dataclass(slots=True)
class Change:
    """A periodic task that has changed.

    Attributes:
        row: the ``PeriodicTask``.
        mirror: what is known of it.
        schedule: the mirror that exists.
        wanted: the mirror that is to exist, or None.
        since: after which ticks of it count, if its times are others now.
    """

    row: Any
    mirror: PeriodicTaskMirror
    schedule: Schedule | None
    wanted: Schedule | None = None
    since: datetime | None = None

    @staticmethod
    def times_of(schedule: Schedule) -> list[Any]:
        """Return what decides when a schedule is due."""
        return [getattr(schedule, field) for field in TIME_FIELDS]


def write(changes: Sequence[Change], digests: Mapping[int, int | None], *, now: datetime) -> None:
    """Write the schedules that are wanted, switch off the others, and note what was looked at."""
    unwanted = [change.schedule for change in changes if change.wanted is None]
    switch_off([schedule for schedule in unwanted if schedule is not None], now=now)
    _clear([c.schedule for c in changes if c.since is not None and c.schedule is not None], now)
    for change in changes:
        if change.wanted is not None:
            _save(change.wanted, change.since, now)
        change.mirror.schedule = change.wanted or change.schedule
        change.mirror.digest = digests[change.row.pk]
    PeriodicTaskMirror.objects.bulk_create(
        [change.mirror for change in changes],
        update_conflicts=True,
        unique_fields=["periodic_task_id"],
        update_fields=["schedule", "digest", "problem"],
    )
    ledger.set_next([c.wanted.pk for c in changes if c.wanted is not None and c.since is not None])


def switch_off(schedules: Sequence[Schedule], *, now: datetime, delete: bool = False) -> None:
    """Let schedules have no more ticks; what was due or waited is cancelled, and so are backfills."""
    ids = [schedule.pk for schedule in schedules]
    if not ids:
        return
    _clear(schedules, now)
    deed = "deleted" if delete else "switched off"
    cancel_rest(ids, reason=f"the periodic task was {deed}", now=now)
    Schedule.objects.filter(pk__in=ids).update(
        is_enabled=False,
        refill_at=None,
        next_fire_at=None,
        updated_at=now,
        **({"deleted_at": now} if delete else {}),
    )


def _clear(schedules: Sequence[Schedule], now: datetime) -> None:
    Occurrence.objects.filter(
        schedule_id__in=[schedule.pk for schedule in schedules],
        kind=Occurrence.Kind.TICK,
        due__gt=now,
        outcome__in=WITHHELD,
    ).delete()


def _save(schedule: Schedule, since: datetime | None, now: datetime) -> None:
    """The row is new or locked. The generator fills its ledger."""
    schedule.updated_at = now
    fields = [*EDITABLE_FIELDS]
    if since is not None:
        schedule.generated_until, schedule.refill_at = since, now
        fields += ["generated_until", "refill_at"]
    if schedule._state.adding:
        schedule.save(force_insert=True)
    else:
        schedule.save(update_fields=fields)
