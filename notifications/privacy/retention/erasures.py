"""Who has asked for a receiver to be erased: kept as long as the history of tasks, and its notification."""

from datetime import timedelta

from django.db.models import Exists, OuterRef

from notifications.models import Erasure, Notification
from notifications.removal import delete_some
from tasks_core import clock, conf

LIMIT = 500


def clean_up_erasures(*, limit: int = LIMIT) -> int:
    """Remove one batch; return how many rows. Call it again while it is not 0.

    A request whose notification is there may still have to be fulfilled.
    """
    before = clock.now() - timedelta(days=conf.current().history_retention_days)
    notification = Notification.objects.filter(pk=OuterRef("notification_id"))
    return delete_some(Erasure.objects.filter(~Exists(notification), asked_at__lt=before), limit)
