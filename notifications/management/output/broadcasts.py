"""Broadcasts as commands show them."""

from typing import Any

from notifications.broadcasts.progress import progress_of
from notifications.models import Broadcast

BROADCAST_COLUMNS = ("name", "state", "template", "total", "waiting", "ended", "reason")


def describe_broadcast(broadcast: Broadcast) -> dict[str, Any]:
    """Return what is known of a broadcast; none of its receivers."""
    progress = progress_of(broadcast)
    return {
        "name": broadcast.name,
        "state": broadcast.state,
        "reason": broadcast.reason,
        "template": broadcast.template,
        "channel": broadcast.channel,
        "category": broadcast.category,
        "rate": broadcast.rate,
        "total": progress.total,
        "duplicates": progress.duplicates,
        "rejected": progress.rejected,
        "waiting": progress.waiting,
        "ended": progress.ended,
        **progress.notifications,
        **{f"suppressed: {why}": count for why, count in progress.suppressed.items()},
        "run_after": broadcast.run_after,
        "expires_at": broadcast.expires_at,
        "created_at": broadcast.created_at,
        "started_at": broadcast.started_at,
        "finished_at": broadcast.finished_at,
    }
