"""Remove finished tasks by age, in small batches that never stand in the way."""

from collections.abc import Sequence
from datetime import timedelta

from tasks_core import clock, conf
from tasks_core.database import fetch
from tasks_core.database.foreign_keys import let_go, unreferred
from tasks_core.database.removal import REMEDY, remove_some
from tasks_core.database.row_backoff import RETENTION_PAUSE, RowBackoff
from tasks_core.engine.states import FINAL
from tasks_core.models import DeadLetter, Occurrence, Schedule, Task
from tasks_core.outcomes.retention import retention

LIMIT = 1_000

# A task with an open dead letter stays until a person has dealt with it, and so does one that another app's
# foreign key keeps.
OLD = """
SELECT id FROM tasks_core_task task
WHERE state = %(state)s AND finished_at IS NOT NULL AND finished_at < %(before)s
  AND NOT EXISTS (
      SELECT 1 FROM tasks_core_deadletter letter
      WHERE letter.task_id = task.id AND (letter.resolution = '' OR NOT ({letter_unreferred}))
  )
  AND {task_unreferred} AND id <> ALL(%(apart_from)s::bigint[])
ORDER BY finished_at LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

LETTERS = "SELECT id FROM tasks_core_deadletter WHERE task_id = ANY(%(ids)s::bigint[])"

# The task that a replay came from or led to stays as long as that one is not old enough.
DELETE = """
WITH letter AS (
    DELETE FROM tasks_core_deadletter WHERE task_id = ANY(%(ids)s::bigint[])
), replayed AS (
    UPDATE tasks_core_deadletter SET replayed_as_id = NULL
    WHERE replayed_as_id = ANY(%(ids)s::bigint[]) AND task_id <> ALL(%(ids)s::bigint[])
), replay AS (
    UPDATE tasks_core_task SET replay_of_id = NULL
    WHERE replay_of_id = ANY(%(ids)s::bigint[]) AND id <> ALL(%(ids)s::bigint[])
)
DELETE FROM tasks_core_task WHERE id = ANY(%(ids)s::bigint[]) AND state || '' = ANY(%(final)s)
RETURNING id
"""

OLD_TICKS = """
SELECT id FROM tasks_core_occurrence occurrence
WHERE due < %(before)s AND outcome NOT IN ('upcoming', 'buffered')
  AND {occurrence_unreferred} AND id <> ALL(%(apart_from)s::bigint[])
ORDER BY due, id LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

DELETE_TICKS = "DELETE FROM tasks_core_occurrence WHERE id = ANY(%(ids)s::bigint[]) RETURNING id"

OLD_SCHEDULES = """
SELECT id FROM tasks_core_schedule schedule
WHERE deleted_at < %(before)s
  AND NOT EXISTS (SELECT FROM tasks_core_occurrence WHERE schedule_id = schedule.id)
  AND {schedule_unreferred} AND id <> ALL(%(apart_from)s::bigint[])
ORDER BY deleted_at LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

DELETE_SCHEDULES = """
WITH backfill AS (
    DELETE FROM tasks_core_backfill WHERE schedule_id = ANY(%(ids)s::bigint[])
)
DELETE FROM tasks_core_schedule WHERE id = ANY(%(ids)s::bigint[]) RETURNING id
"""

_tasks = RowBackoff("task {} cannot be removed by age", REMEDY, longest=RETENTION_PAUSE)
_ticks = RowBackoff("tick {} cannot be removed by age", REMEDY, longest=RETENTION_PAUSE)
_schedules = RowBackoff("schedule {} cannot be removed by age", REMEDY, longest=RETENTION_PAUSE)


def prune(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` tasks of each final state that are older than their retention.

    Returns how many; call again while it is not 0. What a foreign key of another app keeps is left out.
    """
    old = OLD.format(
        letter_unreferred=unreferred(DeadLetter, "letter.id"),
        task_unreferred=unreferred(Task, "task.id"),
    )
    now = clock.now()
    return sum(
        remove_some(
            old,
            _delete_tasks,
            _tasks,
            {"state": str(state), "before": now - retention(state)},
            limit,
        )
        for state in sorted(FINAL)
    )


def prune_ledger(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` settled ticks by age, and deleted schedules that have none left.

    Returns how many; call again while it is not 0.
    """
    before = {"before": clock.now() - timedelta(days=conf.current().ledger_retention_days)}
    ticks = OLD_TICKS.format(occurrence_unreferred=unreferred(Occurrence, "occurrence.id"))
    schedules = OLD_SCHEDULES.format(schedule_unreferred=unreferred(Schedule, "schedule.id"))
    return remove_some(ticks, _delete_ticks, _ticks, before, limit) + remove_some(
        schedules, _delete_schedules, _schedules, before, limit
    )


def _delete_tasks(ids: Sequence[int]) -> int:
    let_go(DeadLetter, [row[0] for row in fetch(LETTERS, {"ids": list(ids)})])
    let_go(Task, ids)
    return len(fetch(DELETE, {"ids": list(ids), "final": sorted(FINAL)}))


def _delete_ticks(ids: Sequence[int]) -> int:
    let_go(Occurrence, ids)
    return len(fetch(DELETE_TICKS, {"ids": list(ids)}))


def _delete_schedules(ids: Sequence[int]) -> int:
    let_go(Schedule, ids)
    return len(fetch(DELETE_SCHEDULES, {"ids": list(ids)}))
