"""Attempts that were lost with their process: their places come free as soon as that is seen."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from notifications.sending.endpoint_lanes.release import free
from tasks_core import database

LOST = "the worker was lost while it was sending; it may have arrived"

# What somebody else has locked is being closed by whoever ends its delivery, or is by the next beginning.
_CLOSE = """
WITH lost AS (
    SELECT * FROM unnest(%(deliveries)s::bigint[], %(tasks)s::bigint[]) AS l(delivery_id, task_id)
)
UPDATE notifications_deliveryattempt a
SET finished_at = %(now)s, outcome = 'ambiguous', error = %(error)s
WHERE a.id = ANY(ARRAY(
    SELECT open.id FROM notifications_deliveryattempt open
    JOIN lost l ON open.delivery_id = l.delivery_id AND open.task_id = l.task_id
    WHERE open.delivery_id = ANY(%(deliveries)s::bigint[])
      AND open.finished_at IS NULL AND open.started_at < %(now)s
    FOR NO KEY UPDATE OF open SKIP LOCKED
))
"""

# By whomever they were closed: whoever ends a delivery with its task does so too. One that was recorded has a
# duration, and has given its place back.
_LANES = """
SELECT d.endpoint_id, a.started_at
FROM notifications_delivery d
LEFT JOIN notifications_deliveryattempt a
    ON a.delivery_id = d.id AND a.outcome = 'ambiguous' AND a.duration IS NULL
    AND a.started_at < %(now)s AND a.finished_at >= %(now)s
WHERE d.id = ANY(%(deliveries)s::bigint[]) AND d.endpoint_id IS NOT NULL
"""


def follow_lost(lost: Collection[tuple[int, int]], now: datetime) -> None:
    """Write down that attempts were lost, and free what they had of the lanes of their endpoints.

    Args:
        lost: deliveries, each with the task that was working on it.
        now: when that was seen; what has begun since is another attempt.
    """
    deliveries, tasks = [one[0] for one in lost], [one[1] for one in lost]
    parameters: dict[str, Any] = {
        "deliveries": deliveries,
        "tasks": tasks,
        "now": now,
        "error": LOST,
    }
    with database.connection().cursor() as cursor:
        cursor.execute(_CLOSE, parameters)
        cursor.execute(_LANES, parameters)
        rows = cursor.fetchall()
    began: dict[int, list[datetime]] = defaultdict(list)
    for endpoint_id, started_at in rows:
        began[endpoint_id] += [started_at] if started_at is not None else []
    free(began)
