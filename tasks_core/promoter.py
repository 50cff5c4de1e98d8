"""Ageing: tasks that more urgent work keeps from starting move up, a few at a time.

Workers look at lanes strictly by priority, so a steady load of urgent work could starve the others. A lane
is starving if its tasks wait although its queue's more urgent lanes move on. Then some of its oldest tasks
get the next higher priority, though never critical; where nothing moves at all, nothing is promoted.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from tasks_core import clock
from tasks_core.conf import setting
from tasks_core.database import fetch

logger = logging.getLogger(__name__)

LIMIT = 200

PROMOTE = """
WITH starving AS (
    SELECT lane.queue_name, lane.priority FROM (
        SELECT queue_name, priority, min(queued_at) AS oldest
        FROM tasks_core_task WHERE state = 'QUEUED' AND priority > 1
        GROUP BY queue_name, priority
    ) lane
    WHERE lane.oldest < %(before)s
      AND NOT EXISTS (
          SELECT 1 FROM tasks_core_lane own
          WHERE own.queue_name = lane.queue_name AND own.priority = lane.priority
            AND own.claimed_until > %(before)s
      )
      AND EXISTS (
          SELECT 1 FROM tasks_core_lane other
          WHERE other.queue_name = lane.queue_name AND other.priority < lane.priority
            AND other.claimed_until > %(before)s
      )
), old AS (
    SELECT task.id FROM starving
    CROSS JOIN LATERAL (
        SELECT id FROM tasks_core_task
        WHERE state = 'QUEUED' AND queue_name = starving.queue_name
          AND priority = starving.priority AND queued_at < %(before)s
        ORDER BY queued_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) task
), task AS (
    UPDATE tasks_core_task SET priority = priority - 1, state = 'SCHEDULED', queued_at = NULL
    FROM old WHERE tasks_core_task.id = old.id AND state = 'QUEUED'
    RETURNING tasks_core_task.id, task_type, attempts, priority
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'released', attempts, %(now)s,
        jsonb_build_object('reason', 'waited too long', 'priority', priority)
    FROM task
)
SELECT id FROM task
"""


def promote() -> int:
    """Raise the priority of some tasks of starving lanes; return how many."""
    now = clock.now()
    before = now - timedelta(seconds=setting("AGEING_SECONDS"))
    promoted = fetch(PROMOTE, {"before": before, "limit": LIMIT, "now": now})
    if promoted:
        logger.info("%d starving tasks got a higher priority", len(promoted))
    return len(promoted)
