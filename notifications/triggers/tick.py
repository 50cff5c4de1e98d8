"""A cron trigger's time has come: write its event, once for each tick."""

from datetime import datetime

from django.db import IntegrityError, transaction

from notifications.models import CronTrigger, TriggerEvent
from notifications.triggers.enqueue import write_event
from notifications.triggers.event_ids import tick_id
from tasks_core import database


def tick(trigger_id: int, scheduled_time: datetime) -> dict[str, str]:
    """Write the event of a tick and the task that delivers it, in one transaction.

    A tick that is fired again finds its event. One of a trigger that is disabled is written too, and
    ends when it would be delivered, so that it is on record.
    """
    trigger = CronTrigger.objects.filter(pk=trigger_id).first()
    if trigger is None:
        return {"status": "gone"}
    event_id = tick_id(trigger_id, scheduled_time)
    try:
        with transaction.atomic(using=database.alias()):
            write_event(scheduled_time=scheduled_time, trigger=trigger, event_id=event_id)
    except IntegrityError:
        if not TriggerEvent.objects.filter(event_id=event_id).exists():
            return {"status": "gone"}  # the trigger was deleted at this moment
    return {"event_id": str(event_id)}
