"""Deliver once more what has ended: as a new event, linked to the old one."""

from uuid import UUID

from django.db import IntegrityError, transaction

from notifications.exceptions import InvalidTrigger, TriggerEventUnfinished
from notifications.models import TriggerEvent
from notifications.states import TRIGGER_EVENT_FINAL
from notifications.triggers.definition import Definition
from notifications.triggers.enqueue import write_event
from notifications.triggers.scheduled_events import get_event
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments
from tasks_core.models import Task


@storable_arguments(InvalidTrigger)
def redeliver_event(event_id: UUID | str) -> TriggerEvent:
    """Make a new event that is due now, with the call of an event that has ended.

    A one-off event is copied; that of a cron trigger is delivered as the trigger says now. The new event
    has its own id and names the old one in ``redelivery_of``, in its row and in its body.

    Raises:
        TriggerEventNotFound: there is none.
        TriggerEventUnfinished: it has not ended.
    """
    return _redeliver(get_event(event_id), replayed_by=None)


def redeliver_for_task(event_key: int, task_id: int) -> UUID | None:
    """Redeliver for a replayed task, once however often it runs; None if the event is gone."""
    made = TriggerEvent.objects.filter(replayed_by=task_id).first()
    if made is None:
        event = TriggerEvent.objects.select_related("trigger").filter(pk=event_key).first()
        if event is None:
            return None
        try:
            with transaction.atomic(using=database.alias()):
                made = _redeliver(event, replayed_by=task_id)
        except IntegrityError:  # another attempt of the task was quicker
            made = TriggerEvent.objects.get(replayed_by=task_id)
    return made.event_id


def is_replay(task_id: int) -> bool:
    """Return whether a task was made from another one."""
    return Task.objects.filter(pk=task_id, replay_of__isnull=False).exists()


def _redeliver(event: TriggerEvent, *, replayed_by: int | None) -> TriggerEvent:
    if event.status not in TRIGGER_EVENT_FINAL:
        raise TriggerEventUnfinished(
            f"event {event.event_id} is {event.status}; only an event that has ended is redelivered"
        )
    columns = Definition.of(event).columns() if event.trigger is None else {}
    return write_event(
        scheduled_time=clock.now(),
        trigger=event.trigger,
        redelivery_of=event,
        replayed_by=replayed_by,
        **columns,
    )
