"""What a provider reported about one message."""

from django.db import models

from notifications.rules.provider_events import Bounce, EventKind
from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel


class ProviderEvent(PlatformModel):
    """Stored once for each id of its source. The address and the provider's own words stay out of it."""

    source = models.CharField(max_length=50)
    event_id = models.CharField(
        max_length=200, help_text="The source's id; a second one is ignored."
    )
    kind = models.CharField(
        max_length=16, choices=[(kind.value, kind.value.capitalize()) for kind in EventKind]
    )
    bounce = models.CharField(
        max_length=4, blank=True, choices=[(one.value, one.value.capitalize()) for one in Bounce]
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Short, as the source has it.")
    channel = models.CharField(max_length=20)
    address_hash = models.CharField(max_length=32, blank=True)
    message_id = models.CharField(max_length=200, blank=True, help_text="Ours, or the provider's.")
    delivery = models.ForeignKey(
        "notifications.Delivery",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="provider_events",
    )
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            readable("notifications_providerevent", "occurred_at"),
            models.UniqueConstraint(
                fields=("source", "event_id"), name="notifications_provider_event_id"
            ),
        )
        indexes = (
            models.Index(
                fields=("message_id",),
                condition=models.Q(delivery=None) & ~models.Q(message_id=""),
                name="notifications_event_unmatched",
            ),
            models.Index(fields=("received_at",), name="notifications_event_age"),
        )

    def __str__(self) -> str:
        return f"{self.kind} from {self.source}"
