"""See how late the tasks are that were handed to the broker and have not begun."""

from dataclasses import dataclass
from datetime import datetime

from tasks_core.database import fetch
from tasks_core.database.lower_bound import BEGINNING

MOST = 50_000
"""So many are looked at, those first that were handed over first; no more than a few seconds of work are."""

LATE_LANES = f"""
SELECT queue_name, priority, min(run_after), count(*) FROM (
    SELECT queue_name, priority, run_after FROM tasks_core_task
    WHERE state = 'QUEUED' AND queued_at >= %(since)s
    ORDER BY queued_at LIMIT {MOST}
) AS queued
WHERE run_after <= %(now)s
GROUP BY queue_name, priority
ORDER BY priority, min(run_after)
"""  # noqa: S608 a number of this file


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A lane with due tasks in the broker, since when the first of them is due, and how many they are."""

    queue_name: str
    priority: int
    first_run_after: datetime
    count: int


def handed_over(now: datetime, *, since: datetime = BEGINNING) -> list[HandedOver]:
    """Return the lanes with due tasks that are QUEUED, the most urgent first; all are so ``since`` then."""
    return [HandedOver(*row) for row in fetch(LATE_LANES, {"now": now, "since": since})]
