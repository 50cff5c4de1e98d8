"""Schedules as Sentry's cron monitors: which can be, and what Sentry is told to expect of them."""

import math
from datetime import timedelta
from typing import Literal

from django.utils.text import slugify
from sentry_sdk.types import MonitorConfig

from tasks_core.engine.schedule import CronExpression, InvalidSchedule, parse_interval
from tasks_core.models import Schedule

OPT_OUT = "no-monitor"
"""A schedule with this tag has no monitor."""

MINUTE = timedelta(minutes=1)
UNITS: tuple[tuple[Literal["day", "hour", "minute"], int], ...] = (
    ("day", 1440),
    ("hour", 60),
    ("minute", 1),
)


def slug_of(schedule: Schedule) -> str:
    """Return the monitor's name: at most 50 lower-case characters, unique in the installation."""
    end = f"-{schedule.pk}"
    return (slugify(schedule.name)[: 50 - len(end)].strip("-_") or "schedule") + end


def config_of(schedule: Schedule) -> MonitorConfig | None:
    """Return what Sentry is to expect, or None where it cannot be told and would raise false alarms.

    Sentry knows whole minutes, and neither exclusions nor an end.
    """
    is_endless = schedule.end_at is None and schedule.max_runs is None
    if OPT_OUT in schedule.tags or schedule.exclusions or not is_endless:
        return None
    when = _when(schedule)
    if when is None:
        return None
    late = schedule.misfire_grace + schedule.jitter
    return {
        **when,
        "timezone": schedule.timezone,
        "checkin_margin": max(1, math.ceil(late / MINUTE)),
    }


def _when(schedule: Schedule) -> MonitorConfig | None:
    try:
        if schedule.kind == Schedule.Kind.CRON:
            return _crontab(schedule)
        if schedule.kind == Schedule.Kind.INTERVAL:
            return _interval(parse_interval(schedule.expression))
    except InvalidSchedule:
        pass
    return None


def _crontab(schedule: Schedule) -> MonitorConfig | None:
    expression = CronExpression.parse(schedule.expression, both_days=schedule.matches_both_days)
    second, *fields = expression.fields
    restricts_both = not fields[2].startswith("*") and not fields[4].startswith("*")
    if second != "0" or (schedule.matches_both_days and restricts_both):
        return None
    return {"schedule": {"type": "crontab", "value": " ".join(fields)}}


def _interval(period: timedelta) -> MonitorConfig | None:
    if period % MINUTE:
        return None
    minutes = period // MINUTE
    for unit, length in UNITS:
        if minutes % length == 0:
            return {"schedule": {"type": "interval", "value": minutes // length, "unit": unit}}
    return None
