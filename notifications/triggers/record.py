"""Record attempts: the log row, the count of tries and the new status, in one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction

from notifications.models import TriggerEvent
from notifications.states import TriggerEventStatus
from notifications.triggers.lock import Claim
from notifications.triggers.result import Result
from notifications.triggers.switching import disable_gone
from notifications.triggers.verdict import Verdict
from tasks_core import database
from tasks_core.database.bounded_locks import BOUNDED, bounded_locks
from tasks_core.database.errors import is_lock_timeout

# Keeps deletions out until the log rows, which refer to the events, are written. What somebody else keeps
# locked is left out, and what follows in this transaction waits for no lock for long.
_HOLD = f"""
SELECT id FROM notifications_triggerevent
WHERE {BOUNDED} AND id = ANY(%(ids)s) FOR UPDATE SKIP LOCKED
"""  # noqa: S608  (no outside text)

_EXISTING = "SELECT id FROM notifications_triggerevent WHERE id = ANY(%(ids)s)"

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


def record(attempts: Sequence[Ended]) -> list[Ended]:
    """Write attempts; return those that were not written because somebody else has their rows locked.

    Of an event that was deleted meanwhile nothing is kept. A webhook that is gone for good disables its cron
    trigger in the same transaction.
    """
    try:
        with transaction.atomic(using=database.alias()):
            return _record(attempts)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
    # The row of a cron trigger is locked; the others need not wait for it.
    if len(attempts) == 1:
        return list(attempts)
    return [left for ended in attempts for left in record([ended])]


def _record(attempts: Sequence[Ended]) -> list[Ended]:
    ids = {ended.claim.event for ended in attempts}
    with database.connection().cursor() as cursor:
        cursor.execute(_HOLD, {"ids": sorted(ids)})
        held = {row[0] for row in cursor.fetchall()}
        kept = [ended for ended in attempts if ended.claim.event in held]
        if kept:
            cursor.execute(_RECORD, {"attempts": json.dumps([_row(ended) for ended in kept])})
        if ids != held:
            cursor.execute(_EXISTING, {"ids": sorted(ids - held)})
            locked = {row[0] for row in cursor.fetchall()}
        else:
            locked = set()
    left = [ended for ended in attempts if ended.claim.event in locked]
    for ended in attempts:
        if ended.result.is_gone and ended.trigger_id is not None and ended not in left:
            disable_gone(ended.trigger_id, ended.result.error)
    return left


def end_locked(claim: Claim, status: TriggerEventStatus, reason: str, now: datetime) -> bool:
    """End an event without a call: no log row, tries unchanged; False if it was not held."""
    with bounded_locks():
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
