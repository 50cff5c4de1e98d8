"""How one step enqueues the next."""

from dataclasses import dataclass
from datetime import datetime

import tasks_core
from notifications.models import Notification
from notifications.pipeline import names


@dataclass(frozen=True, slots=True)
class Terms:
    """What all tasks of a notification have in common."""

    notification_id: int
    critical: bool
    expires_at: datetime | None
    correlation_id: str


def enqueue_step(
    task_type: str, delivery_id: int, terms: Terms, *, retry: str | None = None
) -> None:
    """Enqueue a delivery's next step, with the deadline and urgency of its notification.

    Call it in the transaction that moves the delivery. ``retry`` names a RetryPolicy row.
    """
    tasks_core.enqueue(
        task_type,
        {"delivery": delivery_id},
        priority=urgency(terms.critical),
        queue_name=queue(terms.critical),
        expires_at=terms.expires_at,
        retry=retry,
        idempotency_key=f"{task_type}-{delivery_id}",
        correlation_id=_correlation(terms.notification_id, terms.correlation_id),
    )


def urgency(critical: bool) -> int:
    """Give the priority of a notification's tasks: critical ones overtake all others."""
    return int(tasks_core.CRITICAL if critical else tasks_core.NORMAL)


def queue(critical: bool) -> str | None:
    """Give the queue of a notification's tasks: critical ones have their own, None is the type's.

    So that workers can be kept free for one-time codes, whatever else there is to do.
    """
    return names.CRITICAL_QUEUE if critical else None


def correlation(notification: Notification) -> str:
    """Give what ties a notification's tasks together."""
    return _correlation(notification.pk, notification.correlation_id)


def _correlation(notification_id: int, given: str) -> str:
    return given or f"notification-{notification_id}"
