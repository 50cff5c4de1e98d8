"""Write an event and the task that delivers it, in the caller's transaction."""

from datetime import datetime
from typing import Any

from django.db import transaction

import tasks_core
from notifications.models import TriggerEvent
from notifications.task_payloads import DELIVER_EVENT
from tasks_core import clock, database


def write_event(*, scheduled_time: datetime, **columns: Any) -> TriggerEvent:
    """Insert an event and its task; both are there when the transaction is committed, or neither."""
    with transaction.atomic(using=database.alias()):
        event = TriggerEvent.objects.create(
            scheduled_time=scheduled_time, created_at=clock.now(), **columns
        )
        task = tasks_core.schedule_once(
            DELIVER_EVENT,
            {"event": event.pk},
            at=scheduled_time,
            inner=True,
            correlation_id=(
                tasks_core.current_correlation_id() or f"trigger-event-{event.event_id}"
            ),
        )
        TriggerEvent.objects.filter(pk=event.pk, task_id=None).update(task_id=task.pk)
    event.task_id = task.pk
    return event
