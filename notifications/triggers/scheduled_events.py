"""One-off events: made, cancelled, deleted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

import tasks_core
from notifications.exceptions import InvalidTrigger, TriggerEventNotFound, TriggerEventUnfinished
from notifications.models import TriggerEvent
from notifications.states import TriggerEventStatus
from notifications.triggers.definition import define
from notifications.triggers.enqueue import write_event
from notifications.triggers.event_ids import cancel_tick
from notifications.triggers.timestamps import parse_instant
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments
from tasks_core.client.options import MAX_AHEAD


@storable_arguments(InvalidTrigger)
def create_scheduled_event(
    *,
    webhook: str,
    schedule_at: datetime | str,
    payload: Any = None,
    headers: Any = (),
    retry_conf: Any = None,
    comment: str = "",
    request_transform: Any = None,
    response_transform: Any = None,
) -> TriggerEvent:
    """Store a call of a webhook in the caller's transaction; nothing of it changes afterwards.

    Args:
        webhook: URL; ``{{NAME}}`` in it is replaced from the environment of the worker.
        schedule_at: aware datetime, or a text in ISO 8601 with an offset. If it lies in the past, the
            call is made at once, unless that is later than the tolerance.
        payload: any JSON; missing is sent as ``null``. Operators can see it.
        headers: list of ``{"name", "value"}`` or ``{"name", "value_from_env"}``.
        retry_conf: ``num_retries`` (0), ``retry_interval_seconds`` (10), ``timeout_seconds`` (60),
            ``tolerance_seconds`` (21600) and more, see ``RetryConf``.
        comment: sent along, if not empty.
        request_transform: changes method, URL, query, headers and body.
        response_transform: changes what is logged of the response.

    Returns:
        the event; its ``event_id`` is what the webhook gets as ``id``.

    Raises:
        InvalidTrigger: names the argument that is wrong; nothing was written.
    """
    definition = define(
        webhook=webhook,
        payload=payload,
        headers=headers,
        retry_conf=retry_conf,
        comment=comment,
        request_transform=request_transform,
        response_transform=response_transform,
    )
    scheduled_time = parse_instant("schedule_at", schedule_at)
    if scheduled_time - clock.now() > MAX_AHEAD:
        raise InvalidTrigger("schedule_at", f"must lie within {MAX_AHEAD.days} days from now")
    return write_event(scheduled_time=scheduled_time, **definition.columns())


@storable_arguments(InvalidTrigger)
def get_event(event_id: UUID | str) -> TriggerEvent:
    """Return an event by its id.

    Raises:
        TriggerEventNotFound: there is none.
    """
    try:
        wanted = event_id if isinstance(event_id, UUID) else UUID(str(event_id))
    except ValueError:
        raise TriggerEventNotFound("an event's id is a UUID") from None
    event = TriggerEvent.objects.select_related("trigger").filter(event_id=wanted).first()
    if event is None:
        raise TriggerEventNotFound(f"there is no event {wanted}")
    return event


@storable_arguments(InvalidTrigger)
def cancel_scheduled_event(event_id: UUID | str, *, reason: str) -> bool:
    """Cancel an event that waits, also one that waits for another try; False if it had ended.

    Raises:
        TriggerEventNotFound: there is none.
        TriggerEventUnfinished: it is being delivered at this moment.
    """
    event = get_event(event_id)
    with transaction.atomic(using=database.alias()):
        changed = TriggerEvent.objects.filter(
            pk=event.pk, status=TriggerEventStatus.SCHEDULED
        ).update(
            status=TriggerEventStatus.CANCELLED,
            reason=reason[:200],
            next_retry_at=None,
            finished_at=clock.now(),
        )
        if changed and event.task_id is not None:
            tasks_core.cancel_many([event.task_id], reason=reason)
    if not changed and get_event(event_id).status == TriggerEventStatus.LOCKED:
        raise TriggerEventUnfinished(
            f"event {event.event_id} is being delivered; wait until that has ended"
        )
    return bool(changed)


@storable_arguments(InvalidTrigger)
def delete_scheduled_event(event_id: UUID | str) -> None:
    """Delete an event, whatever its status, with its log rows; what it was to deliver is not sent.

    The id may be that of an upcoming tick of a cron trigger; it is then left out.

    Raises:
        TriggerEventNotFound: there is none.
    """
    try:
        event = get_event(event_id)
    except TriggerEventNotFound:
        if cancel_tick(event_id):
            return
        raise
    with transaction.atomic(using=database.alias()):
        if event.task_id is not None:
            tasks_core.cancel_many([event.task_id], reason="its event was deleted")
        rows = TriggerEvent.objects.filter(pk=event.pk)
        rows._raw_delete(rows.db)  # the log rows go with it by the database's own cascade
