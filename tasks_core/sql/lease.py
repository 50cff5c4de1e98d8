"""Renew leases, and learn which tasks are no longer ours."""

from datetime import datetime

from tasks_core.database import fetch

SQL = """
UPDATE tasks_core_task SET lease_until = %(lease_until)s
FROM unnest(%(ids)s::bigint[], %(attempts)s::int[]) AS mine (id, attempt)
WHERE tasks_core_task.id = mine.id AND tasks_core_task.id = ANY(ARRAY(
    SELECT id FROM tasks_core_task WHERE id = ANY(%(ids)s::bigint[]) AND state || '' = 'RUNNING'
    FOR NO KEY UPDATE SKIP LOCKED
  ))
  AND state || '' = 'RUNNING' AND attempts = mine.attempt
RETURNING tasks_core_task.id, attempts
"""

STILL_OWNED = """
SELECT tasks_core_task.id, attempts
FROM tasks_core_task, unnest(%(ids)s::bigint[], %(attempts)s::int[]) AS mine (id, attempt)
WHERE tasks_core_task.id = mine.id AND state || '' = 'RUNNING' AND attempts = mine.attempt
"""

TERMINATED = """
SELECT id FROM tasks_core_task WHERE id = ANY(%(ids)s::bigint[]) AND terminated
"""

Ownership = tuple[int, int]
"""Task id and attempt number."""


def renew(owned: list[Ownership], *, lease_until: datetime) -> set[Ownership]:
    """Extend the leases of ``owned`` and return those that were extended.

    The others are no longer ours, or somebody has locked their row just now: ``still_owned`` tells which.
    """
    parameters = {
        "ids": [task_id for task_id, _ in owned],
        "attempts": [attempt for _, attempt in owned],
        "lease_until": lease_until,
    }
    return {(row[0], row[1]) for row in fetch(SQL, parameters)}


def still_owned(owned: list[Ownership]) -> set[Ownership]:
    """Return those of ``owned`` that nobody has cancelled or taken away."""
    parameters = {
        "ids": [task_id for task_id, _ in owned],
        "attempts": [attempt for _, attempt in owned],
    }
    return {(row[0], row[1]) for row in fetch(STILL_OWNED, parameters)}


def terminated(task_ids: list[int]) -> set[int]:
    """Return those of ``task_ids`` that were cancelled without a grace time."""
    return {row[0] for row in fetch(TERMINATED, {"ids": task_ids})}
