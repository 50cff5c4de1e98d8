"""Messages that may leave at once: their deliveries are made in the transaction that accepts them.

One task carries such a message and not two. Whatever can hold a message back is asked before each attempt
anyway; what must be asked before there is a delivery goes by the first step (``schedule``).
"""

from collections.abc import Sequence
from uuid import uuid4

from notifications import conf
from notifications.message import Validated
from notifications.models import Delivery, Notification
from notifications.rendering.compiled import Rendered
from notifications.sending.pipeline.fallback.enqueuing import start_timers
from notifications.sending.pipeline.next_step import Terms, deliver_next, enqueue_next
from notifications.states import DeliveryState
from tasks_core.models import RetryPolicy

_WITHHELD = Rendered("", "", "")


def may_leave_at_once(notification: Notification) -> bool:
    """Return whether a message that is being accepted needs no first step.

    It is due and written; it has no condition, which is asked at the last moment but not before its time;
    and no quiet hours can hold it, because they would have to mark it as held and may tell it in a digest.
    """
    return (
        notification.run_after <= notification.created_at
        and not notification.condition
        and (notification.recipient_id is None or notification.critical)
    )


def leaving_at_once(validated: Sequence[Validated]) -> list[Validated]:
    """Return those that need no first step, but of channels whose retry policy has gone missing.

    Only the first step can wait until there is such a policy again, and whoever asks is not refused
    because of a setting.
    """
    found = [one for one in validated if may_leave_at_once(one.row)]
    ready = {channel: _has_its_policy(channel) for channel in {one.row.channel for one in found}}
    return [one for one in found if ready[one.row.channel]]


def make_deliveries(validated: Sequence[Validated]) -> None:
    """Make the deliveries of messages in progress that have just been stored, and enqueue their tasks."""
    if not validated:
        return
    deliveries = [_delivery(one.row, one.content) for one in validated]
    Delivery.objects.bulk_create(deliveries, batch_size=1000)
    enqueue_next(
        deliver_next(delivery.pk, delivery.channel, _terms(one.row), lane=_lane(one.row))
        for delivery, one in zip(deliveries, validated, strict=True)
    )
    with_fallback = [one.row.pk for one in validated if one.row.has_fallback]
    start_timers(with_fallback, 1, validated[0].row.created_at)


def _has_its_policy(channel: str) -> bool:
    name = conf.retry_policy(channel)
    return name is None or RetryPolicy.objects.filter(name=name).exists()


def _delivery(notification: Notification, content: Rendered) -> Delivery:
    if notification.is_secret:  # it is written again in memory when it is sent
        content = _WITHHELD
    return Delivery(
        notification=notification,
        channel=notification.channel,
        address=notification.address,
        endpoint_id=notification.endpoint_id,
        state=DeliveryState.RENDERED,
        message_id=uuid4().hex,
        subject=content.subject,
        text=content.text,
        html=content.html,
        created_at=notification.created_at,
        rendered_at=notification.created_at,
    )


def _lane(notification: Notification) -> int | None:
    """Return the endpoint, unless a recipient's wishes or an earlier message can hold the message back."""
    is_free = notification.recipient_id is None and not notification.order_key
    return notification.endpoint_id if is_free else None


def _terms(notification: Notification) -> Terms:
    return Terms(
        notification.pk,
        notification.critical,
        notification.expires_at,
        notification.correlation_id,
    )
