"""Hand a chunk over to the pipeline: its notifications and its end in one transaction."""

from collections.abc import Sequence
from itertools import groupby

from notifications.broadcasts.schedule_chunks import plan
from notifications.channel_api.registry import channel_named
from notifications.exceptions import InvalidNotification
from notifications.intake.acceptance import accept
from notifications.intake.validation import Terms, validate
from notifications.message import Message, Validated
from notifications.models import Broadcast, BroadcastChunk, BroadcastReceiver
from notifications.sending.pipeline.postponing import postponed_if_locked
from notifications.states import BroadcastState, ChunkState
from tasks_core import clock


def send_chunk(chunk_id: int, task_id: int) -> str:
    """Make the notifications of a chunk, once; return the chunk's state.

    It changes nothing unless the broadcast runs and the chunk was planned for this very task.
    """
    chunk = BroadcastChunk.objects.filter(pk=chunk_id).first()
    if chunk is None:
        return "gone"
    with postponed_if_locked():
        # The same lock as for pausing and cancelling: after those, no chunk is under way.
        broadcast = (
            Broadcast.objects.select_for_update(no_key=True)
            .filter(pk=chunk.broadcast_id, state=BroadcastState.RUNNING)
            .first()
        )
        planned = BroadcastChunk.objects.filter(
            pk=chunk_id, state=ChunkState.PLANNED, task_id=task_id
        )
        if (
            broadcast is not None
            and not _is_late(broadcast)
            and planned.update(state=ChunkState.HANDED_OVER, handed_over_at=clock.now())
        ):
            _send(broadcast, chunk)
            plan(broadcast.pk)
    chunk.refresh_from_db()
    return chunk.state


def _is_late(broadcast: Broadcast) -> bool:
    return broadcast.expires_at is not None and broadcast.expires_at <= clock.now()


def _send(broadcast: Broadcast, chunk: BroadcastChunk) -> None:
    receivers = BroadcastReceiver.objects.filter(chunk=chunk, problem="").select_related(
        "endpoint", "recipient", "template_version__template"
    )
    made = 0
    wrong = 0
    ordered = receivers.order_by("template_version_id", "pk")
    for _, group in groupby(ordered, key=lambda row: row.template_version_id):
        rows = list(group)
        notifications, rejected = _still_valid(broadcast, rows)
        accept(notifications)
        made += len(notifications)
        wrong += rejected
    BroadcastReceiver.objects.filter(chunk=chunk, problem="").delete()
    Broadcast.objects.filter(pk=broadcast.pk, state=BroadcastState.RUNNING).update(
        handed_over=broadcast.handed_over + made, rejected=broadcast.rejected + wrong
    )


def _still_valid(
    broadcast: Broadcast, rows: Sequence[BroadcastReceiver]
) -> tuple[list[Validated], int]:
    """Check receivers again; one that has become wrong since the snapshot stops no other."""
    try:
        return _validated(broadcast, rows), 0
    except InvalidNotification:
        found: list[Validated] = []
        for row in rows:
            try:
                found.extend(_validated(broadcast, [row]))
            except InvalidNotification as error:
                _reject(row, str(error))
        return found, len(rows) - len(found)


def _validated(broadcast: Broadcast, rows: Sequence[BroadcastReceiver]) -> list[Validated]:
    version = rows[0].template_version
    assert version is not None  # only rejected receivers have none
    now = clock.now()
    terms = Terms(
        version=version,
        channel=channel_named(broadcast.channel),
        category=broadcast.category,
        critical=False,
        run_after=now,
        now=now,
    )
    validated = validate([_message(broadcast, row) for row in rows], terms)
    for one in validated:
        one.row.broadcast_id = broadcast.pk
    return validated


def _message(broadcast: Broadcast, row: BroadcastReceiver) -> Message:
    return Message(
        to=row.recipient or row.endpoint or row.address,
        context=row.context,
        expires_at=broadcast.expires_at,
        idempotency_key=f"broadcast-{broadcast.pk}-{row.identity.hex}",
        correlation_id=f"broadcast-{broadcast.pk}",
    )


def _reject(row: BroadcastReceiver, problem: str) -> None:
    BroadcastReceiver.objects.filter(pk=row.pk, problem="").update(problem=problem[:300])
