"""The ticks to come of one schedule, made anew when it changes."""

from datetime import datetime

from tasks_core.broker.nudge import About, nudge_on_commit
from tasks_core.engine.schedule import TickOutcome
from tasks_core.models import Occurrence, Schedule
from tasks_core.schedules.generator import fill
from tasks_core.sql import ledger

WITHHELD = (TickOutcome.UPCOMING, TickOutcome.EXCLUDED, TickOutcome.SKIPPED_DST)


def catch_up(schedule: Schedule, now: datetime) -> None:
    """Let the ledger hold every tick up to now, as the schedule has been until now."""
    while schedule.is_enabled and schedule.refill_at is not None and schedule.generated_until < now:
        fill([schedule], now=now)


def clear(schedule: Schedule, now: datetime) -> None:
    """Take back the ticks to come."""
    ticks = Occurrence.objects.filter(schedule=schedule, kind=Occurrence.Kind.TICK)
    ticks.filter(due__gt=now, outcome__in=WITHHELD).delete()


def begin(schedule: Schedule, now: datetime) -> None:
    """Let the ledger go on from now."""
    schedule.generated_until = now
    if schedule.is_enabled:
        fill([schedule], now=now)
    else:
        schedule.refill_at = None
        Schedule.objects.filter(pk=schedule.pk).update(generated_until=now, refill_at=None)
        ledger.set_next([schedule.pk])
    nudge_on_commit(About.SCHEDULES)
