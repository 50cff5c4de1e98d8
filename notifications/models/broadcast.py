"""One message to a large audience, handed over chunk by chunk."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from notifications.states import BROADCAST_FINAL, BroadcastState
from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class BroadcastQuerySet(PlatformQuerySet["Broadcast"]):
    """Broadcasts, asked for in the words of the app."""

    def unfinished(self) -> "BroadcastQuerySet":
        """Those that have not ended."""
        return self.exclude(state__in=BROADCAST_FINAL)


class Broadcast(PlatformModel):
    """What is sent, how fast, and how much of it has been handed over.

    Rows are changed by conditional updates only (``notifications.broadcasts``).
    """

    name = models.CharField(max_length=150, unique=True)
    template = models.CharField(max_length=100)
    channel = models.CharField(max_length=20)
    locale = models.CharField(max_length=20, blank=True)
    category = models.CharField(max_length=64, blank=True)
    state = models.CharField(
        max_length=16, choices=BroadcastState.choices, default=BroadcastState.DRAFT
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why it is paused or ended.")
    rate = models.FloatField(
        null=True, blank=True, help_text="Messages a second; empty is as fast as they are sent."
    )
    chunk_size = models.PositiveIntegerField(help_text="Receivers that are handed over at once.")
    in_flight = models.PositiveIntegerField(
        help_text="No chunk is handed over while so many messages wait to be sent."
    )
    run_after = models.DateTimeField(null=True, blank=True, help_text="Nothing is sent before.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Nothing is sent after.")
    next_chunk_at = models.DateTimeField(
        null=True, blank=True, help_text="By its rate, the next chunk may go from then on."
    )
    chunks_made = models.PositiveIntegerField(default=0)
    receivers_total = models.PositiveIntegerField(default=0, help_text="Each address once.")
    duplicates = models.PositiveIntegerField(
        default=0, help_text="Entries of the audience whose address it had already."
    )
    rejected = models.PositiveIntegerField(
        default=0, help_text="Receivers that no message could be made for."
    )
    handed_over = models.PositiveIntegerField(default=0, help_text="Receivers with a notification.")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = BroadcastQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=BroadcastState.values), name="notifications_broadcast_state"
            ),
            readable("notifications_broadcast", "run_after", "expires_at"),
        )
        indexes = (
            models.Index(
                fields=("state",),
                condition=~Q(state__in=BROADCAST_FINAL),
                name="notifications_broadcast_open",
            ),
        )

    def __str__(self) -> str:
        return self.name
