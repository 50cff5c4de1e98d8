"""Since when messages have been due that did not get out yet."""

from datetime import datetime

from notifications.channel_api.registry import CHANNELS
from notifications.task_payloads import CRITICAL_QUEUE, SCHEDULE
from tasks_core import database
from tasks_core.metrics.waiting import watch
from tasks_core.registry import get_task_type

# One probe of an index for each channel, however many deliveries there are. A delivery is made when its
# message is due. What waits for its endpoint says nothing of how we do.
_OLDEST = """
SELECT c.channel, oldest.created_at
FROM unnest(%s::text[]) AS c (channel)
CROSS JOIN LATERAL (
    SELECT d.created_at FROM notifications_delivery d
    WHERE d.channel = c.channel AND d.parked_for = '' AND d.finished_at IS NULL
    ORDER BY d.created_at LIMIT 1
) AS oldest
"""


def unbegun_since(now: datetime) -> datetime | None:
    """Return since when the oldest accepted message is due that nobody has begun with; None if none is.

    It has no delivery yet, only a task. Those of critical messages share their queue with all that follows.
    """
    queues = {get_task_type(SCHEDULE).queue_name, CRITICAL_QUEUE}
    due = [lane.first_run_after for lane in watch.look(now) if lane.queue_name in queues]
    return min((at for at in due if at <= now), default=None)


def oldest_due() -> dict[str, datetime]:
    """Return when the oldest delivery that has not ended was due, by channel; none, no entry.

    Retries count, and so does what a provider is waited for. What is parked does not: it waits for room in
    the lane of its endpoint, or for an earlier message.
    """
    with database.connection().cursor() as cursor:
        cursor.execute(_OLDEST, [list(CHANNELS)])
        return dict(cursor.fetchall())
