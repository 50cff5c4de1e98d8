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


def places() -> dict[str, int]:
    """Return how many events lie in which part of the table."""
    sql = "SELECT tableoid::regclass::text, count(*) FROM tasks_core_taskevent GROUP BY 1"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return dict(cursor.fetchall())
