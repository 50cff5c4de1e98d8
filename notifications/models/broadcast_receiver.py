"""Somebody a broadcast has still to reach."""

from django.db import models
from django.db.models import Q

from tasks_core.models.platform_model import PlatformModel


class BroadcastReceiver(PlatformModel):
    """One address of the snapshot, with its own variables.

    The row goes in the transaction that makes its notification. What stays has a ``problem``.
    """

    broadcast = models.ForeignKey(
        "notifications.Broadcast",
        on_delete=models.CASCADE,
        related_name="receivers",
        db_index=False,
    )
    chunk = models.ForeignKey(
        "notifications.BroadcastChunk",
        null=True,
        on_delete=models.CASCADE,
        related_name="receivers",
        help_text="Empty for a receiver that was rejected at the snapshot.",
    )
    identity = models.UUIDField(help_text="Keyed hash of the address; an audience has each once.")
    address = models.CharField(max_length=2048)
    endpoint = models.ForeignKey(
        "notifications.Endpoint",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    recipient = models.ForeignKey(
        "notifications.Recipient",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="Who is behind the address, if the audience names recipients by their keys.",
    )
    template_version = models.ForeignKey(
        "notifications.TemplateVersion",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Pinned when the snapshot was taken.",
    )
    context = models.JSONField(default=dict)
    problem = models.CharField(
        max_length=300, blank=True, help_text="Why no message could be made for it."
    )

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("broadcast", "identity"), name="notifications_receiver_once"
            ),
            models.UniqueConstraint(
                fields=("recipient", "broadcast"),
                condition=Q(recipient__isnull=False),
                name="notifications_receiver_recipient",
            ),
        )

    def __str__(self) -> str:
        return f"receiver {self.pk} of broadcast {self.broadcast_id}"
