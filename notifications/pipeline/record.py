"""Record how attempts ended: many with one statement, and the end of what they finish."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from notifications.channels.outcome import Outcome, SendResult
from notifications.channels.webhook.disabling import disable_automatically
from notifications.destinations.switching import disable_gone
from notifications.pipeline.counting import COUNT, counts
from notifications.pipeline.settle import let_follow, settle
from notifications.states import DeliveryState
from notifications.suppression.refusals import follow_refusals
from tasks_core import database
from tasks_core.database import fetch_often, retried

_ENDS = {
    Outcome.SUCCESS: DeliveryState.SENT,
    Outcome.SANDBOX: DeliveryState.SENT,
    Outcome.EXPIRED: DeliveryState.EXPIRED,
}

# Success is recorded over a cancellation or an expiry that came while it was under way: the
# message did go out. Everything else moves only a delivery that is still being sent. Of a recipient who
# was erased meanwhile nothing is written down that may hold the address.
# The ids are given twice, because the planner does not know how many rows are in the JSON, and would
# rather read the whole table. The deliveries are locked first, in the order of everybody else: what has been
# sent must not be forgotten because two wait for each other.
# A notification without a fallback has one delivery, and ends with it; the others are for ``settle``.
_RECORD = f"""
WITH ended AS (
    SELECT * FROM jsonb_to_recordset(%(results)s::jsonb) AS r(
        delivery_id bigint, number int, finished_at timestamptz, duration float8, outcome text,
        status_code int, retry_after float8, error text, request jsonb, response jsonb,
        provider_message_id text, state text)
), locked AS (
    SELECT id, starts_with(address, 'erased:') AS erased FROM notifications_delivery
    WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
), logged AS (
    UPDATE notifications_deliveryattempt a
    SET finished_at = r.finished_at, duration = r.duration, outcome = r.outcome,
        status_code = r.status_code, retry_after = r.retry_after,
        error = CASE WHEN e.erased THEN '' ELSE r.error END,
        request = CASE WHEN e.erased THEN '{{}}' ELSE r.request END,
        response = CASE WHEN e.erased THEN '{{}}' ELSE r.response END
    FROM ended r JOIN locked e ON e.id = r.delivery_id
    WHERE a.delivery_id = r.delivery_id AND a.number = r.number
      AND a.delivery_id = ANY(%(ids)s::bigint[])
), moved AS (
    UPDATE notifications_delivery d
    SET state = COALESCE(r.state, d.state),
        error = CASE WHEN starts_with(d.address, 'erased:') THEN '' ELSE r.error END,
        throttled = d.throttled + (r.outcome = 'throttled')::int,
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
        secret_context = ''
    FROM moved m
    WHERE n.id = m.notification_id AND m.state IS NOT NULL AND NOT n.has_fallback
      AND (n.state = 'in_progress'
           OR (m.state = 'sent' AND n.state IN ('failed', 'expired', 'cancelled', 'suppressed')))
    RETURNING n.id, n.order_key <> '' AS is_ordered
), counted AS ({COUNT})
SELECT id, true, false FROM settled WHERE is_ordered
UNION ALL
SELECT notification_id, false, true FROM moved
WHERE state IS NOT NULL AND notification_id <> ALL(ARRAY(SELECT id FROM settled))
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


def record(attempts: Iterable[Ended]) -> None:
    """Write the ends of attempts, and of the deliveries and notifications that they finish.

    A failure leaves its delivery as it is: whether there is another attempt is decided by the
    task, and a task that ends without success ends its delivery (``notifications.receivers``).

    It is one statement, unless more follows from one of them. What has been sent must not be forgotten
    because the database has closed the connection meanwhile: then it is written on a new one.
    """
    retried(_record, list(attempts))


def _record(ended: Sequence[Ended]) -> None:
    if all(one.ends_alone for one in ended):
        _write(ended)
        return
    with transaction.atomic(using=database.alias()):
        settle(_write(ended))
        for one in ended:
            if one.result.endpoint_gone and one.endpoint_id is not None:
                disable_automatically(one.endpoint_id, reason=one.result.error)
            if one.result.destination_gone:
                disable_gone(one.delivery_id, reason=one.result.error)
        follow_refusals({one.delivery_id: one.result.bounce for one in ended if one.result.bounce})


def _write(ended: Sequence[Ended]) -> list[int]:
    """Write ends; give the notifications that are not settled by it, because they have a fallback."""
    parameters = {
        "results": json.dumps([_row(one) for one in ended]),
        "ids": [one.delivery_id for one in ended],
        **counts((one.channel, one.result.outcome) for one in ended),
    }
    rows = fetch_often(_RECORD, parameters)
    let_follow([pk for pk, is_ordered, _ in rows if is_ordered])
    return [pk for pk, _, is_open in rows if is_open]


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
    }
