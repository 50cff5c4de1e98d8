"""Pause, resume and cancel a broadcast."""

from django.db import transaction

from notifications.broadcasts.schedule_chunks import plan
from notifications.exceptions import BroadcastNotFound, InvalidBroadcast
from notifications.models import Broadcast, BroadcastChunk, Notification
from notifications.sending.pipeline.cancel import cancel_all
from notifications.states import BROADCAST_FINAL, CHUNK_UNFINISHED, BroadcastState, ChunkState
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidBroadcast, reason=200)
def pause_broadcast(name: str, *, reason: str = "") -> bool:
    """Hand over no more chunks; False if it does not run.

    What was handed over before is still sent: at most ``in_flight`` messages, or with a rate
    about five seconds' worth.

    Raises:
        BroadcastNotFound: there is none of this name.
    """
    return pause(_key(name), reason=reason)


@storable_arguments(InvalidBroadcast)
def resume_broadcast(name: str) -> bool:
    """Go on where it was paused; False if it is not paused.

    Raises:
        BroadcastNotFound: there is none of this name.
    """
    return resume(_key(name))


@storable_arguments(InvalidBroadcast, reason=200)
def cancel_broadcast(name: str, *, reason: str = "") -> bool:
    """End it and take back what has not been sent; False if it had ended.

    Raises:
        BroadcastNotFound: there is none of this name.
    """
    return end_early(_key(name), reason=reason or "cancelled")


def pause(broadcast_id: int, *, reason: str) -> bool:
    """Pause by id; planned chunks wait again, and their tasks find nothing to do."""
    with transaction.atomic(using=database.alias()):
        running = Broadcast.objects.filter(pk=broadcast_id, state=BroadcastState.RUNNING)
        if not running.update(state=BroadcastState.PAUSED, reason=reason[:200]):
            return False
        _unplan(broadcast_id)
        return True


def resume(broadcast_id: int) -> bool:
    """Resume by id."""
    with transaction.atomic(using=database.alias()):
        paused = Broadcast.objects.filter(pk=broadcast_id, state=BroadcastState.PAUSED)
        if not paused.update(state=BroadcastState.RUNNING, reason=""):
            return False
        plan(broadcast_id)
        return True


def end_early(broadcast_id: int, *, reason: str) -> bool:
    """Cancel by id."""
    with transaction.atomic(using=database.alias()):
        cancelled = Broadcast.objects.filter(pk=broadcast_id).exclude(state__in=BROADCAST_FINAL)
        if not cancelled.update(
            state=BroadcastState.CANCELLED, reason=reason[:200], finished_at=clock.now()
        ):
            return False
        BroadcastChunk.objects.filter(broadcast=broadcast_id, state__in=CHUNK_UNFINISHED).update(
            state=ChunkState.CANCELLED, task_id=None
        )
        cancel_all(Notification.objects.filter(broadcast=broadcast_id), reason)
        return True


def _unplan(broadcast_id: int) -> None:
    BroadcastChunk.objects.filter(broadcast=broadcast_id, state=ChunkState.PLANNED).update(
        state=ChunkState.WAITING, task_id=None
    )
    Broadcast.objects.filter(pk=broadcast_id).update(next_chunk_at=None)


def _key(name: str) -> int:
    key = Broadcast.objects.filter(name=name).values_list("pk", flat=True).first()
    if key is None:
        raise BroadcastNotFound(f"there is no broadcast {name!r}; list_broadcasts shows them")
    return key
