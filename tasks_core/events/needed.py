"""What keeps old events from being removed."""

from datetime import datetime

from django.db.models import Min

from tasks_core.events.lag import with_lag
from tasks_core.models import EventSubscription


def needed_since() -> datetime | None:
    """Return when the oldest event happened that a subscriber still has to read; None if there is none."""
    cursors = with_lag(EventSubscription.objects.all())
    since: datetime | None = cursors.aggregate(since=Min("unread_since"))["since"]
    return since
