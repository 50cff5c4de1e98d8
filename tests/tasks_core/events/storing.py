"""Write events of any time, and look where they are."""

from datetime import datetime
from typing import Any

from django.db import connection

from tasks_core.models import TaskEvent


def write(kind: str, *, at: datetime, task_id: int = 1, **facts: Any) -> int:
    """Store an event; return its id."""
    event = TaskEvent.objects.create(
        kind=kind, at=at, task_id=task_id, **{"task_type": "plain", **facts}
    )
    return event.pk


def written_long_ago() -> None:
    """Let the stored events be of transactions that nobody overlaps who is at work now.

    Other tests use the same server, and old events are summarized only once all their contemporaries ended.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_core_taskevent SET transaction_id = '3'")


def places() -> dict[str, int]:
    """Return how many events lie in which part of the table."""
    sql = "SELECT tableoid::regclass::text, count(*) FROM tasks_core_taskevent GROUP BY 1"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return dict(cursor.fetchall())
