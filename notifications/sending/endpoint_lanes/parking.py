"""Deliveries whose tasks sleep until there is room for them."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

import tasks_core
from tasks_core import database

LANE, ORDER = "lane", "order"
"""What a delivery waits for: room in its lane, or the end of an earlier message."""

SHORTEST_PATIENCE, LONGEST_PATIENCE = 60.0, 3_600.0
"""Seconds after which a parked task looks for itself, should nobody wake it."""

SECONDS_EACH = 0.05
"""So much longer for each one that is parked: a hundred thousand must not come back every minute."""

COUNTED = 100_000

# One that somebody else has locked is woken by nobody, and its task looks for itself.
_PARK = """
WITH asked AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r (delivery_id bigint, task_id bigint, kind text)
)
UPDATE notifications_delivery d SET parked_task_id = asked.task_id, parked_for = asked.kind
FROM asked
WHERE d.id = asked.delivery_id AND d.state IN ('pending', 'rendered', 'sending', 'failed')
  AND d.id = ANY(ARRAY(
    SELECT id FROM notifications_delivery WHERE id IN (SELECT delivery_id FROM asked)
    FOR NO KEY UPDATE SKIP LOCKED
  ))
"""

_COUNT = """
SELECT count(*) FROM (
    SELECT 1 FROM notifications_delivery
    WHERE parked_for <> '' AND finished_at IS NULL
    LIMIT %s
) AS parked
"""

_PARKED_IN = """
SELECT count(*) FROM (
    SELECT 1 FROM notifications_delivery
    WHERE endpoint_id = %s AND parked_for = 'lane' AND finished_at IS NULL
    LIMIT %s
) AS parked
"""

_FIRST = """
SELECT parked_task_id FROM notifications_delivery
WHERE endpoint_id = %s AND parked_for = 'lane' AND finished_at IS NULL
ORDER BY id LIMIT %s
"""

# The next message of each key whose earlier one has just ended.
_SUCCESSORS = """
SELECT d.parked_task_id
FROM notifications_notification ended
CROSS JOIN LATERAL (
    SELECT n.id FROM notifications_notification n
    WHERE n.endpoint_id = ended.endpoint_id AND n.order_key = ended.order_key AND n.order_key <> ''
      AND n.state IN ('accepted', 'in_progress')
    ORDER BY n.run_after, n.id LIMIT 1
) AS following
JOIN notifications_delivery d ON d.notification_id = following.id AND d.parked_for = 'order'
WHERE ended.id = ANY(%s) AND ended.order_key <> ''
"""


class Parked(NamedTuple):
    """A delivery whose task is about to sleep."""

    delivery_id: int
    task_id: int
    kind: str


def park(parked: Sequence[Parked]) -> float:
    """Note which tasks sleep; return the seconds that they may."""
    if not parked:
        return SHORTEST_PATIENCE
    with database.connection().cursor() as cursor:
        cursor.execute(_PARK, [json.dumps([one._asdict() for one in parked])])
        cursor.execute(_COUNT, [COUNTED])
        count: int = cursor.fetchone()[0]
    return min(SHORTEST_PATIENCE + count * SECONDS_EACH, LONGEST_PATIENCE)


def wake(endpoint_id: int, room: int) -> int:
    """Wake the first ``room`` deliveries parked in a lane, when the caller's transaction has ended.

    Returns:
        how many were parked, up to ``room``.
    """
    task_ids = _task_ids(_FIRST, [endpoint_id, room])
    if task_ids:
        transaction.on_commit(lambda: _wake(task_ids), using=database.alias(), robust=True)
    return len(task_ids)


def _wake(task_ids: list[int]) -> None:
    tasks_core.wake(task_ids)


def parked_in(endpoint_id: int) -> int:
    """Count the deliveries that wait for room in a lane."""
    with database.connection().cursor() as cursor:
        cursor.execute(_PARKED_IN, [endpoint_id, COUNTED])
        count: int = cursor.fetchone()[0]
    return count


def wake_successors(notification_ids: Sequence[int]) -> None:
    """Wake the messages that have waited in order behind these, which have ended."""
    tasks_core.wake(_task_ids(_SUCCESSORS, [list(notification_ids)]))


def _task_ids(sql: str, parameters: Sequence[Any]) -> list[int]:
    with database.connection().cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
