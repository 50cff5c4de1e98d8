"""Ageing: tasks that more urgent work keeps from starting move up, a few at a time.

Workers look at lanes strictly by priority, so a steady load of urgent work could starve the others. A lane
is starving if its tasks wait although its queue's more urgent lanes move on. Then some of its oldest tasks
get the next higher priority, though never critical; where nothing moves at all, nothing is promoted.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from tasks_core import clock, conf
from tasks_core.database import fetch
from tasks_core.database.brief_transaction import brief_transaction
from tasks_core.database.lower_bound import LowerBound
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.sql.recover import first_queued

logger = logging.getLogger(__name__)

LIMIT = 200

_queued = LowerBound(first_queued)
_failing = RowBackoff(
    "task {} waits too long and cannot get a higher priority",
    "Mend what refuses the change (a trigger, a constraint), or cancel the task.",
)

LOCK_STARVING = """
WITH starving AS (
    SELECT lane.queue_name, lane.priority FROM (
        SELECT DISTINCT queue_name, priority
        FROM tasks_core_task
        WHERE state = 'QUEUED' AND priority > 1
          AND queued_at >= %(since)s AND queued_at < %(before)s
    ) lane
    WHERE NOT EXISTS (
          SELECT 1 FROM tasks_core_lane own
          WHERE own.queue_name = lane.queue_name AND own.priority = lane.priority
            AND own.claimed_until > %(before)s
      )
      AND EXISTS (
          SELECT 1 FROM tasks_core_lane other
          WHERE other.queue_name = lane.queue_name AND other.priority < lane.priority
            AND other.claimed_until > %(before)s
      )
)
SELECT task.id FROM starving
CROSS JOIN LATERAL (
    SELECT id FROM tasks_core_task
    WHERE state = 'QUEUED' AND queue_name = starving.queue_name
      AND priority = starving.priority
      AND queued_at >= %(since)s AND queued_at < %(before)s
      AND id <> ALL(%(apart_from)s::bigint[])
    ORDER BY queued_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) task
"""

PROMOTE = """
WITH task AS (
    UPDATE tasks_core_task SET priority = priority - 1, state = 'SCHEDULED', queued_at = NULL
    WHERE id = ANY(%(ids)s::bigint[]) AND state || '' = 'QUEUED'
    RETURNING id, task_type, attempts, priority
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'released', attempts, %(now)s,
        jsonb_build_object('reason', 'waited too long', 'priority', priority)
    FROM task
)
SELECT id FROM task
"""


def promote() -> int:
    """Raise the priority of some tasks of starving lanes; return how many.

    One that cannot be changed is stepped past for a while.
    """
    now = clock.now()
    before = now - timedelta(seconds=conf.current().ageing_seconds)
    first = _queued.first(now)
    if first is None or first >= before:
        return 0
    parameters = {
        "since": _queued.since,
        "before": before,
        "limit": LIMIT,
        "apart_from": _failing.ids(),
    }
    with brief_transaction():
        ids = [row[0] for row in fetch(LOCK_STARVING, parameters)]
        promoted = _failing.serve(ids, _promote, key=lambda task_id: task_id)
    if promoted:
        logger.info("%d starving tasks got a higher priority", promoted)
    return promoted


def _promote(ids: Sequence[int]) -> int:
    return len(fetch(PROMOTE, {"ids": list(ids), "now": clock.now()}))
