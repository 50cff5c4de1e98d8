"""Write a message. The first step does so for whole batches; this step is for those that failed there."""

import json
from datetime import datetime
from typing import NamedTuple

from notifications.confidential import open_variables
from notifications.exceptions import RenderingFailed
from notifications.message_templates.compiled import compiled_version
from notifications.rendering.compiled import Rendered
from notifications.sending.pipeline.next_step import Terms, deliver_next, enqueue_next
from notifications.sending.pipeline.postponing import postponed_if_locked
from notifications.sending.pipeline.settle import end_deliveries
from notifications.states import NOTIFICATION_FINAL, DeliveryState, NotificationState
from tasks_core import PermanentError, clock, database

_LOAD = """
SELECT d.id, d.state, d.channel, n.id, n.state, n.reason,
       COALESCE(d.template_version_id, n.template_version_id), n.context::text, n.secret_context,
       n.is_secret, n.critical, n.expires_at, n.correlation_id
FROM notifications_delivery d JOIN notifications_notification n ON n.id = d.notification_id
WHERE d.id = %s
"""

_MOVE = """
UPDATE notifications_delivery d
SET state = 'rendered', rendered_at = %(now)s, subject = %(subject)s, text = %(text)s, html = %(html)s
FROM notifications_notification n
WHERE d.id = %(id)s AND d.state = 'pending' AND n.id = d.notification_id AND n.state = 'in_progress'
"""

_EMPTY = Rendered("", "", "")


class _Pending(NamedTuple):
    """A delivery and what of its notification is needed to write its message."""

    id: int
    state: str
    channel: str
    notification_id: int
    notification_state: str
    reason: str
    version_id: int
    context: str
    secret_context: str
    is_secret: bool
    critical: bool
    expires_at: datetime | None
    correlation_id: str


def render(delivery_id: int) -> str:
    """Render a pending delivery; return the state it is in then."""
    pending = _load(delivery_id)
    if pending.state != DeliveryState.PENDING:
        return pending.state
    if pending.notification_state in NOTIFICATION_FINAL:
        return _follow(pending)
    if pending.expires_at is not None and pending.expires_at <= clock.now():
        end_deliveries([delivery_id], DeliveryState.EXPIRED, "expired before it was rendered")
        return DeliveryState.EXPIRED.value
    if _move(pending, _content(pending)):
        return DeliveryState.RENDERED.value
    return _load(delivery_id).state


def written(version_id: int, context: str, secret_context: str, is_secret: bool) -> Rendered:
    """Write the message of a notification from its stored variables.

    The message of a secret notification is written to see that it can be, and thrown away: it is
    written again in memory when it is sent.

    Raises:
        RenderingFailed: names the part, the line and the variable.
    """
    variables = {**json.loads(context), **open_variables(secret_context)}
    content = compiled_version(version_id).render(variables)
    return _EMPTY if is_secret else content


def _content(pending: _Pending) -> Rendered:
    try:
        return written(
            pending.version_id, pending.context, pending.secret_context, pending.is_secret
        )
    except RenderingFailed as error:
        raise PermanentError(str(error)) from None


def _move(pending: _Pending, content: Rendered) -> bool:
    """Store the message and enqueue its delivery; False if the delivery has moved meanwhile."""
    with postponed_if_locked():
        with database.connection().cursor() as cursor:
            parts = {"subject": content.subject, "text": content.text, "html": content.html}
            cursor.execute(_MOVE, {"id": pending.id, "now": clock.now(), **parts})
            if not cursor.rowcount:
                return False
        terms = Terms(
            pending.notification_id, pending.critical, pending.expires_at, pending.correlation_id
        )
        enqueue_next([deliver_next(pending.id, pending.channel, terms)])
    return True


def _follow(pending: _Pending) -> str:
    """End a delivery that was made while its notification was being cancelled."""
    state = {
        NotificationState.EXPIRED: DeliveryState.EXPIRED,
        NotificationState.FAILED: DeliveryState.FAILED,
        NotificationState.SUPPRESSED: DeliveryState.SUPPRESSED,
    }.get(NotificationState(pending.notification_state), DeliveryState.CANCELLED)
    end_deliveries([pending.id], state, pending.reason)
    return state.value


def _load(delivery_id: int) -> _Pending:
    with database.connection().cursor() as cursor:
        cursor.execute(_LOAD, [delivery_id])
        row = cursor.fetchone()
    if row is None:
        raise PermanentError(f"delivery {delivery_id} is gone")
    return _Pending(*row)
