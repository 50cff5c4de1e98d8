"""Taking notifications back: by id, or because a newer one supersedes them."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from notifications.exceptions import InvalidNotification
from notifications.models import Delivery, Notification
from notifications.sending.pipeline.kept_codes import forget, forget_superseded
from notifications.sending.pipeline.settle import let_follow, lock_deliveries, settle
from notifications.sending.pipeline.wiping import secret_wiped
from notifications.states import (
    DELIVERY_UNFINISHED,
    NOTIFICATION_UNFINISHED,
    DeliveryState,
    NotificationState,
)
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidNotification)
def cancel(notification_id: int, *, reason: str) -> bool:
    """Cancel an unfinished notification; False if it had ended. A kept code is wiped in any case.

    A message that is just being sent may still arrive; the delivery then says so.
    """
    with transaction.atomic(using=database.alias()):
        forget(notification_id)
        return bool(cancel_all(Notification.objects.filter(pk=notification_id), reason))


def supersede(keys: Iterable[str]) -> int:
    """Cancel the unfinished notifications with one of these keys; call it before adding new ones.

    A lock per key makes two callers with the same key take turns, until each commits.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return 0
    with transaction.atomic(using=database.alias()):
        with database.connection().cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(key, 7462)) "
                "FROM unnest(%s::text[]) AS key",
                [wanted],
            )
        older = Notification.objects.filter(supersede_key__in=wanted)
        forget_superseded(wanted)
        return cancel_all(older, "superseded by a newer notification")


def cancel_all(notifications: "QuerySet[Notification]", reason: str) -> int:
    """Cancel those of the notifications that are unfinished, and their deliveries; return how many."""
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        unfinished = notifications.filter(state__in=NOTIFICATION_UNFINISHED)
        found = dict(unfinished.values_list("pk", "has_fallback"))
        ids = list(found)
        if not ids:
            return 0
        let_follow(ids)
        lock_deliveries(ids)
        Delivery.objects.filter(notification__in=ids, state__in=DELIVERY_UNFINISHED).update(
            state=DeliveryState.CANCELLED, error=reason, finished_at=now
        )
        cancelled = Notification.objects.filter(
            pk__in=ids, state__in=NOTIFICATION_UNFINISHED
        ).update(
            state=NotificationState.CANCELLED,
            reason=reason[:200],
            finished_at=now,
            **secret_wiped(),
        )
        # One of a ladder's deliveries may have gone out before: then it was sent.
        settle((pk for pk, has_fallback in found.items() if has_fallback), no_fallback=reason)
        return cancelled
