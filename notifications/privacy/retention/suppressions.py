"""Entries of the suppression list that have expired, and counts of bounces that are too old to matter."""

from datetime import timedelta

from notifications import conf
from notifications.models import SoftBounces, Suppression
from notifications.removal import delete_some
from tasks_core import clock

LIMIT = 500


def clean_up_suppressions(*, limit: int = LIMIT) -> int:
    """Remove one batch of each kind; return how many. Call it again while it is not 0."""
    now = clock.now()
    window = timedelta(days=conf.current().soft_bounce_window_days)
    expired = Suppression.objects.filter(expires_at__lte=now)
    forgotten = SoftBounces.objects.filter(last_at__lt=now - window)
    return delete_some(expired, limit) + delete_some(forgotten, limit)
