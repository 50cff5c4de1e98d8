"""Remove old events by age: whole days at once, after each task got its summary."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasks_core import clock
from tasks_core.conf import setting
from tasks_core.database import fetch
from tasks_core.events.compaction import compact, compact_default
from tasks_core.events.needed import needed_since
from tasks_core.events.partitions import bounds, days

LIMIT = 1_000

# As long as the task is there, or events that go on from the summary, it is what they are replayed from.
PRUNE_HISTORIES = """
DELETE FROM tasks_core_taskhistory WHERE task_id = ANY(ARRAY(
    SELECT task_id FROM tasks_core_taskhistory history
    WHERE last_at < %(before)s
      AND NOT EXISTS (SELECT FROM tasks_core_task WHERE id = history.task_id)
      AND NOT EXISTS (SELECT FROM tasks_core_taskevent WHERE task_id = history.task_id)
    ORDER BY last_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
))
RETURNING task_id
"""


def removable_until(now: datetime) -> datetime:
    """Return before when events may go: they are old enough, and nobody is about to read them.

    Who does not read for twice the retention is not waited for any longer.
    """
    keep = timedelta(days=setting("EVENT_RETENTION_DAYS"))
    needed = needed_since()
    if needed is None:
        return now - keep
    return min(now - keep, max(needed, now - 2 * keep))


def remove_old_events() -> int:
    """Summarize and remove a batch of the oldest events; return how many, 0 if there are none to remove.

    Raises:
        TableBusy: a partition cannot be dropped now; call again.
    """
    before = removable_until(clock.now())
    for day in days():
        if bounds(day)[1] > before:
            break
        if count := compact(day):
            return count
    return compact_default(before=before)


def prune_histories(*, limit: int = LIMIT) -> int:
    """Remove at most ``limit`` summaries of tasks that are gone; call again while it is not 0."""
    before = clock.now() - timedelta(days=setting("HISTORY_RETENTION_DAYS"))
    return len(fetch(PRUNE_HISTORIES, {"before": before, "limit": limit}))
