"""How one step enqueues the next, for one delivery or for many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import tasks_core
from notifications import conf
from notifications.channels.registry import channel_named
from notifications.models import Notification


@dataclass(frozen=True, slots=True)
class Terms:
    """What all tasks of a notification have in common."""

    notification_id: int
    critical: bool
    expires_at: datetime | None
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Next:
    """The next step of one delivery. ``retry`` names a RetryPolicy row."""

    task_type: str
    delivery_id: int
    terms: Terms
    retry: str | None = None


def deliver_next(delivery_id: int, channel: str, terms: Terms) -> Next:
    """Give the step that hands a written message to its channel."""
    task_type = channel_named(channel).deliver_task
    return Next(task_type, delivery_id, terms, retry=conf.retry_policy(channel))


def enqueue_next(steps: Iterable[Next]) -> None:
    """Enqueue steps, with the deadline and urgency of their notifications, in few statements.

    Call it in the transaction that moves the deliveries: that only one caller can move a delivery is
    what makes the step the only one.
    """
    groups: dict[tuple[str, str | None, bool, datetime | None], list[Next]] = defaultdict(list)
    for step in steps:
        terms = step.terms
        groups[step.task_type, step.retry, terms.critical, terms.expires_at].append(step)
    for (task_type, retry, critical, expires_at), group in groups.items():
        tasks_core.enqueue_many(
            task_type,
            [{"delivery": step.delivery_id} for step in group],
            priority=urgency(critical),
            expires_at=expires_at,
            retry=retry,
            correlation_ids=[
                _correlation(step.terms.notification_id, step.terms.correlation_id)
                for step in group
            ],
        )


def urgency(critical: bool) -> int:
    """Give the priority of a notification's tasks: critical ones overtake all others."""
    return int(tasks_core.CRITICAL if critical else tasks_core.NORMAL)


def correlation(notification: Notification) -> str:
    """Give what ties a notification's tasks together."""
    return _correlation(notification.pk, notification.correlation_id)


def _correlation(notification_id: int, given: str) -> str:
    return given or f"notification-{notification_id}"
