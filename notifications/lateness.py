"""Since when messages have been due that did not get out yet."""

from datetime import datetime

from notifications.channels.registry import CHANNELS
from tasks_core import database

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


def oldest_due() -> dict[str, datetime]:
    """Return when the oldest delivery that has not ended was due, by channel; none, no entry.

    Retries count, and so does what a provider is waited for. What is parked does not: it waits for room in
    the lane of its endpoint, or for an earlier message.
    """
    with database.connection().cursor() as cursor:
        cursor.execute(_OLDEST, [list(CHANNELS)])
        return dict(cursor.fetchall())
