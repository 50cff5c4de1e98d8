"""One message on its way to one address by one channel."""

from typing import ClassVar

from django.db import models
from django.db.models import Case, Q, When

from notifications.models.address_index import address_index, is_address
from notifications.states import (
    DELIVERY_FINAL,
    DELIVERY_UNFINISHED,
    DELIVERY_UNSUCCESSFUL,
    DeliveryState,
)
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class DeliveryQuerySet(PlatformQuerySet["Delivery"]):
    """Deliveries, asked for in the words of the app."""

    def unfinished(self) -> "DeliveryQuerySet":
        """Those that may still be sent."""
        return self.filter(finished_at=None)

    def to_address(self, address: str) -> "DeliveryQuerySet":
        """Those to an address, in capitals or not, found by its index."""
        return self.filter(is_address(address))


class Delivery(PlatformModel):
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
    unsuccessful_state = models.GeneratedField(
        expression=Case(When(state__in=DELIVERY_UNSUCCESSFUL, then="state")),
        output_field=models.CharField(max_length=16, null=True),
        db_persist=True,
    )

    objects: ClassVar = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        # Every attempt changes the row twice, and each change writes to all indexes that hold the row: what
        # few rows need is indexed for those few, and nothing is indexed twice. No index speaks of the state:
        # so the beginning of an attempt, which changes no column of any, writes to none of them.
        constraints = (
            models.CheckConstraint(
                condition=Q(finished_at=None, state__in=DELIVERY_UNFINISHED)
                | Q(finished_at__isnull=False, state__in=DELIVERY_FINAL),
                name="notifications_delivery_finished",
            ),
            models.UniqueConstraint(fields=("message_id",), name="notifications_delivery_message"),
        )
        indexes = (
            models.Index(
                fields=("channel", "parked_for", "created_at"),
                condition=Q(finished_at=None),
                name="notifications_delivery_oldest",
            ),
            models.Index(
                fields=("channel", "unsuccessful_state"),
                condition=Q(unsuccessful_state__isnull=False),
                name="notifications_delivery_state",
            ),
            models.Index(
                fields=("endpoint", "id"),
                condition=Q(endpoint__isnull=False),
                name="notifications_delivery_to",
            ),
            models.Index(address_index("address"), name="notifications_delivery_address"),
            models.Index(
                fields=("endpoint", "id"),
                condition=Q(parked_for="lane", finished_at=None),
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
