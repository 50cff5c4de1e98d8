"""What other apps and operators do with a schedule as it is: pause, resume, trigger, leave out a tick."""

from datetime import datetime

from django.db import transaction

from tasks_core import clock, database
from tasks_core.broker.nudge import About, nudge_on_commit
from tasks_core.client import options
from tasks_core.client.find import get
from tasks_core.engine.schedule import TickOutcome
from tasks_core.exceptions import (
    InvalidOption,
    InvalidSchedule,
    InvalidTransition,
)
from tasks_core.models import Occurrence, Schedule, Task
from tasks_core.schedules.definition import require_steerable
from tasks_core.schedules.lookup import lock_schedule
from tasks_core.schedules.upcoming import catch_up
from tasks_core.sql import ledger
from tasks_core.sql.ledger import Decision


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
        schedule.save(update_fields=PAUSE_FIELDS)
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
        catch_up(schedule, now)
        passed = Occurrence.objects.overdue(now).filter(
            schedule=schedule, fire_at__gte=schedule.paused_at
        )
        passed.update(outcome=TickOutcome.PAUSED, reason=schedule.pause_reason, decided_at=now)
        schedule.paused_at = schedule.resume_at = None
        schedule.pause_reason = schedule.paused_by = ""
        schedule.save(update_fields=PAUSE_FIELDS)
        ledger.set_next([schedule.pk])
        nudge_on_commit(About.SCHEDULES)
    return schedule


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


PAUSE_FIELDS = ["paused_at", "paused_by", "pause_reason", "resume_at"]
