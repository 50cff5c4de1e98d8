"""Look at a ladder: begin the step whose turn it is, and take back what is no longer needed."""

from datetime import datetime

from notifications.models import Delivery
from notifications.rules.fallback import Ladder, Move, decide
from notifications.sending.pipeline.fallback.beginning import begin_step
from notifications.sending.pipeline.fallback.loading import load
from notifications.sending.pipeline.fallback.settling import unneeded_deliveries
from notifications.sending.pipeline.postponing import postponed_if_locked
from notifications.sending.pipeline.settle import end_deliveries, settle
from notifications.states import DeliveryState, NotificationState
from tasks_core import Snooze, clock, database

_LOCK = "SELECT id FROM notifications_notification WHERE id = %s FOR UPDATE"


def advance(notification_id: int, position: int = 0) -> str:
    """Look at the ladder of a notification; return the notification's state then.

    However often and by whomever it is called, a step begins once, and only while its turn lasts.

    Args:
        notification_id: whose ladder.
        position: the step whose time has come, if that is the reason to look.

    Raises:
        Snooze: its time has not come yet.
    """
    now = clock.now()
    with postponed_if_locked():
        with database.connection().cursor() as cursor:
            cursor.execute(_LOCK, [notification_id])
        ladder = _ladder(notification_id)
        if ladder is None:
            return "gone"
        _check_time(ladder, position, now)
        if ladder.state == NotificationState.IN_PROGRESS:
            _begin(ladder, now)
        settle([notification_id])
    return _without_unneeded(notification_id)


def _ladder(notification_id: int) -> Ladder | None:
    return next(iter(load([notification_id])), None)


def _check_time(ladder: Ladder, position: int, now: datetime) -> None:
    step = ladder.next_step
    if step is None or step.position != position or step.due_at is None:
        return
    if step.due_at > now:
        raise Snooze((step.due_at - now).total_seconds(), "the step is not due")


def _begin(ladder: Ladder, now: datetime) -> None:
    step = ladder.next_step
    decision = decide(ladder, now)
    if step is not None and decision.move is Move.BEGIN:
        begin_step(ladder.notification_id, step.position, decision.reason, now)


def _without_unneeded(notification_id: int) -> str:
    """End deliveries that another has made needless; in the order of everybody else, so without a lock."""
    ladder = _ladder(notification_id)
    if ladder is None:
        return "gone"
    if not unneeded_deliveries(ladder):
        return ladder.state
    left = Delivery.objects.filter(notification=notification_id).unfinished()
    end_deliveries(
        left.values_list("pk", flat=True),
        DeliveryState.SUPPRESSED,
        f"no longer needed: another delivery was {ladder.reached}",
    )
    again = _ladder(notification_id)
    return again.state if again else "gone"
