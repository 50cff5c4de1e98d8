"""End tasks from outside an attempt: cancel and expire."""

from collections.abc import Sequence
from datetime import datetime

from tasks_core.database import fetch

# Callers wait for each other, in the order of the ids.
CANCEL = """
WITH task AS (
    UPDATE tasks_core_task SET
        state = 'CANCELLED', finished_at = %(now)s, lease_until = NULL, error = %(reason)s,
        terminated = %(terminate)s,
        unique_key = CASE WHEN unique_until IS NULL THEN unique_key END
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_core_task
        WHERE id = ANY(%(ids)s) AND state || '' IN ('SCHEDULED', 'QUEUED', 'RUNNING', 'RETRYING')
        ORDER BY id FOR NO KEY UPDATE
      )) AND state || '' IN ('SCHEDULED', 'QUEUED', 'RUNNING', 'RETRYING')
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at, data)
    SELECT id, task_type, 'cancelled', attempts, %(now)s,
        jsonb_build_object('reason', %(reason)s::text)
    FROM task
)
SELECT id FROM task
"""

LOCK_FREE = """
SELECT id FROM tasks_core_task WHERE id = ANY(%(ids)s::bigint[]) FOR NO KEY UPDATE SKIP LOCKED
"""

FIRST_EXPIRY = """
SELECT min(expires_at) FROM tasks_core_task
WHERE state IN ('SCHEDULED', 'RETRYING', 'QUEUED') AND expires_at >= %(since)s
"""

EXPIRE = """
WITH overdue AS (
    SELECT id FROM tasks_core_task
    WHERE state || '' IN ('SCHEDULED', 'RETRYING', 'QUEUED')
      AND expires_at IS NOT NULL AND expires_at <= %(now)s AND id = ANY(%(ids)s::bigint[])
    FOR NO KEY UPDATE SKIP LOCKED
), task AS (
    UPDATE tasks_core_task SET
        state = 'EXPIRED', finished_at = %(now)s, error = 'expired before the attempt began',
        unique_key = CASE WHEN unique_until IS NULL THEN unique_key END
    WHERE id = ANY(ARRAY(SELECT id FROM overdue)) AND state || '' IN ('SCHEDULED', 'RETRYING', 'QUEUED')
    RETURNING id, task_type, attempts
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, task_type, kind, attempt, at)
    SELECT id, task_type, 'expired', attempts, %(now)s FROM task
)
SELECT id FROM task
"""


def cancel(ids: list[int], *, reason: str, now: datetime, terminate: bool = False) -> list[int]:
    """Cancel those of ``ids`` that are unfinished and return them; ``terminate`` grants no grace time."""
    parameters = {"ids": ids, "reason": reason, "now": now, "terminate": terminate}
    return [row[0] for row in fetch(CANCEL, parameters)]


def lock_free(ids: Sequence[int]) -> set[int]:
    """Lock those of ``ids`` that nobody else has locked, until the transaction ends, and return them."""
    return {row[0] for row in fetch(LOCK_FREE, {"ids": list(ids)})} if ids else set()


def first_expiry(since: datetime) -> datetime | None:
    """Return when the first task expires, of those that do so ``since`` then; None if none does."""
    instant: datetime | None = fetch(FIRST_EXPIRY, {"since": since})[0][0]
    return instant


def expire(ids: Sequence[int], *, now: datetime) -> list[int]:
    """Expire those of ``ids`` whose time is over before an attempt began, and return them."""
    return [row[0] for row in fetch(EXPIRE, {"ids": list(ids), "now": now})]
