"""Things that happened to one receiver within a time, told in one message."""

from django.db import models
from django.db.models import Q

from notifications.states import DIGEST_UNFINISHED, DigestState
from tasks_core.models.platform_model import PlatformModel


class Digest(PlatformModel):
    """A window that collects items. At most one is open for a receiver, template, category and key.

    Rows are changed by conditional updates only (``notifications.digests``).
    """

    template = models.CharField(max_length=100)
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=2048)
    endpoint = models.ForeignKey(
        "notifications.Endpoint",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    locale = models.CharField(max_length=20, blank=True)
    category = models.CharField(max_length=64, blank=True)
    key = models.CharField(max_length=200, help_text="What the caller collects under.")
    identity = models.UUIDField(help_text="Digest of all that makes two items belong together.")
    state = models.CharField(max_length=10, choices=DigestState.choices, default=DigestState.OPEN)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it could not be closed.")
    items_count = models.PositiveIntegerField(default=0)
    items_bytes = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    notification = models.OneToOneField(
        "notifications.Notification",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="digest",
    )

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("identity",),
                condition=Q(state=DigestState.OPEN),
                name="notifications_digest_open",
            ),
        )
        indexes = (
            models.Index(
                fields=("closes_at",),
                condition=Q(state__in=DIGEST_UNFINISHED),
                name="notifications_digest_closing",
            ),
            models.Index(
                fields=("category", "closed_at"),
                condition=Q(closed_at__isnull=False),
                name="notifications_digest_ended",
            ),
        )

    def __str__(self) -> str:
        return f"Digest {self.pk}"
