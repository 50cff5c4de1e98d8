"""Take due tasks for the broker, past those that somebody's trigger or constraint keeps as they are."""

from collections.abc import Sequence
from datetime import datetime

from django.db import Error

from tasks_core import database
from tasks_core.database.brief_transaction import brief_transaction
from tasks_core.database.errors import is_healed_by_savepoint
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.sql.dispatch import QueuedTask, Rooms, lock_due, still_queued, take_due, take_these

_failing = RowBackoff(
    "task {} cannot be queued",
    "Mend what refuses the change (a trigger, a constraint), or cancel the task.",
)


def take(rooms: Rooms, task_types: list[str], *, now: datetime) -> list[QueuedTask]:
    """Move due tasks to QUEUED, as many of each lane as it has room for.

    Raises:
        django.db.Error: the database is to blame, or the caller's own transaction is broken.
    """
    apart_from = _failing.ids()
    try:
        return take_due(rooms, task_types, now=now, apart_from=apart_from)
    except Error as error:
        if database.connection().in_atomic_block or not is_healed_by_savepoint(error):
            raise
    taken: dict[int, QueuedTask] = {}

    def take_some(ids: Sequence[int]) -> int:
        tasks = take_these(ids, now=now)
        taken.update((task.id, task) for task in tasks)
        return len(tasks)

    with brief_transaction():
        ids = lock_due(rooms, task_types, now=now, apart_from=apart_from)
        _failing.serve(ids, take_some, key=lambda task_id: task_id)
        queued = still_queued(list(taken), queued_by=now)  # some may have been rolled back
    return [taken[task_id] for task_id in queued]
