"""How deliveries end, and how their notification follows them.

Locks are taken in one order everywhere: deliveries by their ids, before their attempts and notifications.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from notifications.models import Delivery, Notification
from notifications.sending.endpoint_lanes.parking import wake_successors
from notifications.sending.pipeline.fallback.settling import follow_ladders, skip_steps
from notifications.sending.pipeline.wiping import secret_wiped
from notifications.states import DELIVERY_UNFINISHED, DeliveryState, NotificationState
from tasks_core import clock, database
from tasks_core.database import fetch_often
from tasks_core.database.bounded_locks import bounded_locks

_LOCK = """
SELECT id, has_fallback FROM notifications_notification
WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE
"""

# The deliveries are looked up for each notification: all at once, the planner reads the whole table, because
# it does not know how few there are.
_SETTLE = """
UPDATE notifications_notification n
SET state = CASE WHEN d.sent THEN 'sent' WHEN d.failed THEN 'failed'
                 WHEN d.expired THEN 'expired' WHEN d.suppressed THEN 'suppressed'
                 ELSE 'cancelled' END,
    reason = CASE WHEN d.sent THEN '' WHEN n.reason <> '' THEN n.reason ELSE left(d.error, 200) END,
    finished_at = %(now)s,
    secret_context = '',
    content_digest = CASE WHEN n.is_secret THEN '' ELSE n.content_digest END
FROM unnest(%(ids)s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT bool_or(state IN ('sent', 'delivered')) AS sent,
           bool_or(state IN ('failed', 'rejected', 'bounced')) AS failed,
           bool_or(state IN ('rejected', 'bounced')) AS returned,
           bool_or(state = 'expired') AS expired,
           bool_or(state = 'suppressed') AS suppressed,
           bool_or(state IN ('pending', 'rendered', 'sending')) AS open,
           max(error) AS error
    FROM notifications_delivery
    WHERE notification_id = asked.id
    HAVING count(*) > 0
) d
WHERE n.id = asked.id AND n.id = ANY(%(ids)s::bigint[])
  AND NOT d.open
  AND NOT (n.has_fallback AND EXISTS (
      SELECT FROM notifications_ladderstep s WHERE s.notification_id = n.id AND s.state = 'waiting'))
  AND (n.state = 'in_progress'
       OR (d.sent AND n.state IN ('failed', 'expired', 'cancelled', 'suppressed'))
       OR (d.returned AND NOT d.sent AND n.state = 'sent'))
RETURNING n.id, n.order_key <> ''
"""


def settle(notification_ids: Iterable[int], *, no_fallback: str = "") -> None:
    """End the notifications whose deliveries have all ended, and wipe their secrets.

    The rows are locked first, in a statement of their own: of two deliveries that end at the same
    instant, the second then sees the first. One with a fallback ends when no step of it is left;
    ``no_fallback`` says why none is to begin.
    """
    ids = sorted(set(notification_ids))
    if not ids:
        return
    with transaction.atomic(using=database.alias(), savepoint=False):
        locked = fetch_often(_LOCK, {"ids": ids})
        follow_ladders([pk for pk, has_fallback in locked if has_fallback], no_fallback)
        ended = fetch_often(_SETTLE, {"ids": ids, "now": clock.now()})
        let_follow([pk for pk, has_order in ended if has_order])


def lock_deliveries(notification_ids: Iterable[int]) -> None:
    """Lock the deliveries of notifications until the transaction ends."""
    found = Delivery.objects.filter(notification__in=list(notification_ids)).order_by("pk")
    list(found.select_for_update(no_key=True).values_list("pk"))


def let_follow(notification_ids: list[int]) -> None:
    """Wake what waits in order behind notifications that end in this transaction, once they have."""
    if notification_ids:
        transaction.on_commit(
            lambda: wake_successors(notification_ids), using=database.alias(), robust=True
        )


def end_deliveries(
    delivery_ids: Iterable[int], state: DeliveryState, error: str, *, no_fallback: str = ""
) -> int:
    """End those of the deliveries that have not ended, and settle their notifications."""
    with bounded_locks():
        open_ones = Delivery.objects.filter(pk__in=list(delivery_ids)).unfinished()
        found = dict(open_ones.select_for_update().order_by("pk").values_list("pk", "notification"))
        ended = Delivery.objects.filter(pk__in=found, state__in=DELIVERY_UNFINISHED).update(
            state=state, error=error, finished_at=clock.now()
        )
        settle(found.values(), no_fallback=no_fallback)
    return ended


def end_notification(
    notification_id: int,
    state: NotificationState,
    reason: str,
    *,
    expired_by: datetime | None = None,
) -> bool:
    """End a notification that has no deliveries yet, and wipe its secret.

    With ``expired_by`` only if it has expired by then. False if nothing was changed.
    """
    found = Notification.objects.filter(pk=notification_id, state=NotificationState.ACCEPTED)
    if expired_by is not None:
        found = found.filter(expires_at__lte=expired_by)
    ended = found.update(
        state=state, reason=reason[:200], finished_at=clock.now(), **secret_wiped()
    )
    if ended:
        skip_steps([notification_id], f"the notification is {state.value}")
        let_follow([notification_id])
    return bool(ended)
