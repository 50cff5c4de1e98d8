"""Record how attempts ended: many with one statement, and the end of what they finish."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notifications.people.suppression.refusals import follow_refusals
from notifications.rules.outcome import MOST_OF_AN_ID, Outcome, SendResult
from notifications.sending.destinations.switching import disable_gone
from notifications.sending.endpoints.disabling import disable_automatically
from notifications.sending.pipeline.counting import COUNT, shard
from notifications.sending.pipeline.settle import let_follow, settle
from notifications.states import DeliveryState
from tasks_core.database import fetch_often, retried
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.database.errors import is_lock_timeout, is_servers_fault
from tasks_core.engine.json_text import storable

logger = logging.getLogger(__name__)

UNSTORABLE = "what was answered cannot be stored"

PATIENCE_SECONDS, AGAIN_SECONDS = 30.0, 0.2
"""How long, and how often, it is tried to record what is locked: a message was sent."""

_ENDS = {
    Outcome.SUCCESS: DeliveryState.SENT,
    Outcome.SANDBOX: DeliveryState.SENT,
    Outcome.EXPIRED: DeliveryState.EXPIRED,
}

# Success is recorded over a cancellation or an expiry that came while it was under way: the
# message did go out. Everything else moves only a delivery that is still being sent. Of a recipient who
# was erased meanwhile nothing is written down that may hold the address.
# The ids are given twice, because the planner does not know how many rows are in the JSON, and would
# rather read the whole table. The deliveries are locked first, with their notifications: what somebody else
# has locked is left out, and told, so that it is recorded later and nobody waits. What was recorded before,
# although its answer was lost, is known by its instant, and counts once.
# A notification without a fallback has one delivery, and ends with it; the others are for ``settle``.
_RECORD = f"""
WITH ended AS (
    SELECT * FROM jsonb_to_recordset(%(results)s::jsonb) AS r(
        delivery_id bigint, number int, finished_at timestamptz, duration float8, outcome text,
        status_code int, retry_after float8, error text, request jsonb, response jsonb,
        provider_message_id text, state text, channel text)
), locked AS (
    SELECT d.id, starts_with(d.address, 'erased:') AS erased
    FROM notifications_delivery d JOIN notifications_notification n ON n.id = d.notification_id
    WHERE d.id = ANY(%(ids)s::bigint[]) FOR NO KEY UPDATE OF d, n SKIP LOCKED
), held AS (
    SELECT id FROM notifications_delivery
    WHERE id = ANY(%(ids)s::bigint[]) AND id <> ALL(ARRAY(SELECT id FROM locked))
), logged AS (
    UPDATE notifications_deliveryattempt a
    SET finished_at = r.finished_at, duration = r.duration, outcome = r.outcome,
        status_code = r.status_code, retry_after = r.retry_after,
        error = CASE WHEN e.erased THEN '' ELSE r.error END,
        request = CASE WHEN e.erased THEN '{{}}' ELSE r.request END,
        response = CASE WHEN e.erased THEN '{{}}' ELSE r.response END
    FROM ended r JOIN locked e ON e.id = r.delivery_id
    WHERE a.delivery_id = r.delivery_id AND a.number = r.number
      AND a.delivery_id = ANY(%(ids)s::bigint[]) AND a.finished_at IS DISTINCT FROM r.finished_at
    RETURNING r.delivery_id, r.channel, r.outcome
), counting AS (
    SELECT channel, outcome FROM logged
), moved AS (
    UPDATE notifications_delivery d
    SET state = COALESCE(r.state, d.state),
        error = CASE WHEN starts_with(d.address, 'erased:') THEN '' ELSE r.error END,
        throttled = d.throttled + (
            r.outcome = 'throttled' AND d.id = ANY(ARRAY(SELECT delivery_id FROM logged)))::int,
        provider_message_id = COALESCE(NULLIF(r.provider_message_id, ''), d.provider_message_id),
        sent_at = CASE WHEN r.state = 'sent' THEN r.finished_at ELSE d.sent_at END,
        finished_at = CASE WHEN r.state IS NULL THEN d.finished_at ELSE r.finished_at END
    FROM ended r
    WHERE d.id = r.delivery_id AND d.id = ANY(ARRAY(SELECT id FROM locked))
      AND (d.state = 'sending'
           OR (r.state = 'sent' AND d.state NOT IN ('delivered', 'rejected', 'bounced')))
    RETURNING d.notification_id, r.state, r.finished_at, d.error
), settled AS (
    UPDATE notifications_notification n
    SET state = m.state,
        reason = CASE WHEN m.state = 'sent' THEN '' WHEN n.reason <> '' THEN n.reason
                      ELSE left(m.error, 200) END,
        finished_at = m.finished_at,
        secret_context = '',
        content_digest = CASE WHEN n.is_secret THEN '' ELSE n.content_digest END
    FROM moved m
    WHERE n.id = m.notification_id AND m.state IS NOT NULL AND NOT n.has_fallback
      AND (n.state = 'in_progress'
           OR (m.state = 'sent' AND n.state IN ('failed', 'expired', 'cancelled', 'suppressed')))
    RETURNING n.id, n.order_key <> '' AS is_ordered
), counted AS ({COUNT})
SELECT id, 'ordered' FROM settled WHERE is_ordered
UNION ALL
SELECT notification_id, 'open' FROM moved
WHERE state IS NOT NULL AND notification_id <> ALL(ARRAY(SELECT id FROM settled))
UNION ALL
SELECT id, 'locked' FROM held
UNION ALL
SELECT id, 'known' FROM locked WHERE id <> ALL(ARRAY(SELECT delivery_id FROM logged))
"""  # noqa: S608  (no outside text)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One attempt that has ended."""

    delivery_id: int
    number: int
    channel: str
    started_at: datetime
    finished_at: datetime
    result: SendResult
    has_fallback: bool = False
    endpoint_id: int | None = None
    slot: int = 0
    """When its place in the endpoint's lane was taken."""

    @property
    def ends_alone(self) -> bool:
        """Whether nothing follows from it but the end of its delivery and notification."""
        result = self.result
        has_gone = result.endpoint_gone or result.destination_gone or result.bounce
        return not (self.has_fallback or has_gone)


class StillLocked(Exception):
    """Somebody else keeps the row of a delivery locked: how an attempt ended cannot be written."""


def record_patiently(attempts: Iterable[Ended]) -> None:
    """Write the ends of attempts, and come back for those whose rows are locked.

    Raises:
        StillLocked: one of them stays so. Its message was sent, and will be again.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while left := record(attempts):
        if time.monotonic() > until:
            raise StillLocked(f"delivery {left[0].delivery_id}")
        time.sleep(AGAIN_SECONDS)
        attempts = left


def record(attempts: Iterable[Ended]) -> list[Ended]:
    """Write the ends of attempts, and of the deliveries and notifications that they finish.

    It returns those that were not written, because somebody else has their row locked.

    A failure leaves its delivery as it is: whether there is another attempt is decided by the
    task, and a task that ends without success ends its delivery (``notifications.receivers``).

    It is one statement, unless more follows from one of them. What has been sent must not be forgotten
    because the database has closed the connection meanwhile: then it is written on a new one.
    """
    ended = list(attempts)
    try:
        return retried(_record, ended)
    except Exception as error:
        if is_servers_fault(error):
            raise
        if len(ended) == 1:
            return _record_alone(ended[0], error)
    return _one_by_one(ended)


def _one_by_one(attempts: Sequence[Ended]) -> list[Ended]:
    """Write each by itself: what one of them holds cannot be stored, or what follows from it fails or waits.

    The others must neither be forgotten for it nor wait.

    Raises:
        Exception: what is wrong with the first that could not be written; the others are.
    """
    left: list[Ended] = []
    problems: list[Exception] = []
    for one in attempts:
        try:
            left += record([one])
        except Exception as error:
            if is_servers_fault(error):
                raise
            problems.append(error)
    if problems:
        raise problems[0]
    return left


def _record_alone(ended: Ended, error: Exception) -> list[Ended]:
    """Write one end without its log; if what follows from it is what fails, without that too."""
    if is_lock_timeout(error):
        return [ended]
    logger.warning(
        "the log of an attempt at delivery %d is left out: %s",
        ended.delivery_id,
        error,
        exc_info=error,
    )
    plain = replace(
        ended.result,
        error=UNSTORABLE,
        status_code=None,
        request={},
        response={},
        retry_after=None,
        provider_message_id=storable(str(ended.result.provider_message_id), limit=MOST_OF_AN_ID),
    )
    for result in (plain, replace(plain, endpoint_gone=False, destination_gone="", bounce=None)):
        try:
            return retried(_record, [replace(ended, result=result)])
        except Exception as again:
            if is_servers_fault(again):
                raise
            if is_lock_timeout(again):
                return [ended]
            error = again
    raise error


def _record(ended: Sequence[Ended]) -> list[Ended]:
    if all(one.ends_alone for one in ended):
        locked = _write(ended)["locked"]
    else:
        with bounded_locks():
            written = _write(ended)
            locked = written["locked"]
            settle(written["open"])
            _follow([one for one in ended if one.delivery_id not in locked | written["known"]])
    return [one for one in ended if one.delivery_id in locked]


def _follow(ended: Sequence[Ended]) -> None:
    for one in ended:
        if one.result.endpoint_gone and one.endpoint_id is not None:
            disable_automatically(one.endpoint_id, reason=one.result.error)
        if one.result.destination_gone:
            disable_gone(one.delivery_id, reason=one.result.error)
    follow_refusals({one.delivery_id: one.result.bounce for one in ended if one.result.bounce})


def _write(ended: Sequence[Ended]) -> defaultdict[str, set[int]]:
    """Write ends; return the notifications it does not settle, and which deliveries are locked or known."""
    parameters = {
        "results": json.dumps([_row(one) for one in ended]),
        "ids": [one.delivery_id for one in ended],
        "shard": shard(),
    }
    found: defaultdict[str, set[int]] = defaultdict(set)
    for pk, what in fetch_often(_RECORD, parameters):
        found[what].add(pk)
    let_follow(sorted(found["ordered"]))
    return found


def _row(ended: Ended) -> dict[str, Any]:
    result = ended.result
    return {
        "delivery_id": ended.delivery_id,
        "number": ended.number,
        "finished_at": ended.finished_at.isoformat(),
        "duration": round((ended.finished_at - ended.started_at).total_seconds(), 6),
        "outcome": result.outcome.value,
        "status_code": result.status_code,
        "retry_after": result.retry_after,
        "error": result.error,
        "request": result.request,
        "response": result.response,
        "provider_message_id": result.provider_message_id,
        "state": _ENDS.get(result.outcome),
        "channel": ended.channel,
    }
