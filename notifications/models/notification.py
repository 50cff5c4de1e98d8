"""One logical message, as the caller asked for it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from notifications.models.address_index import address_index, is_address
from notifications.states import NOTIFICATION_UNFINISHED, NotificationState
from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet
from tasks_core.models.sealed_column import SealedColumn


class NotificationQuerySet(PlatformQuerySet["Notification"]):
    """Notifications, asked for in the words of the app."""

    def unfinished(self) -> "NotificationQuerySet":
        """Those that may still be sent."""
        return self.filter(state__in=NOTIFICATION_UNFINISHED)

    def to_address(self, address: str) -> "NotificationQuerySet":
        """Those to an address, in capitals or not, found by its index."""
        return self.filter(is_address(address))


class Notification(PlatformModel):
    """A message to one receiver. The template's version is pinned when it is accepted.

    Rows are changed by conditional updates only (``notifications.sending.pipeline``).
    """

    sealed_columns: ClassVar = (SealedColumn(name="secret_context"),)

    template_version = models.ForeignKey(
        "notifications.TemplateVersion",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    channel = models.CharField(max_length=20)
    address = models.CharField(
        max_length=2048, help_text="Where it goes, in the form of its channel."
    )
    endpoint = models.ForeignKey(
        "notifications.Endpoint",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="notifications",
        db_index=False,
    )
    recipient = models.ForeignKey(
        "notifications.Recipient",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="notifications",
        db_index=False,
    )
    context = models.JSONField(default=dict, help_text="Variables that may be seen by operators.")
    secret_context = models.TextField(
        blank=True, editable=False, help_text="Sealed variables; wiped when the message ended."
    )
    is_secret = models.BooleanField(
        default=False, help_text="It has secret variables, so no rendered text of it is stored."
    )
    broadcast = models.ForeignKey(
        "notifications.Broadcast",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="notifications",
        db_index=False,
    )
    category = models.CharField(max_length=64, blank=True)
    critical = models.BooleanField(default=False)
    condition = models.CharField(
        max_length=100, blank=True, help_text="Registered predicate that must hold when it is sent."
    )
    condition_args = models.JSONField(default=dict, blank=True)
    state = models.CharField(
        max_length=16, choices=NotificationState.choices, default=NotificationState.ACCEPTED
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why it ended that way.")
    run_after = models.DateTimeField()
    held_until = models.DateTimeField(
        null=True, blank=True, help_text="Quiet hours: when it is looked at again."
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    wiped = models.SmallIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="What was removed: 1 variables and texts, 2 requests and responses, 3 both.",
    )
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 see Meta
    content_digest = models.CharField(max_length=64, editable=False)
    supersede_key = models.CharField(max_length=200, blank=True)
    order_key = models.CharField(
        max_length=200,
        blank=True,
        help_text="Messages to one endpoint with the same key go out one after the other.",
    )
    correlation_id = models.CharField(max_length=128, blank=True)
    is_test = models.BooleanField(default=False, help_text="Sent to try a template out.")
    resend_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="resends",
        db_index=False,
        help_text="The notification whose code this one repeats.",
    )

    has_fallback = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Other channels follow if this one does not reach the receiver.",
    )

    objects: ClassVar = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            readable("notifications_notification", "run_after", "expires_at"),
            models.UniqueConstraint(
                fields=("idempotency_key",),
                condition=Q(idempotency_key__isnull=False),
                name="notifications_idempotency",
            ),
        )
        # The end of a notification writes to all indexes that hold its row: as few as can be.
        indexes = (
            models.Index(
                fields=("endpoint",),
                condition=Q(endpoint__isnull=False),
                name="notifications_by_endpoint",
            ),
            models.Index(
                fields=("resend_of",),
                condition=Q(resend_of__isnull=False),
                name="notifications_by_resend_of",
            ),
            models.Index(
                fields=("state",),
                condition=Q(state__in=NOTIFICATION_UNFINISHED),
                name="notifications_unfinished",
            ),
            models.Index(
                fields=("supersede_key",),
                condition=Q(state__in=NOTIFICATION_UNFINISHED) & ~Q(supersede_key=""),
                name="notifications_supersede",
            ),
            models.Index(
                fields=("endpoint", "order_key", "run_after", "id"),
                condition=Q(state__in=NOTIFICATION_UNFINISHED) & ~Q(order_key=""),
                name="notifications_order",
            ),
            models.Index(
                fields=("correlation_id",),
                condition=~Q(correlation_id=""),
                name="notifications_correlation",
            ),
            models.Index(
                fields=("broadcast", "state"),
                condition=Q(broadcast__isnull=False),
                name="notifications_by_broadcast",
            ),
            models.Index(
                fields=("category", "wiped", "finished_at"),
                condition=Q(finished_at__isnull=False),
                name="notifications_retention",
            ),
            models.Index(address_index("address"), name="notifications_address"),
            models.Index(fields=("category", "created_at"), name="notifications_by_category"),
            models.Index(
                fields=("recipient",),
                condition=Q(recipient__isnull=False),
                name="notifications_by_recipient",
            ),
        )
        permissions = (("erase_notification", "Can erase a recipient"),)

    def __str__(self) -> str:
        return f"Notification {self.pk}"
