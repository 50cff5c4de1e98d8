"""Give the next few chunks of a broadcast a task each, at the times that its rate allows."""

from datetime import datetime, timedelta

from django.db import transaction

import tasks_core
from notifications.models import Broadcast, BroadcastChunk, Notification
from notifications.states import BroadcastState, ChunkState
from notifications.task_payloads import SEND_CHUNK
from tasks_core import clock, database

AHEAD = 3
"""So many chunks have a task at any time: a million receivers are never a million tasks."""


def plan(broadcast_id: int) -> int:
    """Plan chunks of a running broadcast as far as there is room; return how many."""
    with transaction.atomic(using=database.alias()):
        broadcast = (
            Broadcast.objects.select_for_update(no_key=True)
            .filter(pk=broadcast_id, state=BroadcastState.RUNNING)
            .first()
        )
        if broadcast is None:
            return 0
        chunks = list(
            BroadcastChunk.objects.filter(broadcast=broadcast, state=ChunkState.WAITING).order_by(
                "number"
            )[: _room(broadcast)]
        )
        at = _first_time(broadcast)
        for chunk in chunks:
            _plan(broadcast, chunk, at)
            at = _time_after(broadcast, chunk, at)
        if chunks:
            Broadcast.objects.filter(pk=broadcast_id).update(next_chunk_at=at)
        return len(chunks)


def _room(broadcast: Broadcast) -> int:
    planned = BroadcastChunk.objects.filter(broadcast=broadcast, state=ChunkState.PLANNED).count()
    unsent = Notification.objects.filter(broadcast=broadcast).unfinished()
    waiting = unsent[: broadcast.in_flight].count() + planned * broadcast.chunk_size
    fitting = (broadcast.in_flight - waiting) // broadcast.chunk_size
    least = 0 if waiting else 1  # a chunk larger than in_flight goes alone
    return max(0, min(AHEAD - planned, max(fitting, least)))


def _first_time(broadcast: Broadcast) -> datetime:
    """Late chunks do not make up for lost time: that would exceed the rate."""
    wanted = (clock.now(), broadcast.run_after, broadcast.next_chunk_at)
    return max(instant for instant in wanted if instant is not None)


def _time_after(broadcast: Broadcast, chunk: BroadcastChunk, at: datetime) -> datetime:
    return at + timedelta(seconds=chunk.size / broadcast.rate) if broadcast.rate else at


def _plan(broadcast: Broadcast, chunk: BroadcastChunk, at: datetime) -> None:
    task = tasks_core.enqueue(
        SEND_CHUNK,
        {"chunk": chunk.pk},
        run_after=at,
        correlation_id=f"broadcast-{broadcast.pk}",
        inner=True,
    )
    BroadcastChunk.objects.filter(pk=chunk.pk, state=ChunkState.WAITING).update(
        state=ChunkState.PLANNED, task_id=task.pk
    )
