"""What a running handler notes of itself, fenced by its attempt."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from tasks_core.database import fetch
from tasks_core.engine.json_text import json_text
from tasks_core.sql.lease import Ownership

# The lease is renewed as well when it is time to: a handler that keeps its own row locked nearly all the time
# leaves the keeper no moment to do so.
_NOTE = """
WITH free AS (
    SELECT id FROM tasks_core_task
    WHERE id = %(id)s AND state || '' = 'RUNNING' AND attempts = %(attempt)s
    FOR NO KEY UPDATE SKIP LOCKED
), task AS (
    UPDATE tasks_core_task SET
        {column} = %(value)s::jsonb,
        lease_until = CASE WHEN lease_until < %(renew_before)s THEN %(lease_until)s ELSE lease_until END
    WHERE id = ANY(ARRAY(SELECT id FROM free)) AND state || '' = 'RUNNING' AND attempts = %(attempt)s
    RETURNING id, task_type, attempts
){event}
SELECT EXISTS (SELECT FROM task), EXISTS (
    SELECT FROM tasks_core_task
    WHERE id = %(id)s AND state || '' = 'RUNNING' AND attempts = %(attempt)s
)
"""

_PROGRESSED = """, event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'progressed', attempts, %(now)s, %(value)s::jsonb FROM task
)
"""

PROGRESS = _NOTE.format(column="progress", event=_PROGRESSED)
CHECKPOINT = _NOTE.format(column="checkpoint", event="")

URGENT = """
SELECT EXISTS (
    SELECT 1 FROM tasks_core_task
    WHERE state = 'QUEUED' AND queued_at >= %(since)s
      AND priority = 0 AND queue_name = ANY(%(queue_names)s)
)
"""


class Noted(Enum):
    """What became of a note."""

    WRITTEN = "written"
    LOCKED = "locked"
    """Somebody else has locked the row; nothing was written."""
    NOT_OURS = "not ours"
    """The attempt is no longer owned."""


def note_progress(
    owned: Ownership, progress: dict[str, Any], *, lease: timedelta, now: datetime
) -> Noted:
    """Store how far an attempt has come."""
    return _note(PROGRESS, owned, progress, lease, now)


def set_checkpoint(owned: Ownership, checkpoint: Any, *, lease: timedelta, now: datetime) -> Noted:
    """Store where the next attempt resumes."""
    return _note(CHECKPOINT, owned, checkpoint, lease, now)


def _note(sql: str, owned: Ownership, value: Any, lease: timedelta, now: datetime) -> Noted:
    parameters = {
        "id": owned[0],
        "attempt": owned[1],
        "value": json_text(value),
        "now": now,
        "lease_until": now + lease,
        "renew_before": now + lease * (2 / 3),
    }
    [(is_written, is_ours)] = fetch(sql, parameters)
    if is_written:
        return Noted.WRITTEN
    return Noted.LOCKED if is_ours else Noted.NOT_OURS


def urgent_work_waits(queue_names: list[str], *, since: datetime) -> bool:
    """Tell whether a critical task of these queues waits for a worker, queued at ``since`` or later."""
    return bool(fetch(URGENT, {"queue_names": queue_names, "since": since})[0][0])
