"""Inbox messages that are old, read or not."""

from datetime import timedelta

from notifications import conf
from notifications.models import InboxMessage
from notifications.removal import delete_some
from tasks_core import clock

LIMIT = 500


def clean_up_inboxes(*, limit: int = LIMIT) -> int:
    """Remove one batch; return how many. Call it again while it is not 0."""
    days = conf.current().inbox_retention_days
    if not days:
        return 0
    old = InboxMessage.objects.filter(created_at__lt=clock.now() - timedelta(days=days))
    return delete_some(old, limit)
