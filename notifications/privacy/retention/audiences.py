"""What finished broadcasts leave behind: receivers that were rejected, and at last their own rows."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from notifications.models import Broadcast, BroadcastReceiver, Notification
from notifications.privacy.retention.rules import load_rules
from notifications.removal import delete_some
from notifications.states import BROADCAST_FINAL
from tasks_core import clock

LIMIT = 500


def clean_up_broadcasts(*, limit: int = LIMIT) -> int:
    """Remove one batch of each kind; return how many rows. Call it again while it is not 0.

    The addresses of rejected receivers go with the bodies of the broadcast's category, and the broadcast
    itself with its rows, when no notification of it is left.
    """
    now, rules = clock.now(), load_rules()
    ended = Broadcast.objects.filter(state__in=BROADCAST_FINAL).order_by()
    removed = 0
    for category in ended.values_list("category", flat=True).distinct():
        rule = rules.of(category)
        old = ended.filter(category=category)
        removed += _receivers(old, now, rule.body, limit)
        removed += _broadcasts(old, now, rule.row, limit)
    return removed


def _receivers(ended: QuerySet[Broadcast], now: datetime, days: float, limit: int) -> int:
    if not days:
        return 0
    old = ended.filter(finished_at__lt=now - timedelta(days=days))
    left = BroadcastReceiver.objects.filter(broadcast__in=old).order_by()
    return delete_some(left, limit)


def _broadcasts(ended: QuerySet[Broadcast], now: datetime, days: float, limit: int) -> int:
    if not days:
        return 0
    notifications = Notification.objects.filter(broadcast=OuterRef("pk"))
    receivers = BroadcastReceiver.objects.filter(broadcast=OuterRef("pk"))
    old = ended.filter(
        ~Exists(notifications), ~Exists(receivers), finished_at__lt=now - timedelta(days=days)
    )
    return delete_some(old, limit)
