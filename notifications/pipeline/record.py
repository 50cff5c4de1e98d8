"""Record how attempts ended: many with one statement, and the end of what they finish."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from notifications.channels.outcome import Outcome, SendResult
from notifications.channels.webhook.disabling import disable_automatically
from notifications.destinations.switching import disable_gone
from notifications.pipeline.counting import count_attempts
from notifications.pipeline.settle import settle
from notifications.states import DeliveryState
from notifications.suppression.refusals import follow_refusals
from tasks_core.database import fetch_often

_ENDS = {
    Outcome.SUCCESS: DeliveryState.SENT,
    Outcome.SANDBOX: DeliveryState.SENT,
    Outcome.EXPIRED: DeliveryState.EXPIRED,
}

# Success is recorded over a cancellation or an expiry that came while it was under way: the
# message did go out. Everything else moves only a delivery that is still being sent. Of a recipient who
# was erased meanwhile nothing is written down that may hold the address.
# The ids are given twice, because the planner does not know how many rows are in the JSON, and would
# rather read the whole table.
_RECORD = """
WITH ended AS (
    SELECT * FROM jsonb_to_recordset(%(results)s::jsonb) AS r(
        delivery_id bigint, number int, finished_at timestamptz, duration float8, outcome text,
        status_code int, retry_after float8, error text, request jsonb, response jsonb,
        provider_message_id text, state text)
), logged AS (
    UPDATE notifications_deliveryattempt a
    SET finished_at = r.finished_at, duration = r.duration, outcome = r.outcome,
        status_code = r.status_code, retry_after = r.retry_after,
        error = CASE WHEN e.erased THEN '' ELSE r.error END,
        request = CASE WHEN e.erased THEN '{}' ELSE r.request END,
        response = CASE WHEN e.erased THEN '{}' ELSE r.response END
    FROM ended r JOIN (
        SELECT id, starts_with(address, 'erased:') AS erased FROM notifications_delivery
        WHERE id = ANY(%(ids)s::bigint[])
    ) e ON e.id = r.delivery_id
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
    WHERE d.id = r.delivery_id AND d.id = ANY(%(ids)s::bigint[])
      AND (d.state = 'sending'
           OR (r.state = 'sent' AND d.state NOT IN ('delivered', 'rejected', 'bounced')))
    RETURNING d.notification_id, r.state
)
SELECT notification_id FROM moved WHERE state IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One attempt that has ended."""

    delivery_id: int
    number: int
    channel: str
    started_at: datetime
    finished_at: datetime
    result: SendResult
    endpoint_id: int | None = None
    slot: int = 0
    """When its place in the endpoint's lane was taken."""


def record(attempts: Iterable[Ended]) -> None:
    """Write the ends of attempts, and of the deliveries and notifications that they finish.

    A failure leaves its delivery as it is: whether there is another attempt is decided by the
    task, and a task that ends without success ends its delivery (``notifications.receivers``).
    """
    ended = list(attempts)
    with transaction.atomic():
        parameters = {
            "results": json.dumps([_row(one) for one in ended]),
            "ids": [one.delivery_id for one in ended],
        }
        settle(row[0] for row in fetch_often(_RECORD, parameters))
        for one in ended:
            if one.result.endpoint_gone and one.endpoint_id is not None:
                disable_automatically(one.endpoint_id, reason=one.result.error)
            if one.result.destination_gone:
                disable_gone(one.delivery_id, reason=one.result.error)
        follow_refusals({one.delivery_id: one.result.bounce for one in ended if one.result.bounce})
        count_attempts((one.channel, one.result.outcome) for one in ended)


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
