"""Remove the counters of windows that have ended."""

from notifications.models import LimitCounter
from notifications.removal import delete_some
from tasks_core import clock

LIMIT = 1_000


def clean_up(*, limit: int = LIMIT) -> int:
    """Remove one batch; return how many. Call it again while it is not 0."""
    return delete_some(LimitCounter.objects.filter(ends_at__lt=clock.now()), limit)
