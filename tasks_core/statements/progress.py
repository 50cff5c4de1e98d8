"""What a running handler notes of itself, fenced by its attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tasks_core.database import fetch
from tasks_core.json_text import json_text
from tasks_core.statements.lease import Ownership

PROGRESS = """
WITH task AS (
    UPDATE tasks_core_task SET progress = %(progress)s::jsonb
    WHERE id = %(id)s AND state || '' = 'RUNNING' AND attempts = %(attempt)s
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'progressed', attempts, %(now)s, %(progress)s::jsonb FROM task
)
SELECT id FROM task
"""

CHECKPOINT = """
UPDATE tasks_core_task SET checkpoint = %(checkpoint)s::jsonb
WHERE id = %(id)s AND state || '' = 'RUNNING' AND attempts = %(attempt)s
RETURNING id
"""

URGENT = """
SELECT EXISTS (
    SELECT 1 FROM tasks_core_task
    WHERE state = 'QUEUED' AND priority = 0 AND queue_name = ANY(%(queue_names)s)
)
"""


def note_progress(owned: Ownership, progress: dict[str, Any], *, now: datetime) -> bool:
    """Store how far an attempt has come; False if it is no longer owned."""
    parameters = {
        "id": owned[0],
        "attempt": owned[1],
        "progress": json_text(progress),
        "now": now,
    }
    return bool(fetch(PROGRESS, parameters))


def set_checkpoint(owned: Ownership, checkpoint: Any) -> bool:
    """Store where the next attempt resumes; False if this one is no longer owned."""
    parameters = {"id": owned[0], "attempt": owned[1], "checkpoint": json_text(checkpoint)}
    return bool(fetch(CHECKPOINT, parameters))


def urgent_work_waits(queue_names: list[str]) -> bool:
    """Tell whether a critical task of these queues waits for a worker."""
    return bool(fetch(URGENT, {"queue_names": queue_names})[0][0])
