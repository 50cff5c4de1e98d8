"""First step: the time has come, so make the deliveries."""

from django.db import connection, transaction

from notifications.models import Notification
from notifications.pipeline import names
from notifications.pipeline.following import Terms, enqueue_step
from notifications.pipeline.hold import hold_notifications
from notifications.pipeline.settle import end_notification
from notifications.states import NotificationState
from tasks_core import PermanentError, clock

_BEGIN = """
WITH begun AS (
    UPDATE notifications_notification
    SET state = 'in_progress'
    WHERE id = %(id)s AND state = 'accepted' AND (expires_at IS NULL OR expires_at > %(now)s)
    RETURNING id, channel, address, endpoint_id, critical, expires_at, correlation_id
), made AS (
    INSERT INTO notifications_delivery
        (notification_id, channel, address, endpoint_id, state, message_id, created_at, subject, text,
         html, attempts, throttled, provider_message_id, error)
    SELECT id, channel, address, endpoint_id, 'pending', replace(gen_random_uuid()::text, '-', ''),
           %(now)s, '', '', '', 0, 0, '', ''
    FROM begun
    RETURNING id
)
SELECT made.id, begun.critical, begun.expires_at, begun.correlation_id FROM begun, made
"""


def schedule(notification_id: int) -> str:
    """Make the deliveries of an accepted notification; give the state it is in then.

    Raises:
        Snooze, ConditionUndecided: it is not to be begun now.
    """
    held = hold_notifications([notification_id]).get(notification_id)
    if held is not None:
        return held.answer()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN, {"id": notification_id, "now": clock.now()})
            row = cursor.fetchone()
        if row is not None:
            delivery_id, critical, expires_at, correlation_id = row
            terms = Terms(notification_id, critical, expires_at, correlation_id)
            enqueue_step(names.RENDER, delivery_id, terms)
            return NotificationState.IN_PROGRESS.value
    return _not_begun(notification_id)


def _not_begun(notification_id: int) -> str:
    """Say why a notification was not begun, and end it if it has expired."""
    end_notification(
        notification_id,
        NotificationState.EXPIRED,
        "expired before it began",
        expired_by=clock.now(),
    )
    state = Notification.objects.filter(pk=notification_id).values_list("state", flat=True).first()
    if state is None:
        raise PermanentError(f"notification {notification_id} is gone")
    return state
