"""How one step enqueues the next."""

import tasks_core
from notifications.models import Notification


def enqueue_step(
    task_type: str, delivery_id: int, notification: Notification, *, retry: str | None = None
) -> None:
    """Enqueue a delivery's next step, with the deadline and urgency of its notification.

    Call it in the transaction that moves the delivery. ``retry`` names a RetryPolicy row.
    """
    tasks_core.enqueue(
        task_type,
        {"delivery": delivery_id},
        priority=urgency(notification.critical),
        expires_at=notification.expires_at,
        retry=retry,
        idempotency_key=f"{task_type}-{delivery_id}",
        correlation_id=correlation(notification),
    )


def urgency(critical: bool) -> int:
    """Give the priority of a notification's tasks: critical ones overtake all others."""
    return int(tasks_core.CRITICAL if critical else tasks_core.NORMAL)


def correlation(notification: Notification) -> str:
    """Give what ties a notification's tasks together."""
    return notification.correlation_id or f"notification-{notification.pk}"
