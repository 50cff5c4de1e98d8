"""Record attempts: the log row, the count of tries and the new status, in one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from notifications.models import TriggerEvent
from notifications.states import TriggerEventStatus
from notifications.triggers.lock import Claim
from notifications.triggers.result import Result
from notifications.triggers.switching import disable_gone
from notifications.triggers.verdict import Verdict
from tasks_core import database

# Keeps deletions out until the log rows, which refer to the events, are written.
_HOLD = "SELECT id FROM notifications_triggerevent WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"

# A success is recorded over a cancellation that came while it was under way: the call was made.
_RECORD = """
WITH ended AS (
    SELECT * FROM jsonb_to_recordset(%(attempts)s::jsonb) AS r(
        event_id bigint, task_id bigint, attempt int, status text, reason text,
        next_retry_at timestamptz, waits_asked int, at timestamptz,
        call_status int, request jsonb, response jsonb, duration float8)
), logged AS (
    INSERT INTO notifications_triggerinvocation
        (event_id, status, request, response, duration, created_at)
    SELECT event_id, call_status, request, response, duration, at FROM ended
)
UPDATE notifications_triggerevent e
SET status = r.status, reason = r.reason, tries = e.tries + 1, waits_asked = r.waits_asked,
    next_retry_at = r.next_retry_at, locked_at = NULL,
    finished_at = CASE WHEN r.status = 'scheduled' THEN NULL ELSE r.at END
FROM ended r
WHERE e.id = r.event_id AND e.task_id = r.task_id
  AND ((e.status = 'locked' AND e.locked_by = r.attempt)
       OR (e.status = 'cancelled' AND r.status = 'delivered'))
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An attempt that has ended, and what follows."""

    claim: Claim
    result: Result
    verdict: Verdict
    at: datetime
    trigger_id: int | None


def record(attempts: Sequence[Ended]) -> None:
    """Write attempts; of an event that was deleted meanwhile nothing is kept.

    A webhook that is gone for good disables its cron trigger in the same transaction.
    """
    with transaction.atomic(using=database.alias()):
        with database.connection().cursor() as cursor:
            cursor.execute(_HOLD, {"ids": [ended.claim.event for ended in attempts]})
            there = {row[0] for row in cursor.fetchall()}
            kept = [_row(ended) for ended in attempts if ended.claim.event in there]
            if kept:
                cursor.execute(_RECORD, {"attempts": json.dumps(kept)})
        for ended in attempts:
            if ended.result.is_gone and ended.trigger_id is not None:
                disable_gone(ended.trigger_id, ended.result.error)


def end_locked(claim: Claim, status: TriggerEventStatus, reason: str, now: datetime) -> bool:
    """End an event without a call: no log row, tries unchanged; False if it was not held."""
    return bool(
        TriggerEvent.objects.filter(
            pk=claim.event,
            task_id=claim.task,
            locked_by=claim.attempt,
            status=TriggerEventStatus.LOCKED,
        ).update(
            status=status,
            reason=reason[:200],
            locked_at=None,
            next_retry_at=None,
            finished_at=now,
        )
    )


def _row(ended: Ended) -> dict[str, Any]:
    verdict, result = ended.verdict, ended.result
    retry = verdict.next_retry_at
    return {
        "event_id": ended.claim.event,
        "task_id": ended.claim.task,
        "attempt": ended.claim.attempt,
        "status": verdict.status.value,
        "reason": verdict.reason[:200],
        "next_retry_at": retry.isoformat() if retry else None,
        "waits_asked": verdict.waits_asked,
        "at": ended.at.isoformat(),
        "call_status": result.status,
        "request": result.request,
        "response": result.response,
        "duration": result.duration,
    }
