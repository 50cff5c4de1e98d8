"""First step: the time has come, so make the deliveries."""

from uuid import uuid4

from django.db import transaction

from notifications.models import Delivery, Notification
from notifications.pipeline import names
from notifications.pipeline.following import enqueue_step
from notifications.pipeline.settle import end_notification
from notifications.states import NotificationState
from tasks_core import PermanentError, clock


def schedule(notification_id: int) -> str:
    """Make the deliveries of an accepted notification; give the state it is in then."""
    notification = _load(notification_id)
    now = clock.now()
    if notification.expires_at is not None and notification.expires_at <= now:
        end_notification(notification_id, NotificationState.EXPIRED, "expired before it began")
    else:
        _begin(notification)
    return _load(notification_id).state


def _begin(notification: Notification) -> None:
    with transaction.atomic():
        begun = Notification.objects.filter(
            pk=notification.pk, state=NotificationState.ACCEPTED
        ).update(state=NotificationState.IN_PROGRESS)
        if not begun:
            return
        delivery = Delivery.objects.create(
            notification=notification,
            channel=notification.channel,
            address=notification.address,
            endpoint_id=notification.endpoint_id,
            message_id=uuid4().hex,
            created_at=clock.now(),
        )
        enqueue_step(names.RENDER, delivery.pk, notification)


def _load(notification_id: int) -> Notification:
    try:
        return Notification.objects.get(pk=notification_id)
    except Notification.DoesNotExist:
        raise PermanentError(f"notification {notification_id} is gone") from None
