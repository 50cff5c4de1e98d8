"""Schedules as commands show them. Payloads are masked."""

from datetime import datetime
from typing import Any

from tasks_core.models import Schedule
from tasks_core.payloads import masked
from tasks_core.priority import Priority
from tasks_core.schedules.standing import standing_of
from tasks_core.schedules.wording import when_in_words

SCHEDULE_COLUMNS = ("id", "name", "state", "task_type", "when", "next", "latest_outcome")


def describe_schedule(schedule: Schedule, now: datetime) -> dict[str, Any]:
    """Return everything that people may see of a schedule."""
    return {
        "id": schedule.pk,
        "name": schedule.name,
        "state": standing_of(schedule, now).value,
        "task_type": schedule.task_type,
        "when": when_in_words(schedule),
        "next": schedule.next_fire_at,
        "latest_outcome": getattr(schedule, "latest_outcome", None),
        "latest_due": getattr(schedule, "latest_due", None),
        **_rule(schedule),
        **_task_options(schedule),
        "runs": schedule.runs,
        "paused_at": schedule.paused_at,
        "paused_by": schedule.paused_by,
        "pause_reason": schedule.pause_reason,
        "resume_at": schedule.resume_at,
        "created_at": schedule.created_at,
        "updated_at": schedule.updated_at,
        "source": schedule.source,
    }


def _rule(schedule: Schedule) -> dict[str, Any]:
    """Return its times and its policies, lengths of time in seconds."""
    return {
        "kind": schedule.kind,
        "expression": schedule.expression,
        "timezone": schedule.timezone,
        "gap": schedule.gap_policy,
        "fold": schedule.fold_policy,
        "start_at": schedule.start_at,
        "end_at": schedule.end_at,
        "max_runs": schedule.max_runs,
        "jitter": schedule.jitter.total_seconds(),
        "exclusions": schedule.exclusions,
        "misfire": schedule.misfire_policy,
        "misfire_grace": schedule.misfire_grace.total_seconds(),
        "misfire_max_age": schedule.misfire_max_age and schedule.misfire_max_age.total_seconds(),
        "misfire_max_count": schedule.misfire_max_count,
        "overlap": schedule.overlap_policy,
    }


def _task_options(schedule: Schedule) -> dict[str, Any]:
    policy = schedule.retry_policy
    return {
        "payload": masked(schedule.payload),
        "queue_name": schedule.queue_name,
        "priority": Priority(schedule.priority).name.lower(),
        "retry_policy": policy.name if policy else None,
        "retry": schedule.retry,
        "tags": schedule.tags,
        "expires_after": schedule.expires_after and schedule.expires_after.total_seconds(),
        "description": schedule.description,
    }
