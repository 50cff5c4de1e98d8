"""Begin attempts: many deliveries with one statement."""

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from notifications.channel_api.sendable import NotSendable, Receiver, Sendable
from notifications.confidential import Redactor, open_variables
from notifications.exceptions import RenderingFailed
from notifications.message_templates.compiled import compiled_version
from notifications.models import Delivery
from notifications.rendering.compiled import Rendered
from notifications.sending.pipeline.hold import hold_deliveries
from notifications.sending.pipeline.settle import end_deliveries
from notifications.states import (
    BODY_WIPED,
    DELIVERY_UNFINISHED,
    DeliveryState,
    NotificationState,
)
from tasks_core import clock, database
from tasks_core.database import fetch_often
from tasks_core.encryption import KeyMissing

# What somebody else has locked is asked for again in a moment.
# A failed delivery begins again only when an operator replays its task: nothing else runs it.
_BEGIN = """
WITH asked AS (
    SELECT * FROM unnest(%(deliveries)s::bigint[], %(tasks)s::bigint[]) AS a(delivery_id, task_id)
), begun AS (
    UPDATE notifications_delivery d
    SET state = 'sending', attempts = d.attempts + 1, finished_at = NULL,
        parked_task_id = NULL, parked_for = ''
    FROM asked a, notifications_notification n
    WHERE d.id = a.delivery_id AND d.id = ANY(ARRAY(
        SELECT id FROM notifications_delivery WHERE id = ANY(%(deliveries)s::bigint[])
        FOR NO KEY UPDATE SKIP LOCKED
      ))
      AND n.id = d.notification_id
      AND d.state IN ('rendered', 'sending', 'failed')
      AND n.state IN ('in_progress', 'failed')
      AND (n.expires_at IS NULL OR n.expires_at > %(now)s)
      AND NOT (d.state = 'failed' AND (n.is_secret OR n.wiped & 1 <> 0))
    RETURNING d.id, d.attempts, d.message_id, d.address, d.throttled, d.endpoint_id,
              d.subject, d.text, d.html, a.task_id, n.is_secret, n.context, n.secret_context,
              COALESCE(d.template_version_id, n.template_version_id) AS template_version_id,
              n.expires_at, d.channel, n.has_fallback
), lost AS (
    UPDATE notifications_deliveryattempt
    SET finished_at = %(now)s, outcome = 'ambiguous',
        error = 'the worker was lost while it was sending; it may have arrived'
    WHERE delivery_id IN (SELECT id FROM begun WHERE attempts > 1) AND finished_at IS NULL
), logged AS (
    INSERT INTO notifications_deliveryattempt
        (delivery_id, number, task_id, started_at, outcome, error, request, response)
    SELECT id, attempts, task_id, %(now)s, '', '', '{}', '{}' FROM begun
)
SELECT b.id, b.attempts, b.message_id, b.address, b.throttled, b.subject, b.text, b.html,
       b.template_version_id, b.is_secret, CASE WHEN b.is_secret THEN b.context::text END,
       b.secret_context, b.expires_at, b.channel, b.has_fallback,
       e.id, e.url, e.secrets::text, e.enabled, e.disabled_reason
FROM begun b LEFT JOIN notifications_endpoint e ON e.id = b.endpoint_id
"""

# What somebody else has locked stays begun, and whoever begins it next closes it.
_GIVE_BACK = """
WITH unmade AS (
    SELECT * FROM jsonb_to_recordset(%(attempts)s::jsonb) AS r (id bigint, number int)
), free AS (
    SELECT d.id FROM notifications_delivery d
    WHERE d.id IN (SELECT id FROM unmade)
    ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM notifications_deliveryattempt WHERE id = ANY(ARRAY(
        SELECT a.id FROM free
        JOIN unmade ON unmade.id = free.id
        JOIN notifications_deliveryattempt a
            ON a.delivery_id = unmade.id AND a.number = unmade.number AND a.finished_at IS NULL
        FOR UPDATE OF a SKIP LOCKED
    ))
    RETURNING delivery_id, number
)
UPDATE notifications_delivery d SET attempts = d.attempts - 1
FROM removed WHERE d.id = removed.delivery_id AND d.attempts = removed.number
"""

logger = logging.getLogger(__name__)

LOCKED = NotSendable(DeliveryState.SENDING, "somebody else has its row locked", wait=1.0)

READY = frozenset(
    product(
        (DeliveryState.RENDERED, DeliveryState.SENDING),
        (NotificationState.IN_PROGRESS, NotificationState.FAILED),
    )
)

BEGUN_ALREADY = NotSendable(
    DeliveryState.SENDING, "another attempt has just begun", may_recover=True
)


def begin(
    asked: Mapping[int, int],
    *,
    slot: int = 0,
    free: Collection[int] = (),
) -> dict[int, Sendable | NotSendable]:
    """Begin an attempt at each delivery.

    Args:
        asked: the task that makes the attempt, by delivery id.
        slot: when their places in the lanes were taken.
        free: deliveries that need not be screened, because nothing can hold them back.

    Returns:
        for each delivery what to send, or why there is nothing to send.
    """
    held, links = hold_deliveries([delivery for delivery in asked if delivery not in free])
    asked = {delivery: task for delivery, task in asked.items() if delivery not in held}
    if not asked:
        return dict(held)
    # In the order of everybody else, so that two who want the same rows do not wait for each other.
    pairs = sorted(asked.items())
    deliveries, tasks = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    parameters = {"deliveries": deliveries, "tasks": tasks, "now": clock.now()}
    rows = fetch_often(_BEGIN, parameters)
    begun = {row[0]: _loaded(row, slot, links.get(row[0], "")) for row in rows}
    _undo({row[0]: row[1] for row in rows if _lacks_key(begun[row[0]])})
    refused = _refused([delivery for delivery in asked if delivery not in begun])
    return {**held, **refused, **begun}


def begin_each(asked: Sequence[tuple[int, int]]) -> list[Sendable | NotSendable]:
    """Begin an attempt for each pair of delivery and task; of two for one delivery only the first."""
    first = first_tasks(asked)
    found = begin(first)
    return [
        found[delivery_id] if first[delivery_id] == task_id else BEGUN_ALREADY
        for delivery_id, task_id in asked
    ]


def first_tasks(asked: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the first task of each delivery."""
    first: dict[int, int] = {}
    for delivery_id, task_id in asked:
        first.setdefault(delivery_id, task_id)
    return first


def give_back(begun: Iterable[Sendable]) -> None:
    """Undo beginnings: these attempts were not made, and will be begun anew."""
    _undo({one.delivery_id: one.number for one in begun})


def _undo(numbers: Mapping[int, int]) -> None:
    attempts = [{"id": delivery, "number": number} for delivery, number in numbers.items()]
    if attempts:
        with database.connection().cursor() as cursor:
            cursor.execute(_GIVE_BACK, {"attempts": json.dumps(attempts)})


def _lacks_key(found: Sendable | NotSendable) -> bool:
    return isinstance(found, NotSendable) and found.lacks_key


def _loaded(row: tuple[Any, ...], slot: int, link: str) -> Sendable | NotSendable:
    """Load one delivery; what is wrong with it must not stop the others of the batch."""
    try:
        return _sendable(row, slot, link)
    except RenderingFailed as error:
        return NotSendable(DeliveryState.SENDING, str(error))
    except KeyMissing as error:
        return NotSendable(DeliveryState.SENDING, str(error), lacks_key=True)
    except ImproperlyConfigured as error:
        return NotSendable(DeliveryState.SENDING, str(error), may_recover=True)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        logger.exception("delivery %s waits: its row cannot be read", row[0])
        return NotSendable(DeliveryState.SENDING, UNREADABLE, may_recover=True)


UNREADABLE = "its row, or that of its endpoint, cannot be read; the log of the worker says why"


def _sendable(row: tuple[Any, ...], slot: int, link: str) -> Sendable:
    delivery_id, number, message_id, address, throttled, subject, text, html = row[:8]
    version_id, is_secret, context, secret_context, expires_at, channel, has_fallback = row[8:15]
    secrets = open_variables(secret_context)
    content = Rendered(subject, text, html)
    if is_secret:
        content = compiled_version(version_id).render({**json.loads(context), **secrets})
    return Sendable(
        delivery_id=delivery_id,
        number=number,
        message_id=message_id,
        address=address,
        throttled=throttled,
        content=content,
        is_secret=is_secret,
        redactor=Redactor(secrets),
        expires_at=expires_at,
        channel=channel,
        has_fallback=has_fallback,
        receiver=_receiver(*row[15:]),
        slot=slot,
        unsubscribe_url=link,
    )


@lru_cache(maxsize=1_000)
def _receiver(
    endpoint_id: int | None, url: str, secrets: str, enabled: bool, disabled_reason: str
) -> Receiver | None:
    if endpoint_id is None:
        return None
    return Receiver(
        endpoint_id=endpoint_id,
        url=url,
        secrets=json.loads(secrets),
        enabled=enabled,
        disabled_reason=disabled_reason,
    )


def _refused(delivery_ids: list[int]) -> dict[int, Sendable | NotSendable]:
    """Return why nothing is to be sent, and end what has expired."""
    if not delivery_ids:
        return {}
    now = clock.now()
    rows = Delivery.objects.filter(pk__in=delivery_ids).select_related("notification")
    late = [
        row.pk
        for row in rows
        if row.state in DELIVERY_UNFINISHED and _is_past(row.notification.expires_at, now)
    ]
    if late:
        end_deliveries(late, DeliveryState.EXPIRED, "expired before it could be sent")
    found = {row.pk: _reason(row, row.pk in late, now) for row in rows}
    gone = NotSendable("gone", "the delivery is gone")
    return {delivery_id: found.get(delivery_id, gone) for delivery_id in delivery_ids}


def _reason(delivery: Delivery, is_late: bool, now: datetime) -> NotSendable:
    if is_late:
        return NotSendable(DeliveryState.EXPIRED)
    if delivery.state != DeliveryState.FAILED:
        # Nothing else would keep one from being sent whose time has come.
        is_ready = (delivery.state, delivery.notification.state) in READY
        return LOCKED if is_ready else NotSendable(delivery.state)
    if delivery.notification.is_secret:
        return NotSendable(
            delivery.state, "its secret values were wiped when it failed; send a new notification"
        )
    if delivery.notification.wiped & BODY_WIPED:
        return NotSendable(
            delivery.state, "its content was removed since it failed; send a new notification"
        )
    if _is_past(delivery.notification.expires_at, now):
        return NotSendable(delivery.state, "it has expired; send a new notification")
    return NotSendable(delivery.state)


def _is_past(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant <= now
