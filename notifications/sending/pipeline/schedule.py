"""First step: the time has come, so make the deliveries and write their messages.

What needs no thought of its own is done in one go for a whole batch. A message that cannot be written
here is left to a render task, which is tried again, or ends, without holding up the others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import OperationalError, transaction

from notifications.models import Notification
from notifications.rendering.compiled import Rendered
from notifications.sending.pipeline.fallback.enqueuing import start_timers
from notifications.sending.pipeline.hold import Collect, hold_notifications
from notifications.sending.pipeline.next_step import Next, Terms, deliver_next, enqueue_next
from notifications.sending.pipeline.render import written
from notifications.sending.pipeline.settle import end_notification
from notifications.states import DeliveryState, NotificationState
from notifications.task_payloads import RENDER
from tasks_core import PermanentError, Snooze, clock, database
from tasks_core.database import fetch_often
from tasks_core.database.bounded_locks import BOUNDED, bounded_locks
from tasks_core.database.errors import is_lock_timeout

# What follows in its transaction does not wait long for locks either.
_BEGIN = f"""
UPDATE notifications_notification
SET state = 'in_progress'
WHERE {BOUNDED} AND id = ANY(ARRAY(
    SELECT id FROM notifications_notification
    WHERE id = ANY(%(ids)s::bigint[]) AND state = 'accepted' FOR NO KEY UPDATE SKIP LOCKED
  ))
  AND state = 'accepted' AND (expires_at IS NULL OR expires_at > %(now)s)
RETURNING id, channel, critical, expires_at, correlation_id, template_version_id, context::text,
          secret_context, is_secret, has_fallback
"""  # noqa: S608  (no outside text)

_MAKE = """
INSERT INTO notifications_delivery
    (notification_id, channel, address, endpoint_id, state, message_id, created_at, rendered_at,
     subject, text, html, attempts, throttled, provider_message_id, error, parked_for)
SELECT n.id, n.channel, n.address, n.endpoint_id, m.state, replace(gen_random_uuid()::text, '-', ''),
       %(now)s, CASE WHEN m.state = 'rendered' THEN %(now)s::timestamptz END,
       m.subject, m.text, m.html, 0, 0, '', '', ''
FROM jsonb_to_recordset(%(messages)s::jsonb)
    AS m (id bigint, state text, subject text, text text, html text)
JOIN notifications_notification n ON n.id = m.id AND n.id = ANY(%(ids)s::bigint[])
ORDER BY n.id
RETURNING id, notification_id
"""


LOCKED = Snooze(1.0, "somebody else has its row locked")
"""What the task of such a notification is told."""


class _Begun(NamedTuple):
    """A notification whose time has come, and what its message is written from."""

    id: int
    channel: str
    critical: bool
    expires_at: datetime | None
    correlation_id: str
    version_id: int
    context: str
    secret_context: str
    is_secret: bool
    has_fallback: bool

    @property
    def terms(self) -> Terms:
        return Terms(self.id, self.critical, self.expires_at, self.correlation_id)


def schedule(
    notification_ids: Sequence[int],
    *,
    collect: Collect,
    traces: Mapping[int, str] | None = None,
) -> list[str | Exception]:
    """Make the deliveries of accepted notifications, but of those that are held back.

    Args:
        notification_ids: at most a message of them.
        collect: tells of what quiet hours have held, if one of these is released.
        traces: the ``traceparent`` that the next step of a notification gets, if traces are on.

    Returns:
        for each the state it is in then, or as an error why it is asked again or is gone.
    """
    try:
        return _schedule(notification_ids, collect, traces or {})
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
    if len(notification_ids) == 1:
        return [LOCKED]
    return [
        one for pk in notification_ids for one in schedule([pk], collect=collect, traces=traces)
    ]


def _schedule(
    notification_ids: Sequence[int], collect: Collect, traces: Mapping[int, str]
) -> list[str | Exception]:
    held = hold_notifications(notification_ids, collect)
    with transaction.atomic(using=database.alias()):
        begun = _begin([pk for pk in notification_ids if pk not in held])
        _make_deliveries(begun, traces)
    answers: dict[int, str | Exception] = {pk: one.answer() for pk, one in held.items()}
    answers.update((one.id, NotificationState.IN_PROGRESS.value) for one in begun)
    return [answers[pk] if pk in answers else _not_begun(pk) for pk in notification_ids]


def _begin(notification_ids: Sequence[int]) -> list[_Begun]:
    rows = fetch_often(_BEGIN, {"ids": list(notification_ids), "now": clock.now()})
    return sorted(_Begun(*row) for row in rows)  # in the order of asking


def _make_deliveries(begun: Sequence[_Begun], traces: Mapping[int, str]) -> None:
    if not begun:
        return
    messages = {one.id: _message(one) for one in begun}
    rows = [_row(pk, message) for pk, message in messages.items()]
    parameters = {"messages": json.dumps(rows), "ids": list(messages), "now": clock.now()}
    deliveries = {
        notification: delivery for delivery, notification in fetch_often(_MAKE, parameters)
    }
    terms = {one.id: replace(one.terms, traceparent=traces.get(one.id)) for one in begun}
    enqueue_next(
        deliver_next(deliveries[one.id], one.channel, terms[one.id])
        if messages[one.id] is not None
        else Next(RENDER, deliveries[one.id], terms[one.id])
        for one in begun
    )
    start_timers([one.id for one in begun if one.has_fallback], 1, clock.now())


def _message(begun: _Begun) -> Rendered | None:
    """Write the message; None if that fails, whatever the reason: the render task finds it again."""
    try:
        return written(begun.version_id, begun.context, begun.secret_context, begun.is_secret)
    except Exception:  # noqa: BLE001 see above
        return None


def _row(notification_id: int, message: Rendered | None) -> dict[str, Any]:
    state = DeliveryState.PENDING if message is None else DeliveryState.RENDERED
    content = message or Rendered("", "", "")
    return {
        "id": notification_id,
        "state": state.value,
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
    }


def _not_begun(notification_id: int) -> str | Exception:
    """Return why a notification was not begun, and end it if it has expired."""
    with bounded_locks():
        end_notification(
            notification_id,
            NotificationState.EXPIRED,
            "expired before it began",
            expired_by=clock.now(),
        )
    state = Notification.objects.filter(pk=notification_id).values_list("state", flat=True).first()
    if state is None:
        return PermanentError(f"notification {notification_id} is gone")
    return LOCKED if state == NotificationState.ACCEPTED else state
