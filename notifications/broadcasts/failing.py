"""What follows when the task of a chunk ends without having handed it over.

This runs in the transaction that ends the tasks.
"""

from collections.abc import Iterable

from notifications.broadcasts.control import pause
from notifications.models import BroadcastChunk
from notifications.states import ChunkState
from notifications.task_payloads import SEND_CHUNK
from tasks_core.signals import UnsuccessfulTask


def follow_unsuccessful_chunks(tasks: Iterable[UnsuccessfulTask]) -> None:
    """Pause their broadcasts: whoever resumes one plans the chunk again."""
    for task in tasks:
        if task.task_type == SEND_CHUNK and isinstance(task.payload, dict):
            _put_back(task, task.payload.get("chunk"))


def _put_back(task: UnsuccessfulTask, chunk_id: object) -> None:
    if not isinstance(chunk_id, int):
        return
    planned = BroadcastChunk.objects.filter(
        pk=chunk_id, task_id=task.task_id, state=ChunkState.PLANNED
    )
    chunk = planned.first()
    if chunk is not None and planned.update(state=ChunkState.WAITING, task_id=None):
        why = task.error or f"its task was {task.state.value.lower()}"
        pause(chunk.broadcast_id, reason=f"chunk {chunk.number}: {why}; resume to try it again")
