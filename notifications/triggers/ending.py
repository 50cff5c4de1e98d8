"""Events whose task ended without its handler: dead, cancelled, expired, worker lost.

This runs in the transaction that ends the tasks, so an event and its task end together.
"""

from collections.abc import Iterable

from notifications.models import TriggerEvent, TriggerInvocation
from notifications.states import TRIGGER_EVENT_UNFINISHED, TriggerEventStatus
from notifications.task_payloads import DELIVER_EVENT
from notifications.triggers.invocation_log import client_error, unsent_request
from notifications.triggers.result import INTERNAL_ERROR
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.signals import UnsuccessfulTask

_STATUSES = {
    State.DEAD: TriggerEventStatus.ERROR,
    State.CANCELLED: TriggerEventStatus.CANCELLED,
    State.EXPIRED: TriggerEventStatus.DEAD,
}


def follow_unsuccessful_events(tasks: Iterable[UnsuccessfulTask]) -> None:
    """End what these tasks were to deliver."""
    for task in tasks:
        if task.task_type == DELIVER_EVENT and isinstance(task.payload, dict):
            _end(task, task.payload.get("event"))


def _end(task: UnsuccessfulTask, event_key: object) -> None:
    if not isinstance(event_key, int):
        return
    reason = (task.error or f"its task was {task.state.value.lower()}")[:200]
    event = TriggerEvent.objects.filter(pk=event_key, task_id=task.task_id).first()
    ended = TriggerEvent.objects.filter(
        pk=event_key, task_id=task.task_id, status__in=TRIGGER_EVENT_UNFINISHED
    ).update(
        status=_STATUSES[task.state],
        reason=reason,
        locked_at=None,
        next_retry_at=None,
        finished_at=clock.now(),
    )
    if ended and event is not None and task.state is State.DEAD:
        TriggerInvocation.objects.create(
            event_id=event_key,
            status=INTERNAL_ERROR,
            request=unsent_request({"id": str(event.event_id)}, []),
            response=client_error(reason),
            created_at=clock.now(),
        )
