"""Remove finished tasks by age, in small batches that never stand in the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tasks_core import clock, database
from tasks_core.conf import setting
from tasks_core.database import fetch
from tasks_core.engine.states import FINAL, State

LIMIT = 1_000

# A task with an open dead letter stays until a person has dealt with it, and so does the task that a
# replay came from or led to as long as the other one is not old enough.
PRUNE = """
WITH old AS (
    SELECT id FROM tasks_core_task task
    WHERE state = %(state)s AND finished_at IS NOT NULL AND finished_at < %(before)s
      AND NOT EXISTS (
          SELECT 1 FROM tasks_core_deadletter letter
          WHERE letter.task_id = task.id AND letter.resolution = ''
      )
    ORDER BY finished_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), letter AS (
    DELETE FROM tasks_core_deadletter USING old WHERE task_id = old.id
), replayed AS (
    UPDATE tasks_core_deadletter SET replayed_as_id = NULL
    FROM old WHERE replayed_as_id = old.id AND task_id NOT IN (SELECT id FROM old)
), replay AS (
    UPDATE tasks_core_task SET replay_of_id = NULL
    FROM old WHERE replay_of_id IS NOT NULL AND replay_of_id = old.id
)
SELECT id FROM old
"""

PRUNE_LEDGER = """
DELETE FROM tasks_core_occurrence WHERE id = ANY(ARRAY(
    SELECT id FROM tasks_core_occurrence
    WHERE due < %(before)s AND outcome NOT IN ('upcoming', 'buffered')
    ORDER BY due, id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
))
RETURNING id
"""

PRUNE_SCHEDULES = """
WITH gone AS (
    SELECT id FROM tasks_core_schedule schedule
    WHERE deleted_at < %(before)s
      AND NOT EXISTS (SELECT FROM tasks_core_occurrence WHERE schedule_id = schedule.id)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), backfill AS (
    DELETE FROM tasks_core_backfill USING gone WHERE schedule_id = gone.id
)
DELETE FROM tasks_core_schedule USING gone WHERE tasks_core_schedule.id = gone.id
RETURNING gone.id
"""

DELETE = "DELETE FROM tasks_core_task WHERE id = ANY(%(ids)s) AND state = %(state)s RETURNING id"


def prune(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` tasks of each final state that are older than their retention.

    Returns how many; call again while it is not 0.
    """
    now = clock.now()
    return sum(_prune(state, now - retention(state), limit) for state in sorted(FINAL))


def prune_ledger(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` settled ticks by age, and deleted schedules that have none left.

    Returns how many; call again while it is not 0.
    """
    before = clock.now() - timedelta(days=setting("LEDGER_RETENTION_DAYS"))
    ticks = len(fetch(PRUNE_LEDGER, {"before": before, "limit": limit}))
    return ticks + len(fetch(PRUNE_SCHEDULES, {"before": before, "limit": limit}))


def retention(state: State) -> timedelta:
    """Return how long tasks that ended in ``state`` are kept."""
    name = "RETENTION_DAYS" if state is State.SUCCEEDED else "RETENTION_DAYS_UNSUCCESSFUL"
    return timedelta(days=setting(name))


def _prune(state: State, before: datetime, limit: int) -> int:
    with transaction.atomic(using=database.alias()):
        parameters = {"state": str(state), "before": before, "limit": limit}
        ids = [row[0] for row in fetch(PRUNE, parameters)]
        if ids:
            fetch(DELETE, {"ids": ids, "state": str(state)})
    return len(ids)
