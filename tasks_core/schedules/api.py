"""What other apps and operators do with schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction

from tasks_core import clock, database
from tasks_core.broker.nudge import About, nudge_on_commit
from tasks_core.client import options
from tasks_core.client.find import get
from tasks_core.database import server_clock
from tasks_core.engine.json_text import is_storable
from tasks_core.engine.retry import RetryRule
from tasks_core.engine.schedule import Exclusions, Tick, TickOutcome
from tasks_core.exceptions import (
    DuplicateSchedule,
    InvalidOption,
    InvalidSchedule,
    InvalidTransition,
    ScheduleNotFound,
)
from tasks_core.models import Occurrence, Schedule, Task
from tasks_core.models.schedule import ScheduleQuerySet
from tasks_core.schedules.definition import Span, apply, require_steerable
from tasks_core.schedules.ending import DELETED, SWITCHED_OFF, cancel_rest
from tasks_core.schedules.generator import fill
from tasks_core.schedules.periodic_tasks.source import require_own
from tasks_core.schedules.recurrence import recurrence_of
from tasks_core.sql import ledger
from tasks_core.sql.ledger import Decision

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

WITHHELD = (TickOutcome.UPCOMING, TickOutcome.EXCLUDED, TickOutcome.SKIPPED_DST)
MAX_PREVIEW = 10_000


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
    if replace and _called(Schedule.objects.existing(), wanted["name"]).exists():
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
            _begin(schedule, now)
    except IntegrityError:
        if replace:
            return update_schedule(wanted["name"], inner=inner, **wanted)
        raise DuplicateSchedule(
            f"there is a schedule {schedule.name!r} already; give another name, or replace=True"
        ) from None
    return schedule


def _called(schedules: ScheduleQuerySet, name: object) -> ScheduleQuerySet:
    """Those of this name; none can have one that PostgreSQL cannot be asked for."""
    is_possible = isinstance(name, str) and is_storable(name)
    return schedules.filter(name=name) if is_possible else schedules.none()


def get_schedule(name: str) -> Schedule:
    """Return the schedule of that name.

    Raises:
        ScheduleNotFound: there is none.
    """
    schedule = _called(Schedule.objects.existing(), name).first()
    if schedule is None:
        raise ScheduleNotFound(f"there is no schedule {name!r}")
    return schedule


def lock_schedule(name: str) -> Schedule:
    """Return the schedule of that name, locked until the caller's transaction ends.

    Raises:
        ScheduleNotFound: there is none.
    """
    schedule = _called(Schedule.objects.existing().select_for_update(), name).first()
    if schedule is None:
        raise ScheduleNotFound(f"there is no schedule {name!r}")
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
            _catch_up(schedule, now)
            apply(schedule, changes, now=now, inner=inner)
            schedule.updated_at = now
            schedule.save(update_fields=EDITABLE_FIELDS)  # the row is locked
            if any(getattr(schedule, field) != before[field] for field in TIME_FIELDS):
                _clear(schedule, now)
                if before["is_enabled"] and not schedule.is_enabled:
                    cancel_rest([schedule.pk], reason=SWITCHED_OFF, now=now)
                _begin(schedule, now)
    except IntegrityError:
        raise DuplicateSchedule(f"there is a schedule {changes.get('name')!r} already") from None
    return schedule


def pause_schedule(
    name: str, *, reason: str, author: str = "", resume_at: datetime | None = None
) -> Schedule:
    """Let ticks pass without running, until ``resume_schedule`` or ``resume_at``; they are on record.

    Raises:
        ScheduleNotFound: there is none of that name.
        InnerTaskType: it runs what only the platform makes.
        InvalidOption: no reason is given.
        InvalidSchedule: ``resume_at`` is no aware datetime in the future.
        InvalidTransition: it is paused already.
    """
    now = clock.now()
    if not options.short_text("reason", reason, 200).strip():
        raise InvalidOption("reason must say in 1 to 200 characters why it is paused")
    author = options.short_text("author", author[:150], 150)
    if resume_at is not None:
        resume_at = options.instant("resume_at", resume_at)
    if resume_at is not None and resume_at <= now:
        raise InvalidSchedule(
            f"resume_at must lie in the future, not at {resume_at.isoformat()}; leave it out to "
            "pause until resume_schedule"
        )
    with transaction.atomic(using=database.alias()):
        schedule = lock_schedule(name)
        require_steerable(schedule)
        if schedule.paused_at is not None:
            raise InvalidTransition(
                f"schedule {name!r} is paused since {schedule.paused_at:%Y-%m-%d %H:%M} UTC: "
                f"{schedule.pause_reason}"
            )
        schedule.paused_at, schedule.pause_reason = now, reason
        schedule.paused_by, schedule.resume_at = author, resume_at
        schedule.save(update_fields=_PAUSE)
    return schedule


def resume_schedule(name: str) -> Schedule:
    """End a pause. Ticks that fell into it stay on record as paused.

    Raises:
        ScheduleNotFound: there is none of that name.
        InvalidTransition: it is not paused.
    """
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        schedule = lock_schedule(name)
        if schedule.paused_at is None:
            raise InvalidTransition(f"schedule {name!r} is not paused")
        _catch_up(schedule, now)
        passed = Occurrence.objects.overdue(now).filter(
            schedule=schedule, fire_at__gte=schedule.paused_at
        )
        passed.update(outcome=TickOutcome.PAUSED, reason=schedule.pause_reason, decided_at=now)
        schedule.paused_at = schedule.resume_at = None
        schedule.pause_reason = schedule.paused_by = ""
        schedule.save(update_fields=_PAUSE)
        ledger.set_next([schedule.pk])
        nudge_on_commit(About.SCHEDULES)
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
        _clear(schedule, now)
        cancel_rest([schedule.pk], reason=DELETED, now=now)
        Schedule.objects.filter(pk=schedule.pk).update(
            deleted_at=now, is_enabled=False, refill_at=None, next_fire_at=None
        )


def trigger_now(name: str) -> Task:
    """Run a schedule once more, now, whatever its times and its overlap policy say.

    Raises:
        ScheduleNotFound: there is none of that name.
        InnerTaskType: it runs what only the platform makes.
    """
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        schedule = lock_schedule(name)
        require_steerable(schedule)
        occurrence = Occurrence.objects.create(
            schedule=schedule, due=now, fire_at=now, kind=Occurrence.Kind.MANUAL
        )
        made = ledger.settle([Decision(occurrence.pk, TickOutcome.FIRED, makes_task=True)], now=now)
        nudge_on_commit()
        return get(made[occurrence.pk] or 0)


def cancel_occurrence(occurrence_id: int, *, reason: str = "", inner: bool = False) -> bool:
    """Leave out one tick that is still to come; return False if it was settled already.

    ``inner`` is said by the app that owns an inner type.

    Raises:
        InnerTaskType: its schedule runs what only the platform makes.
        InvalidOption: ``reason`` cannot be stored; of more than 200 characters the first are kept.
    """
    reason = options.short_text("reason", reason[:200], 200)
    with transaction.atomic(using=database.alias()):
        if not inner:
            for schedule in Schedule.objects.filter(occurrences=occurrence_id):
                require_steerable(schedule)
        changed = Occurrence.objects.filter(
            pk=occurrence_id, outcome__in=(TickOutcome.UPCOMING, TickOutcome.BUFFERED)
        ).update(outcome=TickOutcome.CANCELLED, reason=reason, decided_at=clock.now())
        if changed:
            ledger.set_next([Occurrence.objects.get(pk=occurrence_id).schedule_id])
    return bool(changed)


def preview_schedule(name: str, count: int = 10, *, after: datetime | None = None) -> list[Tick]:
    """Return the next ticks of a schedule, those that are left out included (``Tick.withheld``).

    Raises:
        ScheduleNotFound: there is none of that name.
        InvalidOption: ``count`` is not between 1 and 10,000.
    """
    return preview(get_schedule(name), count, after=after)


def preview(schedule: Schedule, count: int = 10, *, after: datetime | None = None) -> list[Tick]:
    """Return the next ticks of a schedule, stored or not.

    Raises:
        InvalidSchedule: it cannot be understood, or ``after`` is no aware datetime.
        InvalidOption: ``count`` is not between 1 and 10,000.
    """
    start = clock.now() if after is None else options.instant("after", after)
    if not 1 <= count <= MAX_PREVIEW:
        raise InvalidOption(f"count must be between 1 and {MAX_PREVIEW:,}, not {count}")
    try:
        return list(islice(recurrence_of(schedule).ticks(start), count))
    except ValueError as error:
        raise InvalidSchedule(str(error)) from None


_PAUSE = ["paused_at", "paused_by", "pause_reason", "resume_at"]
_PROGRESS = ["runs", "generated_until", "refill_at", "next_fire_at"]
_LIFE = ["id", "created_at", "deleted_at"]
EDITABLE_FIELDS = [
    field.name
    for field in Schedule._meta.concrete_fields
    if field.name not in {*_PAUSE, *_PROGRESS, *_LIFE}
]


def _catch_up(schedule: Schedule, now: datetime) -> None:
    """Let the ledger hold every tick up to now, as the schedule has been until now."""
    while schedule.is_enabled and schedule.refill_at is not None and schedule.generated_until < now:
        fill([schedule], now=now)


def _clear(schedule: Schedule, now: datetime) -> None:
    """Take back the ticks to come."""
    ticks = Occurrence.objects.filter(schedule=schedule, kind=Occurrence.Kind.TICK)
    ticks.filter(due__gt=now, outcome__in=WITHHELD).delete()


def _begin(schedule: Schedule, now: datetime) -> None:
    """Let the ledger go on from now."""
    schedule.generated_until = now
    if schedule.is_enabled:
        fill([schedule], now=now)
    else:
        schedule.refill_at = None
        Schedule.objects.filter(pk=schedule.pk).update(generated_until=now, refill_at=None)
        ledger.set_next([schedule.pk])
    nudge_on_commit(About.SCHEDULES)
