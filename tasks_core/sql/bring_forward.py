"""Let waiting tasks start at once."""

import time
from collections.abc import Sequence
from datetime import datetime

from django.db import OperationalError

from tasks_core.database import fetch
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.database.errors import is_lock_timeout

SQL = """
WITH task AS (
    UPDATE tasks_core_task SET run_after = %(now)s
    WHERE id = %(id)s AND state || '' IN ('SCHEDULED', 'RETRYING')
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at)
    SELECT id, task_type, 'rescheduled', attempts, %(now)s FROM task
)
SELECT id FROM task
"""

# A task that somebody else has in hand is on its way already.
WAKE = """
WITH sleeping AS (
    SELECT id FROM tasks_core_task
    WHERE id = ANY(%(ids)s) AND state || '' = 'SCHEDULED' AND run_after > %(now)s
    FOR NO KEY UPDATE SKIP LOCKED
), task AS (
    UPDATE tasks_core_task SET run_after = %(now)s
    WHERE id = ANY(ARRAY(SELECT id FROM sleeping)) AND state || '' = 'SCHEDULED'
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at)
    SELECT id, task_type, 'rescheduled', attempts, %(now)s FROM task
)
SELECT id FROM task
"""


# A snooze that is being asked for, and one that is asked for already and not written yet, end at once:
# see FINISH, which knows that by a time other than the one for which the task was claimed. The other
# statement passes over rows that are locked, because this one waits for them, though not for long: it is a
# hint.
WAKE_RUNNING = """
UPDATE tasks_core_task SET run_after = CASE
    WHEN state || '' = 'RUNNING' THEN GREATEST(%(now)s, run_after + interval '1 microsecond')
    ELSE %(now)s
END
WHERE id = %(id)s
  AND (state || '' = 'RUNNING' OR (state || '' = 'SCHEDULED' AND run_after > %(now)s))
RETURNING id
"""

WAKE_SECONDS = 0.5
"""How long a running task is waited for: its outcome may be about to be written."""

WAKE_ALL_SECONDS = 2.0
"""How long all those of a call are waited for: the others wake by themselves."""

RUNNING = "SELECT id FROM tasks_core_task WHERE id = ANY(%(ids)s) AND state || '' = 'RUNNING'"


def bring_forward(task_id: int, *, now: datetime) -> bool:
    """Make the task due at ``now``; False if it does not wait."""
    return bool(fetch(SQL, {"id": task_id, "now": now}))


def wake(ids: Sequence[int], *, now: datetime) -> list[int]:
    """Make snoozed and scheduled tasks due at ``now``; return those that were to start later.

    A running task that snoozes in this very attempt counts as one of them. Call it outside of
    transactions: it waits a moment for rows that others have locked.
    """
    woken = [row[0] for row in fetch(WAKE, {"ids": list(ids), "now": now})]
    rest = sorted(set(ids).difference(woken))
    running = [row[0] for row in fetch(RUNNING, {"ids": rest})] if rest else []
    until = time.monotonic() + WAKE_ALL_SECONDS
    return woken + [
        task_id for task_id in running if time.monotonic() < until and _wake_running(task_id, now)
    ]


def _wake_running(task_id: int, now: datetime) -> bool:
    try:
        with bounded_locks(seconds=WAKE_SECONDS):
            return bool(fetch(WAKE_RUNNING, {"id": task_id, "now": now}))
    except OperationalError as error:
        if is_lock_timeout(error):
            return False
        raise
