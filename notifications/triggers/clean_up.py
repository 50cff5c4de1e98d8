"""Remove events and logs by age, in small batches that never stand in the way."""

from datetime import datetime, timedelta

from notifications import conf
from notifications.models import TriggerEvent, TriggerInvocation
from notifications.removal import delete_some
from notifications.states import TRIGGER_EVENT_UNFINISHED
from tasks_core import clock

LIMIT = 1_000


def clean_up(*, limit: int = LIMIT) -> int:
    """Remove one batch of each that is older than its retention; return how many.

    Call it again while it is not 0.
    """
    now = clock.now()
    settings = conf.current()
    removed = 0
    if settings.trigger_retention_days:
        before = now - timedelta(days=settings.trigger_retention_days)
        removed += delete_events(before, limit=limit)
    if settings.trigger_log_retention_days:
        before = now - timedelta(days=settings.trigger_log_retention_days)
        removed += delete_logs(before, limit=limit)
    return removed


def delete_events(before: datetime, *, trigger_id: int | None = None, limit: int = LIMIT) -> int:
    """Remove events that ended before an instant, with their logs; return how many. One batch."""
    old = TriggerEvent.objects.filter(finished_at__lt=before)
    old = old.exclude(status__in=TRIGGER_EVENT_UNFINISHED)
    return delete_some(old if trigger_id is None else old.filter(trigger=trigger_id), limit)


def delete_logs(before: datetime, *, trigger_id: int | None = None, limit: int = LIMIT) -> int:
    """Remove logs that were written before an instant, and leave the events; return how many."""
    old = TriggerInvocation.objects.filter(created_at__lt=before)
    return delete_some(old if trigger_id is None else old.filter(event__trigger=trigger_id), limit)
