"""The tasks that look at ladders: at once, or when the time of a step has come."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import tasks_core
from notifications.models import Notification
from notifications.sending.pipeline.next_step import correlation_of, queue, urgency
from notifications.task_payloads import FALL_BACK
from tasks_core import database

# The message may not live longer by falling back: at its end the step is looked at for the last time.
_START = """
UPDATE notifications_ladderstep s SET due_at = LEAST(%(now)s + s.after, n.expires_at)
FROM notifications_notification n
WHERE n.id = s.notification_id AND s.notification_id = ANY(%(ids)s) AND s.position = %(position)s
  AND s.state = 'waiting' AND s.after IS NOT NULL
RETURNING n.id, s.due_at, n.critical, n.correlation_id
"""


class _Alike(NamedTuple):
    """What looks must have in common to be enqueued with one statement."""

    due_at: datetime
    critical: bool


def look_again(notification_id: int) -> None:
    """Enqueue a look at a ladder, in the transaction that gives the reason for it."""
    terms = Notification.objects.values_list("critical", "correlation_id").get(pk=notification_id)
    critical, correlation_id = terms
    tasks_core.enqueue_many(
        FALL_BACK,
        [{"notification": notification_id}],
        priority=urgency(critical),
        queue_name=queue(critical),
        correlation_id=correlation_of(notification_id, correlation_id),
        inner=True,
    )


def start_timers(notification_ids: Sequence[int], position: int, now: datetime) -> None:
    """Let the steps at a position come due, where they do not only wait for a failure."""
    if not notification_ids:
        return
    with database.connection().cursor() as cursor:
        cursor.execute(_START, {"ids": list(notification_ids), "position": position, "now": now})
        started = sorted(cursor.fetchall())
    groups: dict[_Alike, list[tuple[int, str]]] = defaultdict(list)
    for pk, due_at, critical, correlation_id in started:
        groups[_Alike(due_at, critical)].append((pk, correlation_of(pk, correlation_id)))
    for alike, group in groups.items():
        tasks_core.enqueue_many(
            FALL_BACK,
            [{"notification": pk, "position": position} for pk, _ in group],
            run_after=alike.due_at,
            priority=urgency(alike.critical),
            queue_name=queue(alike.critical),
            correlation_ids=[correlation_id for _, correlation_id in group],
            inner=True,
        )
