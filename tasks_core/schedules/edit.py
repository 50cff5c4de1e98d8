"""Create, change and delete schedules."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from tasks_core import clock, database
from tasks_core.client import options
from tasks_core.database import server_clock
from tasks_core.engine.retry import RetryRule
from tasks_core.engine.schedule import Exclusions
from tasks_core.exceptions import (
    DuplicateSchedule,
    InvalidSchedule,
)
from tasks_core.models import Schedule
from tasks_core.schedules.control import PAUSE_FIELDS
from tasks_core.schedules.definition import Span, apply, require_steerable
from tasks_core.schedules.ending import DELETED, SWITCHED_OFF, cancel_rest
from tasks_core.schedules.lookup import called, lock_schedule
from tasks_core.schedules.periodic_tasks.source import require_own
from tasks_core.schedules.upcoming import begin, catch_up, clear

TIME_FIELDS = (
    "kind",
    "expression",
    "timezone",
    "matches_both_days",
    "anchor",
    "gap_policy",
    "fold_policy",
    "start_at",
    "end_at",
    "max_runs",
    "jitter",
    "exclusions",
    "is_enabled",
)
"""What decides when ticks are due: an edit replaces those to come."""


def schedule_recurring(  # noqa: PLR0913
    task_type: str,
    payload: Any = None,
    *,
    name: str | None = None,
    cron: str | None = None,
    every: timedelta | int | str | None = None,
    timezone: str = "UTC",
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    max_runs: int | None = None,
    jitter: Span = 0,
    gap: str = "shift",
    fold: str = "first",
    exclusions: Exclusions | Mapping[str, Any] | None = None,
    misfire: str = "run_once",
    misfire_grace: Span = 60,
    misfire_max_age: Span | None = None,
    misfire_max_count: int | None = None,
    overlap: str = "allow",
    priority: int | None = None,
    queue_name: str | None = None,
    retry: RetryRule | str | None = None,
    tags: Iterable[str] = (),
    expires_after: Span | None = None,
    description: str = "",
    replace: bool = False,
    inner: bool = False,
) -> Schedule:
    """Run a task type again and again; the schedule is stored in the caller's transaction.

    Every tick gets a row of its own with what became of it (``Occurrence``).

    Args:
        task_type: registered name.
        payload: what the type's schema takes.
        name: unique among the schedules; that of the type if not given.
        cron: five fields, or six with the seconds first; this or ``every``.
        every: ``timedelta``, seconds, or text such as ``"every 90 s"``, counted from ``start_at`` or now.
        timezone: IANA name; the clock that ``cron`` goes by.
        start_at: aware; the first instant, included.
        end_at: aware; the last instant, included.
        max_runs: at most so many ticks make a task.
        jitter: each tick is put off by less than this; always the same for the same tick.
        gap: ``shift`` or ``skip`` what falls into an hour that clocks leave out.
        fold: ``first``, ``last`` or ``both`` of what falls into an hour that comes twice.
        exclusions: days and times to leave out (``Exclusions`` or its JSON).
        misfire: ``skip``, ``run_once`` or ``run_all`` of the ticks that nobody fired in time.
        misfire_grace: a tick no later than this (60 s) is on time.
        misfire_max_age: a missed tick that is later is skipped.
        misfire_max_count: at most so many missed ticks run, the latest.
        overlap: ``allow``, ``skip``, ``buffer_one``, ``buffer_all``, ``cancel_other`` or
            ``terminate_other`` when an earlier tick's task has not ended.
        priority: of its tasks; the type's if not given.
        queue_name: of its tasks; the type's if not given.
        retry: a rule, or the name of a RetryPolicy; the type's if not given.
        tags: words to find its tasks by.
        expires_after: no attempt begins so long after the tick was due.
        description: for people.
        replace: update the schedule of this name if there is one. A keyword that is left out then has its
            default again.
        inner: said by the app that owns an inner type; never where the type comes from people.

    Raises:
        InvalidSchedule, InvalidOption, InvalidPayload, UnknownTaskType, InnerTaskType: nothing was written;
            the message names what is wrong.
        DuplicateSchedule: there is one of this name, and ``replace`` is not set.
    """
    if (cron is None) == (every is None):
        raise InvalidSchedule("give cron or every, and not both")
    wanted = {
        "name": name or task_type,
        "description": description,
        "task_type": task_type,
        "payload": {} if payload is None else payload,
        "cron": cron,
        "every": every,
        "timezone": timezone,
        "gap": gap,
        "fold": fold,
        "start_at": start_at,
        "end_at": end_at,
        "max_runs": max_runs,
        "jitter": jitter,
        "exclusions": exclusions,
        "misfire": misfire,
        "misfire_grace": misfire_grace,
        "misfire_max_age": misfire_max_age,
        "misfire_max_count": misfire_max_count,
        "overlap": overlap,
        "priority": priority,
        "queue_name": queue_name,
        "retry": retry,
        "tags": list(tags) if not isinstance(tags, str) else tags,
        "expires_after": expires_after,
    }
    return define(wanted, replace=replace, inner=inner)


def define(wanted: dict[str, Any], *, replace: bool, inner: bool = False) -> Schedule:
    """Create the schedule that these keywords describe, or replace the one of that name."""
    now = server_clock.callers_now()
    if replace and called(Schedule.objects.existing(), wanted["name"]).exists():
        return update_schedule(wanted["name"], inner=inner, **wanted)
    start_at = wanted.get("start_at")
    schedule = Schedule(
        anchor=now if start_at is None else options.instant("start_at", start_at),
        generated_until=now,
        refill_at=now,
        created_at=now,
        updated_at=now,
    )
    apply(schedule, wanted, now=now, inner=inner)
    try:
        with transaction.atomic(using=database.alias()):
            schedule.save(force_insert=True)
            begin(schedule, now)
    except IntegrityError:
        if replace:
            return update_schedule(wanted["name"], inner=inner, **wanted)
        raise DuplicateSchedule(
            f"there is a schedule {schedule.name!r} already; give another name, or replace=True"
        ) from None
    return schedule


def update_schedule(name: str, /, *, inner: bool = False, **changes: Any) -> Schedule:
    """Change a schedule; takes the keywords of ``schedule_recurring``, ``is_enabled`` and ``task_type``.

    A new expression, zone or other rule of time replaces the ticks to come. Type, payload and the like
    apply to all ticks that have not fired yet. ``is_enabled=False`` cancels ticks that wait for another's
    end, and its backfills. ``inner`` is said by the app that owns an inner type.

    Raises:
        ScheduleNotFound: there is none of that name.
        InnerTaskType: it runs, or would run, what only the platform makes.
        InvalidSchedule, InvalidOption, InvalidPayload, UnknownTaskType: nothing was changed.
        MirroredSchedule: it follows a periodic task of django-celery-beat, which is to be edited there.
    """
    given = [key for key in ("cron", "every", "at", "solar") if changes.get(key) is not None]
    if len(given) > 1:
        raise InvalidSchedule(f"give one of {', '.join(given)}, and not several")
    now = clock.now()
    try:
        with transaction.atomic(using=database.alias()):
            schedule = lock_schedule(name)
            require_own(schedule)
            before = {field: getattr(schedule, field) for field in TIME_FIELDS}
            catch_up(schedule, now)
            apply(schedule, changes, now=now, inner=inner)
            schedule.updated_at = now
            schedule.save(update_fields=EDITABLE_FIELDS)  # the row is locked
            if any(getattr(schedule, field) != before[field] for field in TIME_FIELDS):
                clear(schedule, now)
                if before["is_enabled"] and not schedule.is_enabled:
                    cancel_rest([schedule.pk], reason=SWITCHED_OFF, now=now)
                begin(schedule, now)
    except IntegrityError:
        raise DuplicateSchedule(f"there is a schedule {changes.get('name')!r} already") from None
    return schedule


def delete_schedule(name: str, *, inner: bool = False) -> None:
    """Let a schedule end: what is to come is gone, its ledger stays until it is old, its tasks run on.

    Ticks that were due or waited for another's end are cancelled, and so are its backfills.
    If no beat has run for so long that the ledger does not reach up to now, it stays as it is.
    ``inner`` is said by the app that owns an inner type.

    Raises:
        ScheduleNotFound: there is none of that name.
        InnerTaskType: it runs what only the platform makes.
        MirroredSchedule: it follows a periodic task of django-celery-beat, which is to be deleted there.
    """
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        schedule = lock_schedule(name)
        require_own(schedule)
        if not inner:
            require_steerable(schedule)
        clear(schedule, now)
        cancel_rest([schedule.pk], reason=DELETED, now=now)
        Schedule.objects.filter(pk=schedule.pk).update(
            deleted_at=now, is_enabled=False, refill_at=None, next_fire_at=None
        )


_PROGRESS = ["runs", "generated_until", "refill_at", "next_fire_at"]


_LIFE = ["id", "created_at", "deleted_at"]


EDITABLE_FIELDS = [
    field.name
    for field in Schedule._meta.concrete_fields
    if field.name not in {*PAUSE_FIELDS, *_PROGRESS, *_LIFE}
]
