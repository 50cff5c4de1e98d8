"""Remove old events by age: whole days at once, after each task got its summary."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tasks_core import clock, conf
from tasks_core.database import fetch
from tasks_core.database.removal import REMEDY, remove_some
from tasks_core.database.row_backoff import RETENTION_PAUSE, RowBackoff
from tasks_core.events.compaction import compact, compact_default
from tasks_core.events.needed import needed_since
from tasks_core.events.partitions import DEFAULT, TableBusy, bounds, days

LIMIT = 1_000

_failing = RowBackoff(
    "the events of {} cannot be summarized and removed",
    "See what refers to them, or refuses the summaries; other days are removed.",
    longest=RETENTION_PAUSE,
)
_histories = RowBackoff(
    "the summary of task {} cannot be removed by age", REMEDY, longest=RETENTION_PAUSE
)

# As long as the task is there, or events that go on from the summary, it is what they are replayed from.
OLD_HISTORIES = """
SELECT task_id FROM tasks_core_taskhistory history
WHERE last_at < %(before)s
  AND NOT EXISTS (SELECT FROM tasks_core_task WHERE id = history.task_id)
  AND NOT EXISTS (SELECT FROM tasks_core_taskevent WHERE task_id = history.task_id)
  AND task_id <> ALL(%(apart_from)s::bigint[])
ORDER BY last_at LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

DELETE_HISTORIES = """
DELETE FROM tasks_core_taskhistory WHERE task_id = ANY(%(ids)s::bigint[]) RETURNING task_id
"""


def removable_until(now: datetime) -> datetime:
    """Return before when events may go: they are old enough, and nobody is about to read them.

    Who does not read for twice the retention is not waited for any longer.
    """
    keep = timedelta(days=conf.current().event_retention_days)
    needed = needed_since()
    if needed is None:
        return now - keep
    return min(now - keep, max(needed, now - 2 * keep))


def remove_old_events() -> int:
    """Summarize and remove a batch of the oldest events; return how many, 0 if there are none to remove.

    Raises:
        TableBusy: a partition cannot be dropped now; call again.
    """
    before, aside = removable_until(clock.now()), set(_failing.aside())
    for day in days():
        if bounds(day)[1] > before:
            break
        if day in aside:
            continue
        count = 0
        with _failing.stepping_past(day, but=(TableBusy,)):
            count = compact(day)
        if count:
            return count
    count = 0
    if DEFAULT not in aside:
        with _failing.stepping_past(DEFAULT, but=(TableBusy,)):
            count = compact_default(before=before)
    return count


def prune_histories(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` summaries of tasks that are gone; call again while it is not 0."""
    before = clock.now() - timedelta(days=conf.current().history_retention_days)
    return remove_some(OLD_HISTORIES, _delete_histories, _histories, {"before": before}, limit)


def _delete_histories(task_ids: Sequence[int]) -> int:
    return len(fetch(DELETE_HISTORIES, {"ids": list(task_ids)}))
