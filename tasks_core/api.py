"""The public names of the platform: what other apps use, by ``import tasks_core``."""

from tasks_core.batch_item import BatchItem
from tasks_core.client.control import cancel, cancel_many, run_now, wake
from tasks_core.client.enqueue import enqueue, schedule_delayed, schedule_once
from tasks_core.client.enqueue_many import enqueue_many
from tasks_core.client.find import find, get, wait
from tasks_core.client.replay import discard, enqueue_again, replay
from tasks_core.client.unique import Unique
from tasks_core.context import TaskContext
from tasks_core.correlation_ids import correlation, current_correlation_id
from tasks_core.engine.retry import Exponential, Fixed, Linear
from tasks_core.engine.schedule import Exclusions
from tasks_core.engine.states import State
from tasks_core.events.control import pause_subscription, replay_events, resume_subscription
from tasks_core.events.deleting import delete_subscription
from tasks_core.events.querying import find_events
from tasks_core.events.subscription import on_event, subscribe
from tasks_core.exceptions import PermanentError, RetryAfter, Snooze, Yield
from tasks_core.priority import CRITICAL, HIGH, LOW, NORMAL, Priority
from tasks_core.registry import declare_queue, task_type
from tasks_core.schedules.backfilling import (
    backfill,
    cancel_backfill,
    cancel_backfills,
    preview_backfill,
)
from tasks_core.schedules.control import (
    cancel_occurrence,
    pause_schedule,
    resume_schedule,
    trigger_now,
)
from tasks_core.schedules.edit import delete_schedule, schedule_recurring, update_schedule
from tasks_core.schedules.lookup import get_schedule
from tasks_core.schedules.preview import preview_schedule

__all__ = [
    "CRITICAL",
    "HIGH",
    "LOW",
    "NORMAL",
    "BatchItem",
    "Exclusions",
    "Exponential",
    "Fixed",
    "Linear",
    "PermanentError",
    "Priority",
    "RetryAfter",
    "Snooze",
    "State",
    "TaskContext",
    "Unique",
    "Yield",
    "backfill",
    "cancel",
    "cancel_backfill",
    "cancel_backfills",
    "cancel_many",
    "cancel_occurrence",
    "correlation",
    "current_correlation_id",
    "declare_queue",
    "delete_schedule",
    "delete_subscription",
    "discard",
    "enqueue",
    "enqueue_again",
    "enqueue_many",
    "find",
    "find_events",
    "get",
    "get_schedule",
    "on_event",
    "pause_schedule",
    "pause_subscription",
    "preview_backfill",
    "preview_schedule",
    "replay",
    "replay_events",
    "resume_schedule",
    "resume_subscription",
    "run_now",
    "schedule_delayed",
    "schedule_once",
    "schedule_recurring",
    "subscribe",
    "task_type",
    "trigger_now",
    "update_schedule",
    "wait",
    "wake",
]
