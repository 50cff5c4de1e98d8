"""The tables of the platform, one model a file."""

from tasks_core.models.backfill import Backfill
from tasks_core.models.dead_letter import DeadLetter
from tasks_core.models.event_partition import EventPartition
from tasks_core.models.event_subscription import EventSubscription
from tasks_core.models.lane import Lane
from tasks_core.models.leadership import Leadership
from tasks_core.models.metric_rollup import MetricRollup
from tasks_core.models.metric_sample import MetricSample
from tasks_core.models.metric_total import MetricTotal
from tasks_core.models.occurrence import Occurrence
from tasks_core.models.periodic_task_mirror import PeriodicTaskMirror
from tasks_core.models.retry_policy import RetryPolicy
from tasks_core.models.schedule import Schedule
from tasks_core.models.task import Task
from tasks_core.models.task_event import TaskEvent
from tasks_core.models.task_history import TaskHistory
from tasks_core.models.task_type_statistics import TaskTypeStatistics
from tasks_core.models.worker import Worker

__all__ = [
    "Backfill",
    "DeadLetter",
    "EventPartition",
    "EventSubscription",
    "Lane",
    "Leadership",
    "MetricRollup",
    "MetricSample",
    "MetricTotal",
    "Occurrence",
    "PeriodicTaskMirror",
    "RetryPolicy",
    "Schedule",
    "Task",
    "TaskEvent",
    "TaskHistory",
    "TaskTypeStatistics",
    "Worker",
]
