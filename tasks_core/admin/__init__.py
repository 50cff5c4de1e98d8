"""The admin of the platform, one model a file. Importing this registers all of them."""

from tasks_core.admin.backfill import BackfillAdmin
from tasks_core.admin.dead_letter import DeadLetterAdmin
from tasks_core.admin.event_subscription import EventSubscriptionAdmin
from tasks_core.admin.lane import LaneAdmin
from tasks_core.admin.occurrence import OccurrenceAdmin
from tasks_core.admin.retry_policy import RetryPolicyAdmin
from tasks_core.admin.schedule import ScheduleAdmin
from tasks_core.admin.task import TaskAdmin
from tasks_core.admin.task_event import TaskEventAdmin
from tasks_core.admin.task_type_statistics import TaskTypeStatisticsAdmin
from tasks_core.admin.worker import WorkerAdmin

__all__ = [
    "BackfillAdmin",
    "DeadLetterAdmin",
    "EventSubscriptionAdmin",
    "LaneAdmin",
    "OccurrenceAdmin",
    "RetryPolicyAdmin",
    "ScheduleAdmin",
    "TaskAdmin",
    "TaskEventAdmin",
    "TaskTypeStatisticsAdmin",
    "WorkerAdmin",
]
