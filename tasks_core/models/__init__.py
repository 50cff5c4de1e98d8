"""The tables of the platform, one model a file."""

from tasks_core.models.dead_letter import DeadLetter
from tasks_core.models.lane import Lane
from tasks_core.models.retry_policy import RetryPolicy
from tasks_core.models.task import Task
from tasks_core.models.task_event import TaskEvent
from tasks_core.models.task_type_statistics import TaskTypeStatistics
from tasks_core.models.worker import Worker

__all__ = [
    "DeadLetter",
    "Lane",
    "RetryPolicy",
    "Task",
    "TaskEvent",
    "TaskTypeStatistics",
    "Worker",
]
