"""Change a task that has not started: what a second caller with the same key asks for."""

from __future__ import annotations

from datetime import datetime

from tasks_core.database import fetch

REPLACE = """
WITH task AS (
    UPDATE tasks_core_task SET payload = %(payload)s::jsonb
    WHERE unique_key = %(unique_key)s AND state IN ('SCHEDULED', 'RETRYING', 'QUEUED')
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at)
    SELECT id, task_type, 'replaced', attempts, %(now)s FROM task
)
SELECT id FROM task
"""

DEBOUNCE = """
WITH released AS (
    UPDATE tasks_core_task SET
        run_after = %(run_after)s, payload = %(payload)s::jsonb, state = 'SCHEDULED', queued_at = NULL
    WHERE unique_key = %(unique_key)s AND state = 'QUEUED'
    RETURNING id, task_type, attempts
), put_off AS (
    UPDATE tasks_core_task SET run_after = %(run_after)s, payload = %(payload)s::jsonb
    WHERE unique_key = %(unique_key)s AND state IN ('SCHEDULED', 'RETRYING')
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'released', attempts, %(now)s, '{"reason": "put off"}'::jsonb FROM released
    UNION ALL
    SELECT id, task_type, 'rescheduled', attempts, %(now)s, NULL FROM put_off
)
SELECT id FROM released UNION ALL SELECT id FROM put_off
"""


def replace_payload(unique_key: str, payload: str, *, now: datetime) -> bool:
    """Give the unstarted task with this key another payload; False if there is none."""
    return bool(fetch(REPLACE, {"unique_key": unique_key, "payload": payload, "now": now}))


def debounce(unique_key: str, payload: str, *, run_after: datetime, now: datetime) -> bool:
    """Put the unstarted task with this key off, with the newest payload; False if there is none."""
    parameters = {
        "unique_key": unique_key,
        "payload": payload,
        "run_after": run_after,
        "now": now,
    }
    # A dispatcher may queue it just now: then the first look finds it neither waiting nor queued.
    return bool(fetch(DEBOUNCE, parameters) or fetch(DEBOUNCE, parameters))
