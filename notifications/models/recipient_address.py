"""Where a recipient is reached on one channel."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class RecipientAddress(PlatformModel):
    """One address for each channel."""

    recipient = models.ForeignKey(
        "notifications.Recipient", on_delete=models.CASCADE, related_name="addresses"
    )
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=2048)
    address_hash = models.CharField(
        max_length=32, editable=False, help_text="Keyed hash of the normal form, to search by."
    )
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text="When the recipient was shown to own it; for callers."
    )

    class Meta:
        ordering = ("channel",)
        verbose_name_plural = "recipient addresses"
        constraints = (
            models.UniqueConstraint(
                fields=("recipient", "channel"), name="notifications_one_address_a_channel"
            ),
        )
        indexes = (models.Index(fields=("address_hash",), name="notifications_raddress_hash"),)

    def __str__(self) -> str:
        return f"{self.channel} address"
