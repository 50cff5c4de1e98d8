"""A message that people read inside the application."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class InboxMessageQuerySet(PlatformQuerySet["InboxMessage"]):
    """Messages, asked for in the words of the app."""

    def of(self, owner: str) -> "InboxMessageQuerySet":
        """Those of one owner."""
        return self.filter(owner=owner)

    def unread(self) -> "InboxMessageQuerySet":
        """Those not yet marked as read."""
        return self.filter(read_at=None)


class InboxMessage(PlatformModel):
    """One message in the inbox of one owner; at most one for each delivery."""

    delivery = models.OneToOneField(
        "notifications.Delivery", on_delete=models.CASCADE, related_name="inbox_message"
    )
    owner = models.CharField(max_length=200, help_text="Whose inbox; see INBOX_OWNER.")
    title = models.CharField(max_length=500)
    text = models.TextField()
    category = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = InboxMessageQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("owner", "-id"), name="notifications_inbox_feed"),
            models.Index(
                fields=("owner", "-id"),
                condition=Q(read_at=None),
                name="notifications_inbox_unread",
            ),
            models.Index(fields=("created_at",), name="notifications_inbox_age"),
        )

    def __str__(self) -> str:
        return f"Inbox message {self.pk}"
