"""Take ownership of queued tasks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks_core.database import fetch

SQL = """
WITH task AS (
    UPDATE tasks_core_task SET
        state = 'RUNNING',
        attempts = attempts + 1,
        claimed_with = %(claimed_with)s,
        worker = %(worker)s,
        lease_until = %(lease_until)s,
        started_at = COALESCE(started_at, %(now)s),
        last_attempted_at = %(now)s,
        unique_key = CASE WHEN unique_until = 'started' THEN NULL ELSE unique_key END
    WHERE id = ANY(%(ids)s) AND state = 'QUEUED' AND task_type = %(task_type)s
      AND (expires_at IS NULL OR expires_at > %(now)s)
    RETURNING id, attempts, attempts_returned, payload, queue_name, priority, run_after, expires_at,
        queued_at, started_at, retry_policy_id, retry, idempotency_key, correlation_id, checkpoint
), event AS (
    INSERT INTO tasks_core_taskevent (task_id, kind, attempt, at)
    SELECT id, 'started', attempts, %(now)s FROM task
)
SELECT * FROM task ORDER BY run_after, id
"""


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A task that this process owns under (id, attempt) as long as it renews the lease."""

    id: int
    attempt: int
    attempts_returned: int
    payload: Any
    queue_name: str
    priority: int
    run_after: datetime
    expires_at: datetime | None
    queued_at: datetime
    started_at: datetime
    retry_policy_id: int | None
    retry: dict[str, Any] | None
    idempotency_key: str | None
    correlation_id: str
    checkpoint: Any

    @property
    def attempts_used(self) -> int:
        """Attempts that count against the policy, this one included."""
        return self.attempt - self.attempts_returned


def claim(
    ids: list[int], *, task_type: str, worker: str, lease_until: datetime, now: datetime
) -> list[ClaimedTask]:
    """Claim those of ``ids`` that are QUEUED, of this type and not expired.

    The others are not ours: finished, claimed by somebody else, or made up. That is no error: a message
    is a hint.
    """
    parameters = {
        "ids": ids,
        "task_type": task_type,
        "worker": worker,
        "lease_until": lease_until,
        "claimed_with": min(len(ids), 32_767),
        "now": now,
    }
    return [ClaimedTask(*_parsed(row)) for row in fetch(SQL, parameters)]


def _parsed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Turn the JSON columns, which Django's connection hands out as text, into values."""
    values = list(row)
    for position in (3, 11, 14):
        if isinstance(values[position], str):
            values[position] = json.loads(values[position])
    return tuple(values)
