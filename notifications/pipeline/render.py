"""Second step: write the message, and hand it to its channel."""

from django.db import transaction

from notifications import conf
from notifications.channels.registry import channel_named
from notifications.exceptions import RenderingFailed
from notifications.models import Delivery, Notification
from notifications.pipeline.content import rendered_content
from notifications.pipeline.following import enqueue_step
from notifications.pipeline.settle import end_deliveries
from notifications.rendering.compiled import Rendered
from notifications.states import NOTIFICATION_FINAL, DeliveryState, NotificationState
from tasks_core import PermanentError, clock

_EMPTY = Rendered("", "", "")


def render(delivery_id: int) -> str:
    """Render a pending delivery; give the state it is in then.

    The message of a secret notification is rendered to see that it can be, and thrown away: it is
    rendered again in memory when it is sent.
    """
    delivery = _load(delivery_id)
    notification = delivery.notification
    now = clock.now()
    if delivery.state != DeliveryState.PENDING:
        return delivery.state
    if notification.state in NOTIFICATION_FINAL:
        _follow(delivery, notification)
    elif notification.expires_at is not None and notification.expires_at <= now:
        end_deliveries([delivery_id], DeliveryState.EXPIRED, "expired before it was rendered")
    else:
        _render(delivery, notification)
    return _load(delivery_id).state


def _render(delivery: Delivery, notification: Notification) -> None:
    try:
        content = rendered_content(notification)
    except RenderingFailed as error:
        raise PermanentError(str(error)) from None
    kept = _EMPTY if notification.is_secret else content
    with transaction.atomic():
        moved = Delivery.objects.filter(
            pk=delivery.pk,
            state=DeliveryState.PENDING,
            notification__state=NotificationState.IN_PROGRESS,
        ).update(
            state=DeliveryState.RENDERED,
            rendered_at=clock.now(),
            subject=kept.subject,
            text=kept.text,
            html=kept.html,
        )
        if moved:
            task_type = channel_named(delivery.channel).deliver_task
            policy = conf.retry_policy(delivery.channel)
            enqueue_step(task_type, delivery.pk, notification, retry=policy)


def _follow(delivery: Delivery, notification: Notification) -> None:
    """End a delivery that was made while its notification was being cancelled."""
    end_deliveries([delivery.pk], DeliveryState(notification.state), notification.reason)


def _load(delivery_id: int) -> Delivery:
    try:
        return Delivery.objects.select_related("notification").get(pk=delivery_id)
    except Delivery.DoesNotExist:
        raise PermanentError(f"delivery {delivery_id} is gone") from None
