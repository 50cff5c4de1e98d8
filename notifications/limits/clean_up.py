"""Remove the counters of windows that have ended."""

from tasks_core import clock, database

LIMIT = 1_000

_DELETE = """
DELETE FROM notifications_limitcounter WHERE id = ANY(ARRAY(
    SELECT id FROM notifications_limitcounter WHERE ends_at < %s
    ORDER BY ends_at LIMIT %s FOR UPDATE SKIP LOCKED
))
"""


def clean_up(*, limit: int = LIMIT) -> int:
    """Remove one batch; give how many. Call it again while it is not 0."""
    with database.connection().cursor() as cursor:
        cursor.execute(_DELETE, [clock.now(), limit])
        removed: int = cursor.rowcount
    return removed
