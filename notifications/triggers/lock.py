"""Claim events for an attempt, and give them back: conditional updates that name what they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import close_old_connections

from notifications.models import TriggerEvent
from notifications.states import TriggerEventStatus
from tasks_core import database
from tasks_core.database.bounded_locks import bounded_locks

# What somebody else keeps locked is not claimed, and asked for again in a moment.
# A lock of an earlier attempt of the same task is void: the platform runs one attempt at a time.
_LOCK = """
WITH asked AS (
    SELECT * FROM unnest(%(events)s::bigint[], %(tasks)s::bigint[], %(attempts)s::int[])
        AS a(event_id, task_id, attempt)
)
UPDATE notifications_triggerevent e
SET status = 'locked', locked_at = %(now)s, locked_by = a.attempt,
    losses = e.losses + (e.status = 'locked')::int
FROM asked a
WHERE e.id = a.event_id AND e.task_id = a.task_id AND e.id = ANY(ARRAY(
    SELECT id FROM notifications_triggerevent WHERE id = ANY(%(events)s::bigint[])
    FOR NO KEY UPDATE SKIP LOCKED
  ))
  AND (e.status = 'scheduled' OR (e.status = 'locked' AND e.locked_by < a.attempt))
RETURNING e.id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds an event, or wants to: an attempt of a task."""

    event: int
    task: int
    attempt: int


def lock(claims: Sequence[Claim], now: datetime) -> set[int]:
    """Lock the events of ``claims`` that may be delivered; give their keys."""
    with database.connection().cursor() as cursor:
        cursor.execute(
            _LOCK,
            {
                "events": [claim.event for claim in claims],
                "tasks": [claim.task for claim in claims],
                "attempts": [claim.attempt for claim in claims],
                "now": now,
            },
        )
        return {row[0] for row in cursor.fetchall()}


def unlock(claim: Claim) -> bool:
    """Give an event back undelivered, as if it had not been claimed; False if it was not held."""
    close_old_connections()
    with bounded_locks():
        return bool(
            TriggerEvent.objects.filter(
                pk=claim.event,
                task_id=claim.task,
                locked_by=claim.attempt,
                status=TriggerEventStatus.LOCKED,
            ).update(status=TriggerEventStatus.SCHEDULED, locked_at=None)
        )
