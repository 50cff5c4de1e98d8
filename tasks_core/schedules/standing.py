"""In one word, whether a schedule runs."""

from datetime import datetime
from enum import StrEnum

from django.db.models import F, Q

from tasks_core.models import Schedule
from tasks_core.models.schedule import ScheduleQuerySet


class Standing(StrEnum):
    """What people want to know first of a schedule."""

    ENABLED = "enabled"
    PAUSED = "paused"
    """Its ticks pass without running."""
    DISABLED = "disabled"
    """It has no ticks at all."""
    ENDED = "ended"
    """Its last tick has passed, or its last run is done."""


_ENDED = Q(next_fire_at=None, refill_at=None) | Q(max_runs__isnull=False, runs__gte=F("max_runs"))


def standing_of(schedule: Schedule, now: datetime) -> Standing:
    """Return the one word."""
    if not schedule.is_enabled:
        return Standing.DISABLED
    if schedule.has_run_enough or (schedule.next_fire_at is None and schedule.refill_at is None):
        return Standing.ENDED
    return Standing.PAUSED if schedule.is_paused_at(now) else Standing.ENABLED


def in_standing(schedules: ScheduleQuerySet, standing: Standing, now: datetime) -> ScheduleQuerySet:
    """Keep those of which ``standing_of`` says so."""
    if standing == Standing.DISABLED:
        return schedules.filter(is_enabled=False)
    switched_on = schedules.filter(is_enabled=True)
    if standing == Standing.ENDED:
        return switched_on.filter(_ENDED)
    paused = Q(paused_at__lte=now) & (Q(resume_at=None) | Q(resume_at__gt=now))
    going_on = switched_on.exclude(_ENDED)
    return going_on.filter(paused) if standing == Standing.PAUSED else going_on.exclude(paused)
