"""How one step enqueues the next, for one delivery or for many."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import tasks_core
from notifications import conf
from notifications.channel_api.registry import channel_named
from notifications.models import Notification
from notifications.task_payloads import CRITICAL_QUEUE
from tasks_core.tracing.within import within


@dataclass(frozen=True, slots=True)
class Terms:
    """What all tasks of a notification have in common."""

    notification_id: int
    critical: bool
    expires_at: datetime | None
    correlation_id: str
    traceparent: str | None = None
    """Of the step before, if traces are on and the steps of many notifications are taken at once."""


@dataclass(frozen=True, slots=True)
class Next:
    """The next step of one delivery. ``retry`` names a RetryPolicy row."""

    task_type: str
    delivery_id: int
    terms: Terms
    retry: str | None = None
    lane: int | None = None

    @property
    def payload(self) -> dict[str, int]:
        """What its task gets."""
        known = {} if self.lane is None else {"lane": self.lane}
        return {"delivery": self.delivery_id, **known}


def deliver_next(delivery_id: int, channel: str, terms: Terms, lane: int | None = None) -> Next:
    """Return the step that hands a written message to its channel.

    Args:
        delivery_id: the delivery.
        channel: the name of its channel.
        terms: those of its notification.
        lane: the endpoint it goes to, if nothing but that endpoint's lane can hold it back.
    """
    task_type = channel_named(channel).deliver_task
    return Next(task_type, delivery_id, terms, retry=conf.retry_policy(channel), lane=lane)


def enqueue_next(steps: Iterable[Next]) -> None:
    """Enqueue steps, with the deadline and urgency of their notifications, in few statements.

    Call it in the transaction that moves the deliveries: that only one caller can move a delivery is
    what makes the step the only one.
    """
    groups: dict[_Alike, list[Next]] = defaultdict(list)
    for step in steps:
        groups[_Alike.of(step)].append(step)
    for alike, group in groups.items():
        with within(alike.traceparent) if alike.traceparent else nullcontext():
            _enqueue(alike, group)


class _Alike(NamedTuple):
    """What tasks must have in common to be enqueued with one statement."""

    task_type: str
    retry: str | None
    critical: bool
    expires_at: datetime | None
    traceparent: str | None

    @classmethod
    def of(cls, step: Next) -> "_Alike":
        terms = step.terms
        return cls(step.task_type, step.retry, terms.critical, terms.expires_at, terms.traceparent)


def _enqueue(alike: _Alike, group: list[Next]) -> None:
    tasks_core.enqueue_many(
        alike.task_type,
        [step.payload for step in group],
        priority=urgency(alike.critical),
        queue_name=queue(alike.critical),
        expires_at=alike.expires_at,
        retry=alike.retry,
        correlation_ids=[
            correlation_of(step.terms.notification_id, step.terms.correlation_id) for step in group
        ],
        inner=True,
    )


def urgency(critical: bool) -> int:
    """Return the priority of a notification's tasks: critical ones overtake all others."""
    return int(tasks_core.CRITICAL if critical else tasks_core.NORMAL)


def queue(critical: bool) -> str | None:
    """Return the queue of a notification's tasks: critical ones have their own, None is the type's.

    So that workers can be kept free for one-time codes, whatever else there is to do.
    """
    return CRITICAL_QUEUE if critical else None


def correlation(notification: Notification) -> str:
    """Return what ties a notification's tasks together."""
    return correlation_of(notification.pk, notification.correlation_id)


def correlation_of(notification_id: int, given: str) -> str:
    """Return the same, of its id and the correlation id that the caller gave."""
    return given or f"notification-{notification_id}"
