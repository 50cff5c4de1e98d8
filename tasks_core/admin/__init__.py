"""The admin of the platform, by subject. Importing this registers all of them."""

from tasks_core.admin.dead_letters.dead_letter import DeadLetterAdmin
from tasks_core.admin.events.subscription import EventSubscriptionAdmin
from tasks_core.admin.events.task_event import TaskEventAdmin
from tasks_core.admin.retry_policies.retry_policy import RetryPolicyAdmin
from tasks_core.admin.schedules.backfill import BackfillAdmin
from tasks_core.admin.schedules.occurrence import OccurrenceAdmin
from tasks_core.admin.schedules.schedule import ScheduleAdmin
from tasks_core.admin.tasks.task import TaskAdmin
from tasks_core.admin.tasks.task_type_statistics import TaskTypeStatisticsAdmin
from tasks_core.admin.workers.lane import LaneAdmin
from tasks_core.admin.workers.worker import WorkerAdmin

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
