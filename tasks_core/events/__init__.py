"""The events of tasks: where they are kept, who gets them, and what they prove.

::

    from tasks_core.events import TaskFailed, on_event

    @on_event(TaskFailed, name="tell-support")
    def tell_support(event: TaskFailed) -> None: ...
"""

from tasks_core.engine.events import (
    Event,
    TaskCancelled,
    TaskCompleted,
    TaskDeadLettered,
    TaskDiscarded,
    TaskExpired,
    TaskFailed,
    TaskLost,
    TaskProgressed,
    TaskQueued,
    TaskReleased,
    TaskReplaced,
    TaskReplayed,
    TaskRescheduled,
    TaskRetrying,
    TaskScheduled,
    TaskSnoozed,
    TaskStarted,
    TaskYielded,
)
from tasks_core.events.subscription import on_event, subscribe

__all__ = [
    "Event",
    "TaskCancelled",
    "TaskCompleted",
    "TaskDeadLettered",
    "TaskDiscarded",
    "TaskExpired",
    "TaskFailed",
    "TaskLost",
    "TaskProgressed",
    "TaskQueued",
    "TaskReleased",
    "TaskReplaced",
    "TaskReplayed",
    "TaskRescheduled",
    "TaskRetrying",
    "TaskScheduled",
    "TaskSnoozed",
    "TaskStarted",
    "TaskYielded",
    "on_event",
    "subscribe",
]
