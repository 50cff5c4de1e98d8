"""Remove events and logs by age, in small batches that never stand in the way."""

from datetime import datetime, timedelta

from notifications import conf
from tasks_core import clock, database

LIMIT = 1_000

_EVENTS = """
DELETE FROM notifications_triggerevent WHERE id = ANY(ARRAY(
    SELECT id FROM notifications_triggerevent
    WHERE finished_at < %(before)s AND status NOT IN ('scheduled', 'locked')
      AND (%(trigger)s::bigint IS NULL OR trigger_id = %(trigger)s::bigint)
    ORDER BY finished_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
"""

_LOGS = """
DELETE FROM notifications_triggerinvocation WHERE id = ANY(ARRAY(
    SELECT i.id FROM notifications_triggerinvocation i
    WHERE i.created_at < %(before)s
      AND (%(trigger)s::bigint IS NULL OR EXISTS (
          SELECT 1 FROM notifications_triggerevent e
          WHERE e.id = i.event_id AND e.trigger_id = %(trigger)s::bigint))
    ORDER BY i.created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
"""


def clean_up(*, limit: int = LIMIT) -> int:
    """Remove one batch of each that is older than its retention; give how many.

    Call it again while it is not 0.
    """
    now = clock.now()
    settings = conf.current()
    removed = 0
    if settings.trigger_retention_days:
        before = now - timedelta(days=settings.trigger_retention_days)
        removed += delete_events(before, limit=limit)
    if settings.trigger_log_retention_days:
        before = now - timedelta(days=settings.trigger_log_retention_days)
        removed += delete_logs(before, limit=limit)
    return removed


def delete_events(before: datetime, *, trigger_id: int | None = None, limit: int = LIMIT) -> int:
    """Remove events that ended before an instant, with their logs; give how many. One batch."""
    return _delete(_EVENTS, before, trigger_id, limit)


def delete_logs(before: datetime, *, trigger_id: int | None = None, limit: int = LIMIT) -> int:
    """Remove logs that were written before an instant, and leave the events; give how many."""
    return _delete(_LOGS, before, trigger_id, limit)


def _delete(statement: str, before: datetime, trigger_id: int | None, limit: int) -> int:
    with database.connection().cursor() as cursor:
        cursor.execute(statement, {"before": before, "trigger": trigger_id, "limit": limit})
        removed: int = cursor.rowcount
    return removed
