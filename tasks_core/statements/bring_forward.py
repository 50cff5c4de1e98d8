"""Let a waiting task start at once."""

from __future__ import annotations

from datetime import datetime

from tasks_core.database import fetch

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


def bring_forward(task_id: int, *, now: datetime) -> bool:
    """Make the task due at ``now``; False if it does not wait."""
    return bool(fetch(SQL, {"id": task_id, "now": now}))
