"""Locking old notifications, in the order of everybody else, and passing over those in use."""

from tasks_core import database

# From one category to the next by index, however many rows each of them has.
_CATEGORIES = """
WITH RECURSIVE found AS (
    (SELECT category FROM {table} WHERE {condition} ORDER BY category LIMIT 1)
    UNION ALL
    SELECT (SELECT t.category FROM {table} t
            WHERE t.category > found.category AND {condition} ORDER BY t.category LIMIT 1)
    FROM found WHERE found.category IS NOT NULL
)
SELECT category FROM found WHERE category IS NOT NULL
"""

# Deliveries before notifications. One that somebody holds, or that a replay has begun again, keeps its
# notification out of this batch.
_HOLD_DELIVERIES = """
SELECT id FROM notifications_delivery
WHERE notification_id = ANY(%(ids)s) AND state NOT IN ('pending', 'rendered', 'sending')
ORDER BY id FOR UPDATE SKIP LOCKED
"""

_HOLD = """
SELECT id FROM notifications_notification n
WHERE id = ANY(%(ids)s) AND state NOT IN ('accepted', 'in_progress')
  AND NOT EXISTS (
      SELECT FROM notifications_delivery d
      WHERE d.notification_id = n.id AND d.id <> ALL(%(deliveries)s))
ORDER BY id FOR UPDATE SKIP LOCKED
"""


def categories() -> list[str]:
    """Return the categories that notifications have."""
    return _categories("notifications_notification", "true")


def categories_of_ended_digests() -> list[str]:
    """Return the categories that digests have which have ended."""
    return _categories("notifications_digest", "closed_at IS NOT NULL")


def _categories(table: str, condition: str) -> list[str]:
    statement = _CATEGORIES.format(table=table, condition=condition)
    return [str(category) for category in _first_column(statement, {})]


def hold(ids: list[int]) -> list[int]:
    """Lock those of these notifications that have ended, with their deliveries; give their ids."""
    deliveries = _first_column(_HOLD_DELIVERIES, {"ids": ids})
    return [int(pk) for pk in _first_column(_HOLD, {"ids": ids, "deliveries": deliveries})]


def _first_column(statement: str, parameters: dict[str, list[int]]) -> list[int]:
    with database.connection().cursor() as cursor:
        cursor.execute(statement, parameters)
        return [row[0] for row in cursor.fetchall()]
