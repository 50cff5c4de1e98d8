"""One message on its way to one address by one channel."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from notifications.models.address_hash import address_hash, is_address
from notifications.states import DELIVERY_UNFINISHED, DELIVERY_UNSUCCESSFUL, DeliveryState


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, asked for in the words of the app."""

    def unfinished(self) -> DeliveryQuerySet:
        """Those that may still be sent."""
        return self.filter(state__in=DELIVERY_UNFINISHED)

    def to_address(self, address: str) -> DeliveryQuerySet:
        """Those to an address, in capitals or not, found by its index."""
        return self.filter(is_address(address))


class Delivery(models.Model):
    """Where a notification goes, how far it has come, and what was rendered for it."""

    notification = models.ForeignKey(
        "notifications.Notification", on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=2048)
    endpoint = models.ForeignKey(
        "notifications.Endpoint",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
    )
    template_version = models.ForeignKey(
        "notifications.TemplateVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Of a fallback, whose channel has a template of its own; empty: the notification's.",
    )
    state = models.CharField(
        max_length=16, choices=DeliveryState.choices, default=DeliveryState.PENDING
    )
    message_id = models.CharField(
        max_length=32,
        help_text="Identity of the message, the same for every attempt; receivers de-duplicate by it.",
    )
    subject = models.TextField(blank=True, help_text="Empty when the notification is secret.")
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    throttled = models.PositiveIntegerField(
        default=0, help_text="How often the receiver asked for fewer requests."
    )
    provider_message_id = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True, help_text="What the last attempt that failed met.")
    parked_task_id = models.BigIntegerField(null=True, blank=True, editable=False)
    parked_for = models.CharField(
        max_length=8,
        blank=True,
        editable=False,
        help_text="What its task sleeps for: room in the endpoint's lane, or an earlier message.",
    )
    created_at = models.DateTimeField()
    rendered_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        # Every attempt changes the row twice, and each change writes to all indexes that hold the row: what
        # few rows need is indexed for those few, and nothing is indexed twice.
        constraints = (
            models.UniqueConstraint(fields=("message_id",), name="notifications_delivery_message"),
        )
        indexes = (
            models.Index(
                fields=("channel", "parked_for", "created_at"),
                condition=Q(state__in=DELIVERY_UNFINISHED),
                name="notifications_delivery_oldest",
            ),
            models.Index(
                fields=("channel", "state"),
                condition=Q(state__in=DELIVERY_UNSUCCESSFUL),
                name="notifications_delivery_state",
            ),
            models.Index(
                fields=("endpoint", "id"),
                condition=Q(endpoint__isnull=False),
                name="notifications_delivery_to",
            ),
            models.Index(address_hash("address"), name="notifications_delivery_address"),
            models.Index(
                fields=("endpoint", "id"),
                condition=Q(parked_for="lane", state__in=DELIVERY_UNFINISHED),
                name="notifications_delivery_parked",
            ),
            models.Index(
                fields=("provider_message_id",),
                condition=~Q(provider_message_id=""),
                name="notifications_delivery_ppid",
            ),
        )

    def __str__(self) -> str:
        return f"Delivery {self.pk}"
