"""A part of a broadcast's audience that is handed over in one transaction."""

from django.db import models
from django.db.models import Q

from notifications.states import CHUNK_UNFINISHED, ChunkState
from tasks_core.models.platform_model import PlatformModel


class BroadcastChunk(PlatformModel):
    """The broadcast's cursor: a chunk is handed over or it is not."""

    broadcast = models.ForeignKey(
        "notifications.Broadcast",
        on_delete=models.CASCADE,
        related_name="chunks",
        db_index=False,
    )
    number = models.PositiveIntegerField(help_text="Counts from 1 within the broadcast.")
    size = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=ChunkState.choices, default=ChunkState.WAITING)
    # The tasks are removed earlier than the chunks, so this is no foreign key.
    task_id = models.BigIntegerField(
        null=True, blank=True, help_text="The task that hands it over; any other changes nothing."
    )
    handed_over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("broadcast", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("broadcast", "number"), name="notifications_chunk_number"
            ),
        )
        indexes = (
            models.Index(
                fields=("broadcast", "state", "number"),
                condition=Q(state__in=CHUNK_UNFINISHED),
                name="notifications_chunk_open",
            ),
        )

    def __str__(self) -> str:
        return f"chunk {self.number} of {self.broadcast}"
