"""How far a broadcast has come, in numbers."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Case, Count, Value, When

from notifications.exceptions import BroadcastNotFound, InvalidBroadcast
from notifications.models import Broadcast, Notification
from notifications.states import NOTIFICATION_UNFINISHED, NotificationState
from tasks_core.arguments import storable_arguments


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The counts add up: ``total`` is ``rejected``, ``waiting`` and all of ``notifications``."""

    total: int
    """Receivers, each address once."""
    rejected: int
    """Receivers that no message could be made for."""
    waiting: int
    """Receivers that have not been handed over."""
    duplicates: int
    notifications: dict[str, int] = field(default_factory=dict)
    """Notifications by state; every state is there."""
    suppressed: dict[str, int] = field(default_factory=dict)
    """Why receivers did not get it, with their numbers: preferences, the suppression list, others."""

    @property
    def ended(self) -> int:
        """Receivers for whom nothing more will happen."""
        unfinished = sum(self.notifications[state.value] for state in NOTIFICATION_UNFINISHED)
        return self.total - self.waiting - unfinished


@storable_arguments(InvalidBroadcast)
def broadcast_progress(name: str) -> Progress:
    """Count what became of a broadcast's receivers, with two queries.

    Raises:
        BroadcastNotFound: there is none of this name.
    """
    broadcast = Broadcast.objects.filter(name=name).first()
    if broadcast is None:
        raise BroadcastNotFound(f"there is no broadcast {name!r}; list_broadcasts shows them")
    return progress_of(broadcast)


def progress_of(broadcast: Broadcast) -> Progress:
    """Count by state what a broadcast's notifications have become."""
    why = Case(When(state=NotificationState.SUPPRESSED, then="reason"), default=Value(""))
    rows = (
        Notification.objects.filter(broadcast=broadcast)
        .order_by()
        .annotate(why=why)
        .values_list("state", "why")
        .annotate(Count("id"))
    )
    found: Counter[str] = Counter()
    suppressed: dict[str, int] = {}
    for state, reason, count in rows:
        found[state] += count
        if reason:
            suppressed[reason] = count
    return Progress(
        total=broadcast.receivers_total,
        rejected=broadcast.rejected,
        waiting=broadcast.receivers_total - broadcast.rejected - broadcast.handed_over,
        duplicates=broadcast.duplicates,
        notifications={state.value: found[state.value] for state in NotificationState},
        suppressed=suppressed,
    )
