"""What running broadcasts need again and again: more planned, an end noticed, leftovers removed."""

from django.db.models import Exists, OuterRef

from notifications.broadcasts.control import end_early
from notifications.broadcasts.schedule_chunks import plan
from notifications.models import Broadcast, BroadcastChunk, BroadcastReceiver, Notification
from notifications.removal import delete_some
from notifications.states import (
    CHUNK_UNFINISHED,
    NOTIFICATION_UNFINISHED,
    BroadcastState,
    ChunkState,
)
from tasks_core import clock
from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, bounded_locks
from tasks_core.database.row_backoff import RowBackoff

BATCH = 2000
_failing = RowBackoff("broadcast {} cannot go on", "Mend what raises, or cancel it.")


def advance_broadcasts() -> int:
    """Plan what there is room for, end what has expired or is complete; return how many run."""
    well = Broadcast.objects.exclude(pk__in=_failing.ids())
    late = well.unfinished().filter(expires_at__lte=clock.now())
    for broadcast_id in list(late.values_list("pk", flat=True)):
        with _failing.stepping_past(broadcast_id), bounded_locks(seconds=BRIEF_LOCK_SECONDS):
            end_early(broadcast_id, reason="expired before all of it was sent")
    running = list(well.filter(state=BroadcastState.RUNNING).values_list("pk", flat=True))
    for broadcast_id in running:
        with _failing.stepping_past(broadcast_id), bounded_locks(seconds=BRIEF_LOCK_SECONDS):
            if not plan(broadcast_id):
                finish(broadcast_id)
    return len(running)


def finish(broadcast_id: int) -> bool:
    """End a broadcast whose notifications have all ended; False if there is more to come."""
    chunks = BroadcastChunk.objects.filter(broadcast=OuterRef("pk"), state__in=CHUNK_UNFINISHED)
    unsent = Notification.objects.filter(
        broadcast=OuterRef("pk"), state__in=NOTIFICATION_UNFINISHED
    )
    complete = Broadcast.objects.filter(
        ~Exists(chunks), ~Exists(unsent), pk=broadcast_id, state=BroadcastState.RUNNING
    )
    return bool(complete.update(state=BroadcastState.FINISHED, finished_at=clock.now()))


def remove_leftovers() -> int:
    """Delete, in batches, receivers of cancelled chunks: nothing will be sent to them."""
    return delete_some(BroadcastReceiver.objects.filter(chunk__state=ChunkState.CANCELLED), BATCH)
