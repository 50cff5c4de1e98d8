"""Durable tasks for Django, on Celery.

Everything that other apps use is here::

    import tasks_core
    from pydantic import BaseModel

    class Reminder(BaseModel):
        invoice: int

    @tasks_core.task_type("invoice.remind", retry=tasks_core.Exponential(max_attempts=8))
    def remind(payload: Reminder, context: tasks_core.TaskContext) -> None: ...

    tasks_core.enqueue("invoice.remind", {"invoice": 17})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks_core.batch_item import BatchItem as BatchItem
    from tasks_core.context import TaskContext as TaskContext
    from tasks_core.correlating import correlation as correlation
    from tasks_core.correlating import current_correlation_id as current_correlation_id
    from tasks_core.engine.retry import Exponential as Exponential
    from tasks_core.engine.retry import Fixed as Fixed
    from tasks_core.engine.retry import Linear as Linear
    from tasks_core.engine.schedule import Exclusions as Exclusions
    from tasks_core.engine.states import State as State
    from tasks_core.enqueuing import enqueue as enqueue
    from tasks_core.enqueuing import enqueue_many as enqueue_many
    from tasks_core.enqueuing import schedule_delayed as schedule_delayed
    from tasks_core.enqueuing import schedule_once as schedule_once
    from tasks_core.events.deleting import delete_subscription as delete_subscription
    from tasks_core.events.querying import find_events as find_events
    from tasks_core.events.steering import pause_subscription as pause_subscription
    from tasks_core.events.steering import replay_events as replay_events
    from tasks_core.events.steering import resume_subscription as resume_subscription
    from tasks_core.events.subscription import on_event as on_event
    from tasks_core.events.subscription import subscribe as subscribe
    from tasks_core.exceptions import PermanentError as PermanentError
    from tasks_core.exceptions import RetryAfter as RetryAfter
    from tasks_core.exceptions import Snooze as Snooze
    from tasks_core.exceptions import Yield as Yield
    from tasks_core.finding import find as find
    from tasks_core.finding import get as get
    from tasks_core.finding import wait as wait
    from tasks_core.priorities import Priority as Priority
    from tasks_core.registry import declare_queue as declare_queue
    from tasks_core.registry import task_type as task_type
    from tasks_core.schedules.api import cancel_occurrence as cancel_occurrence
    from tasks_core.schedules.api import delete_schedule as delete_schedule
    from tasks_core.schedules.api import get_schedule as get_schedule
    from tasks_core.schedules.api import pause_schedule as pause_schedule
    from tasks_core.schedules.api import preview_schedule as preview_schedule
    from tasks_core.schedules.api import resume_schedule as resume_schedule
    from tasks_core.schedules.api import schedule_recurring as schedule_recurring
    from tasks_core.schedules.api import trigger_now as trigger_now
    from tasks_core.schedules.api import update_schedule as update_schedule
    from tasks_core.schedules.backfilling import backfill as backfill
    from tasks_core.schedules.backfilling import cancel_backfill as cancel_backfill
    from tasks_core.schedules.backfilling import cancel_backfills as cancel_backfills
    from tasks_core.schedules.backfilling import preview_backfill as preview_backfill
    from tasks_core.steering import cancel as cancel
    from tasks_core.steering import cancel_many as cancel_many
    from tasks_core.steering import discard as discard
    from tasks_core.steering import enqueue_again as enqueue_again
    from tasks_core.steering import replay as replay
    from tasks_core.steering import run_now as run_now
    from tasks_core.steering import wake as wake
    from tasks_core.uniqueness import Unique as Unique

CRITICAL, HIGH, NORMAL, LOW = range(4)


_PLACES = {
    "BatchItem": "batch_item",
    "Exponential": "engine.retry",
    "Fixed": "engine.retry",
    "Linear": "engine.retry",
    "PermanentError": "exceptions",
    "Priority": "priorities",
    "RetryAfter": "exceptions",
    "Snooze": "exceptions",
    "Unique": "uniqueness",
    "Yield": "exceptions",
    "State": "engine.states",
    "TaskContext": "context",
    "Exclusions": "engine.schedule",
    "on_event": "events.subscription",
    "delete_subscription": "events.deleting",
    "pause_subscription": "events.steering",
    "replay_events": "events.steering",
    "resume_subscription": "events.steering",
    "subscribe": "events.subscription",
    "backfill": "schedules.backfilling",
    "cancel_backfill": "schedules.backfilling",
    "cancel_backfills": "schedules.backfilling",
    "cancel_occurrence": "schedules.api",
    "delete_schedule": "schedules.api",
    "get_schedule": "schedules.api",
    "pause_schedule": "schedules.api",
    "preview_backfill": "schedules.backfilling",
    "preview_schedule": "schedules.api",
    "resume_schedule": "schedules.api",
    "schedule_recurring": "schedules.api",
    "trigger_now": "schedules.api",
    "update_schedule": "schedules.api",
    "correlation": "correlating",
    "current_correlation_id": "correlating",
    "cancel": "steering",
    "cancel_many": "steering",
    "discard": "steering",
    "enqueue": "enqueuing",
    "enqueue_again": "steering",
    "enqueue_many": "enqueuing",
    "find": "finding",
    "find_events": "events.querying",
    "get": "finding",
    "replay": "steering",
    "run_now": "steering",
    "schedule_delayed": "enqueuing",
    "schedule_once": "enqueuing",
    "declare_queue": "registry",
    "task_type": "registry",
    "wait": "finding",
    "wake": "steering",
}


__all__ = ["CRITICAL", "HIGH", "LOW", "NORMAL", *sorted(_PLACES)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import on first use: Django imports this package before its models may be."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{place}"), name)
