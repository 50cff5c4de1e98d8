"""The platform's schedule behind a cron trigger: the same times and policies, by another name."""

from typing import Any

import tasks_core
from notifications.models import CronTrigger
from notifications.task_payloads import TICK
from notifications.triggers.retry_conf import parse_retry_conf
from tasks_core.engine.schedule import MisfirePolicy
from tasks_core.exceptions import ScheduleNotFound

GRACE_SECONDS = 60.0
"""A tick no later than this is on time, whatever the misfire policy."""

_MISFIRE = {
    CronTrigger.MisfirePolicy.FIRE_ALL: MisfirePolicy.RUN_ALL,
    CronTrigger.MisfirePolicy.COALESCE: MisfirePolicy.RUN_ONCE,
    CronTrigger.MisfirePolicy.SKIP: MisfirePolicy.SKIP,
}


def keep_schedule(trigger: CronTrigger) -> None:
    """Make the schedule what its trigger says, and fill it with ticks; also when somebody deleted it."""
    tasks_core.schedule_recurring(
        TICK,
        {"trigger": trigger.pk},
        name=trigger.schedule_name,
        description=f"Cron trigger {trigger.name}",
        replace=True,
        inner=True,
        **_wanted(trigger),
    )
    tasks_core.update_schedule(trigger.schedule_name, inner=True, is_enabled=trigger.enabled)


def drop_schedule(trigger: CronTrigger) -> None:
    """Delete the schedule, if it is still there."""
    try:
        tasks_core.delete_schedule(trigger.schedule_name, inner=True)
    except ScheduleNotFound:
        return


def _wanted(trigger: CronTrigger) -> dict[str, Any]:
    tolerance = parse_retry_conf(trigger.retry_conf).tolerance_seconds
    return {
        "cron": trigger.schedule,
        "timezone": trigger.timezone,
        "misfire": _MISFIRE[CronTrigger.MisfirePolicy(trigger.misfire_policy)].value,
        "misfire_grace": GRACE_SECONDS,
        "misfire_max_age": max(tolerance, GRACE_SECONDS),
    }
